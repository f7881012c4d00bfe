using DataHub.TestServers;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Roles;

/// <summary>The program itself, in a process of its own: what an operator sees of a refusal, and of a stop.</summary>
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

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_demo_that_is_stopped_says_so_without_a_stack_trace_and_exits_with_3(int after)
    {
        var (code, errors) = await StoppedAsync(after, "demo", "--cases", "2000");

        code.ShouldBe(3);
        errors.ShouldEndWith("Stopped before it was done.\n");
        errors.ShouldNotContain("   at ");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_hub_that_is_stopped_ends_well_also_while_it_is_starting(int after)
    {
        var (code, errors) = await StoppedAsync(after, "--urls", "http://127.0.0.1:0");

        code.ShouldBe(0);
        errors.ShouldNotContain("   at ");
    }

    /// <summary>Tells the program to stop at one of two moments: 0, its database has just been made; 1, its cases run.</summary>
    private async Task<(int Code, string Errors)> StoppedAsync(int after, params string[] arguments)
    {
        var data = Path.Combine(folder, "data");
        var (errors, output) = (Path.Combine(folder, "errors"), Path.Combine(folder, "output"));
        await using var program = await GuardedProcess.StartAsync(
            "KILL", folder, output,
            ["/bin/sh", "-c", "exec dotnet \"$@\" 2>\"$0\"", errors, Path.Combine(AppContext.BaseDirectory, "DataHub.Host.dll"), .. arguments, "--data", data],
            new Dictionary<string, string>(StringComparer.Ordinal));
        var moment = Path.Combine(data, after == 0 ? "datahub.lock" : "demo-plan.json");
        await HostFixture.UntilAsync(() => File.Exists(moment), $"{moment} is there");
        await program.EndAsync("TERM", TimeSpan.FromMinutes(2));
        return (program.ExitCode!.Value, await File.ReadAllTextAsync(errors, TestContext.Current.CancellationToken));
    }

    private Task<(int Code, string Text, string Errors)> RunAsync(Dictionary<string, string> variables, string role) =>
        HostProgram.RunAsync(folder, variables, role, "--data", Path.Combine(folder, "data"), "--urls", "http://127.0.0.1:0");

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
