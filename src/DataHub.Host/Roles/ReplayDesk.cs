using DataHub.Core.Storage;

namespace DataHub.Host.Roles;

/// <summary>
/// Carries out what operators ask of the nodes that run here. A request is open until the commit that carries it out, which
/// is under the node's fence: one that this process takes and loses is there for whoever runs the node next.
/// </summary>
internal sealed class ReplayDesk(DataHubHost host, ILogger log)
{
    private const int AtOnce = 100;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>Until cancelled, looks for requests.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(LookEvery, host.Options.Time);
        try
        {
            do
            {
                try
                {
                    await LookAsync(cancel);
                }
                catch (Exception e) when (!cancel.IsCancellationRequested)
                {
                    // Whatever it is, nobody else in this process reads the table. That the database is away the nodes say themselves.
                    if (e is not StoreUnavailableException)
                        log.LogError("Requests of operators could not be read ({Fault}); it is tried again.", e.GetType().Name);
                }
            }
            while (await timer.WaitForNextTickAsync(cancel));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task LookAsync(CancellationToken cancel)
    {
        string[] nodes = [.. host.HubNodes.Keys, .. host.Adapters.Keys];
        if (nodes.Length == 0)
            return;
        foreach (var request in await host.Store.OpenReplaysAsync(nodes, AtOnce, cancel))
        {
            try
            {
                if (await CarryOutAsync(request, cancel).WaitAsync(cancel) is { } outcome)
                    log.LogInformation("Request {Request} to work {Node} {Number} again: {Outcome}.", request.Id, request.Node, request.Number, outcome);
            }
            catch (Exception e) when (!cancel.IsCancellationRequested)
            {
                // Database away, or the node has just been given up. One request must not hold the others up.
                log.LogWarning("Request {Request} to work {Node} {Number} again is still open ({Fault}); it is tried again.", request.Id, request.Node, request.Number, e.GetType().Name);
            }
        }
    }

    // The node may have gone since the look.
    private Task<ReplayOutcome?> CarryOutAsync(ReplayRequest request, CancellationToken cancel) =>
        host.HubNodes.TryGetValue(request.Node, out var hub) ? hub.ReplayAsync(request, cancel)
        : host.Adapters.TryGetValue(request.Node, out var adapter) ? adapter.ReplayAsync(request, cancel)
        : Task.FromResult<ReplayOutcome?>(null);
}
