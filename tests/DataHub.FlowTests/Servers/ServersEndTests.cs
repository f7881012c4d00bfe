using System.Diagnostics;
using DataHub.TestServers;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Servers;

public sealed class ServersEndTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(nameof(RabbitServerTests.A_server_leaves_neither_processes_nor_files), "beam.smp")]
    [InlineData(nameof(PostgresServerTests.It_is_as_durable_as_in_production_and_counts_statements_on_request), "postgres")]
    public async Task Servers_end_when_the_test_run_is_killed(string test, string server)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["--no-progress", "--filter-method", "*" + test])
        {
            RedirectStandardOutput = true,
        };
        using var run = Process.Start(start)!;
        var output = run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        IReadOnlyList<int> processes = [];
        await UntilAsync(() =>
        {
            run.HasExited.ShouldBeFalse();
            processes = ProcessTree.Ids(run.Id);
            return processes.Any(id => Processes.Name(id) == server);
        });

        run.Kill();
        await UntilAsync(() => Processes.Living(processes).Count == 0);
        await output;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!condition())
            await Task.Delay(TimeSpan.FromMilliseconds(20), deadline.Token);
    }
}
