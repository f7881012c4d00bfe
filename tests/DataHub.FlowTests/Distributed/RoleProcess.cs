using System.Net;
using DataHub.TestServers;
using Shouldly;

namespace DataHub.FlowTests.Distributed;

/// <summary>One role of a deployment as a child process that can be killed, stopped, paused and started again.</summary>
internal sealed class RoleProcess(string name, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> settings, string folder, Action<string> tell) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(60) };

    private GuardedProcess? process;
    private int starts;

    public string Name => name;

    /// <summary>Holder of leases: another one at each start, as in production.</summary>
    public string Instance => $"{name}-{starts}";

    public Uri Url { get; } = new($"http://127.0.0.1:{LoopbackPorts.Next()}");

    public bool Running => process is { HasExited: false };

    private string LogFile => Path.Combine(folder, name + ".log");

    /// <summary>What the process wrote since its first start.</summary>
    public string Log => File.Exists(LogFile) ? File.ReadAllText(LogFile) : "";

    /// <summary>A second process of the same role.</summary>
    public RoleProcess Another(string itsName) => new(itsName, arguments, settings, folder, tell);

    /// <param name="fault">Where it is to end by itself: see <see cref="Core.FaultPoints"/>.</param>
    public async Task StartAsync(string? fault = null)
    {
        Running.ShouldBeFalse($"{name} runs already");
        if (process is not null)
            await process.DisposeAsync();
        starts++;
        var environment = new Dictionary<string, string>(settings, StringComparer.Ordinal)
        {
            ["DATAHUB_DATA"] = Path.Combine(folder, name),
            ["DATAHUB_URLS"] = Url.ToString().TrimEnd('/'),
            ["DATAHUB_INSTANCE"] = Instance,
            [Core.FaultPoints.Variable] = fault ?? "",
            ["DATAHUB_LOG_FORMAT"] = "json",
            ["DATAHUB_LOG_LEVEL"] = "Information",
            // A dozen processes share the machine: small heaps, and no profiling of code that runs for seconds.
            ["DOTNET_gcServer"] = "0",
            ["DOTNET_TieredPGO"] = "0",
        };
        tell($"{name} starts{(fault is null ? "" : ", to end at " + fault)}");
        process = await GuardedProcess.StartAsync("KILL", folder, LogFile, ["dotnet", Path.Combine(AppContext.BaseDirectory, "DataHub.Host.dll"), .. arguments], environment);
    }

    /// <summary>Waits until it can work.</summary>
    public Task ReadyAsync() => HostFixture.UntilAsync(async () =>
    {
        Running.ShouldBeTrue($"{name} has ended: {Log}");
        try
        {
            using var answer = await Http.GetAsync(new Uri(Url, "/health/ready"));
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }, $"{name} is ready", Patience);

    public async Task KillAsync()
    {
        tell($"{name} is killed");
        await process!.EndAsync("KILL", Patience);
        process.ExitCode.ShouldBe(137, $"{name} had ended before: {Log}");
    }

    /// <summary>Waits until it has ended at the point where it was to end.</summary>
    public async Task DiedAsync()
    {
        await process!.WaitForExitAsync(Patience);
        process.ExitCode.ShouldBe(137, Log);
        tell($"{name} has ended by itself");
    }

    /// <summary>Ends it in order, as an operator does.</summary>
    public async Task StopAsync()
    {
        await process!.EndAsync("TERM", Patience);
        process.ExitCode.ShouldBe(0, Log);
    }

    /// <summary>Takes the processor away from it; it notices nothing. Comes back when it stands still.</summary>
    public async Task PauseAsync()
    {
        await process!.SignalAsync("STOP");
        await HostFixture.UntilAsync(() => process.HasExited || ProcessTree.IsStopped(process.Id), $"{name} stands still");
        tell($"{name} is paused");
    }

    public Task ContinueAsync()
    {
        tell($"{name} goes on");
        return process!.SignalAsync("CONT");
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
            await process.DisposeAsync();
    }
}
