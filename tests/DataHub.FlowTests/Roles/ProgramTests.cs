using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Roles;

/// <summary>The program itself, in a process of its own: what an operator sees of a refusal.</summary>
public sealed class ProgramTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("datahub-program-").FullName;

    [Fact]
    public async Task A_role_without_settings_says_what_to_set_and_exits_with_2()
    {
        var (code, text, errors) = await RunAsync([], "broker");

        code.ShouldBe(2);
        text.ShouldBeEmpty();
        errors.ShouldBe(
            "The role broker runs beside other processes, and the in-memory bus does not leave this one: messages would never arrive. Set DATAHUB_RABBITMQ_HOSTS, or start without a role to run everything here.\n"
            + "The role broker runs beside other processes, and several of them must not write one SQLite file. Set DATAHUB_POSTGRES, or start without a role to run everything here.\n");
    }

    [Fact]
    public async Task Servers_that_cannot_be_reached_are_named_without_a_stack_trace()
    {
        var (code, _, errors) = await RunAsync(new()
        {
            ["DATAHUB_POSTGRES"] = "Host=127.0.0.1;Port=1;Database=datahub;Username=datahub;Password=not-to-be-said",
        }, "console");

        code.ShouldBe(2);
        errors.ShouldBe("PostgreSQL cannot be reached; start it, or set DATAHUB_POSTGRES to where it is.\n");
    }

    private Task<(int Code, string Text, string Errors)> RunAsync(Dictionary<string, string> variables, string role) =>
        HostProgram.RunAsync(folder, variables, role, "--data", Path.Combine(folder, "data"), "--urls", "http://127.0.0.1:0");

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
