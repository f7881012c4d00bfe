using DataHub.Broker.Intake;
using DataHub.Core.Storage;

namespace DataHub.Broker.Reconciliation;

/// <summary>Opens a named break for every outcome that one side has not confirmed in time. A later equal report heals it.</summary>
internal sealed class LateSweep(INodeStore store, TimeSpan within)
{
    private const int AtOnce = 500;

    public async Task ApplyAsync(HubStep step, CancellationToken cancel)
    {
        foreach (var row in await store.UnreconciledAsync(step.Node, step.Now - within, AtOnce, cancel))
            step.Commit.Breaks.AddRange(Reconciler.Overdue(row, step.Now).Select(b => new BreakChange.Opened(b)));
    }
}
