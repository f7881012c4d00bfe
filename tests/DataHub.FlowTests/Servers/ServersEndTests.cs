using System.Diagnostics;
using DataHub.TestServers;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Servers;

public sealed class ServersEndTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData(nameof(RabbitServerTests.Confirmed_messages_survive_an_orderly_stop_and_a_kill), "beam.smp")]
    [InlineData(nameof(PostgresServerTests.It_is_as_durable_as_in_production_and_counts_statements_on_request), "postgres")]
    public async Task Servers_and_their_folders_go_when_the_test_run_is_killed(string test, string server)
    {
        // Not a folder for this user alone: the user PostgreSQL runs as must find its own in here.
        var folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()));
        var start = new ProcessStartInfo("setsid", [Environment.ProcessPath!, "--no-progress", "--filter-method", "*" + test])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            Environment = { ["TMPDIR"] = folder.FullName },
        };
        using var run = Process.Start(start)!;
        var output = run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        IReadOnlyList<int> processes = [];
        await UntilAsync(() =>
        {
            run.HasExited.ShouldBeFalse();
            processes = ProcessTree.Ids(run.Id);
            // initdb runs the server for a moment too, but only a server writes its log.
            return processes.Any(id => Processes.Name(id) == server)
                && folder.EnumerateFiles("server.log", SearchOption.AllDirectories).Any(static log => log.Length > 0);
        });

        // The whole process group, as a terminal or a build agent does.
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -s KILL -- -{run.Id}"]);
        await UntilAsync(() => Processes.Living(processes).Count == 0);
        await UntilAsync(() => folder.GetDirectories("datahub-*").Length == 0);
        await output;
        folder.Delete(recursive: true);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!condition())
            await Task.Delay(TimeSpan.FromMilliseconds(20), deadline.Token);
    }
}
