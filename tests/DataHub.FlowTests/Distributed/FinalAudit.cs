using DataHub.Contracts;
using DataHub.Core.Journal;
using Shouldly;

namespace DataHub.FlowTests.Distributed;

/// <summary>What must hold at the end of every run, whatever happened in it.</summary>
internal static class FinalAudit
{
    /// <summary>Waits for the end of all traffic, ends every process in order unless other tests need them, and looks at what is there.</summary>
    public static async Task HoldsAsync(Deployment deployment)
    {
        // Requested = reconciled + refused, each as it was expected.
        await deployment.Traffic.EndAsync();
        await Conservation.SettledAsync(deployment.Store, deployment.Registry, deployment.Shards, () => deployment.Traffic.Summaries.All(s => s.ActionsDue == 0));
        deployment.Tell("everything is settled");
        if (!deployment.Shared)
            await Task.WhenAll(deployment.Processes.Where(p => p.Running).Select(p => p.StopAsync()));

        deployment.Traffic.Summaries.Sum(s => s.DuplicateEffects).ShouldBe(0, "messages that had more than one effect");
        await Conservation.HoldsAsync(deployment.Store, deployment.Registry, deployment.Shards);
        foreach (var hub in deployment.Shards.Nodes)
        {
            (await deployment.Store.ParkedAsync(hub, default)).ShouldBeEmpty();
            var open = await deployment.Store.CountExchangesAsync(hub, default);
            open.Where(c => !c.Reconciled).ShouldBeEmpty("exchanges that nobody confirmed");
        }

        foreach (var city in deployment.Registry.Cities)
            (await deployment.Store.ParkedDeliveriesAsync(city.Code, default)).ShouldBeEmpty();
        // Months that two cities have insured are for clerks to settle; what the hub itself must find equal is equal.
        (await deployment.Store.BreaksAsync(null, openOnly: true, 1000, default)).Where(b => b.Code != ReasonCodes.BreakOverlappingMonths).ShouldBeEmpty();
        foreach (var check in await JournalVerifier.VerifyAsync(deployment.Store, deployment.Keys.Ring, default))
        {
            check.Faults.ShouldBeEmpty($"journal of {check.Node}");
            deployment.Tell($"{check.Node}: {check.Rows} rows, {check.Signatures} signatures, all hold");
        }

        deployment.Passed = true;
    }
}
