using DataHub.TestServers;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Servers;

public sealed class GuardedProcessTests
{
    [Fact]
    public async Task A_child_has_the_settings_that_it_is_given_and_none_of_the_shell_that_runs_the_tests()
    {
        // No process of other tests heeds these.
        Environment.SetEnvironmentVariable("DATAHUB_TEST_OF_THE_SHELL", "inherited");
        Environment.SetEnvironmentVariable("OTEL_OF_THE_SHELL", "inherited");
        var folder = Directory.CreateTempSubdirectory("datahub-guarded-").FullName;
        var output = Path.Combine(folder, "output");
        await using (var process = await GuardedProcess.StartAsync("KILL", folder, output, ["env"], new Dictionary<string, string>(StringComparer.Ordinal) { ["DATAHUB_GIVEN"] = "given" }))
            await process.WaitForExitAsync(TimeSpan.FromMinutes(1));

        (await File.ReadAllLinesAsync(output, TestContext.Current.CancellationToken))
            .Where(l => l.StartsWith("DATAHUB_", StringComparison.Ordinal) || l.StartsWith("OTEL_", StringComparison.Ordinal)).ShouldBe(["DATAHUB_GIVEN=given"]);
        Directory.Delete(folder, recursive: true);
    }
}
