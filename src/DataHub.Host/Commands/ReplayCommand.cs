using System.Globalization;
using DataHub.Contracts;
using DataHub.Core.Errors;
using DataHub.Core.Messaging.RabbitMq;
using DataHub.Core.Registry;
using DataHub.Core.Signing;
using DataHub.Core.Storage;
using DataHub.Host.Roles;

namespace DataHub.Host.Commands;

/// <summary>
/// Has something parked worked again: asks the process that runs the node, and waits for what becomes of it. Where nobody runs the node
/// this process does, as long as the request takes.
/// </summary>
internal sealed class ReplayCommand(Start start, ReplayRequest request, TimeSpan within) : IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    private readonly DataHubOptions options = DataFolder.Options(start.Data);
    private HostRole role = null!;
    private DataHubHost? here;
    private bool triedHere;
    private bool folderInUse;
    private string? whyNotHere;

    public static async Task<int> RunAsync(Start start, ReplayRequest request, TimeSpan within, CancellationToken cancel)
    {
        await using var store = await DataFolder.OpenAsync(start.Data, cancel);
        await using var command = new ReplayCommand(start, request, within);
        return await command.RunAsync(store, cancel);
    }

    public async ValueTask DisposeAsync()
    {
        if (here is not null)
            await here.DisposeAsync();
    }

    private async Task<int> RunAsync(INodeStore store, CancellationToken cancel)
    {
        // A node without a journal has nothing parked, and nobody may ever run it.
        if (!(await store.NodesAsync(cancel)).Contains(request.Node))
            return Tell(ReplayOutcome.NothingParked);
        role = RoleOf(request.Node);
        var asked = await store.AskReplayAsync(request, cancel);
        if ((asked.Node, asked.Number, asked.Position) != (request.Node, request.Number, request.Position))
            throw new HostRefusedException($"The request {request.Id} is one for {asked.Node} {asked.Number} --position {asked.Position}; leave out --request to make another.");
        Console.WriteLine($"Request {asked.Id}.");

        var time = TimeProvider.System;
        var begin = time.GetTimestamp();
        using var timer = new PeriodicTimer(LookEvery, time);
        do
        {
            if ((await store.ReplayRequestAsync(request.Id, cancel))?.Outcome is { } outcome)
                return Tell(outcome);
            if (!triedHere && await RunnersAsync(store, cancel) is { Count: 0 })
            {
                await TryHereAsync(cancel);
                // Starting takes as long as it takes: the wait is for the node, which runs only now.
                if (here is not null)
                    begin = time.GetTimestamp();
            }
        }
        while (time.GetElapsedTime(begin) < within && await timer.WaitForNextTickAsync(cancel));

        await TellLateAsync(await RunnersAsync(store, cancel));
        return ExitCodes.TryAgain;
    }

    /// <summary>Processes that run the node or could take it; none where there is no telling but by trying (embedded).</summary>
    private async Task<IReadOnlyCollection<string>> RunnersAsync(INodeStore store, CancellationToken cancel)
    {
        if (store is not INodeLeases leases)
            return [];
        var view = await leases.LeasesAsync(role.Kind == RoleKind.Broker ? BrokerRole.Name : AdapterRole.RoleOf(role.City!), cancel);
        return view.Holders.TryGetValue(request.Node, out var holder) ? [holder] : view.Members;
    }

    // Once: whoever is about to start the hub must not find it taken by this process again and again.
    private async Task TryHereAsync(CancellationToken cancel)
    {
        triedHere = true;
        try
        {
            // Beside others only the node's own role: simulated cities must not answer for real ones.
            var roles = options.Postgres is null ? HostRoles.Everything : HostRoles.Of(role);
            here = await DataHubHost.StartAsync(start.ToOptions(roles) with { Url = "http://127.0.0.1:0" }, cancel);
        }
        catch (FolderInUseException)
        {
            // By the hub that runs on it, which carries the request out.
            folderInUse = true;
        }
        catch (Exception e) when (e is HostRefusedException or SeedException or StoreUnavailableException or KeyStoreException or BusRefusedException)
        {
            whyNotHere = e.Message;
        }
    }

    /// <summary>Role that runs a node.</summary>
    /// <exception cref="HostRefusedException">The node is a city's that the catalogue does not have.</exception>
    private HostRole RoleOf(string node)
    {
        if (HubShards.IsHub(node))
            return new HostRole(RoleKind.Broker);
        var city = RegistrySnapshot.Load(options.Seeds).Cities.FirstOrDefault(c => c.Code == node);
        return new HostRole(RoleKind.Adapter, (city ?? throw new HostRefusedException($"There is no city {node} in the catalogue; set DATAHUB_SEEDS to the hub's.")).Key);
    }

    private int Tell(ReplayOutcome outcome)
    {
        Console.WriteLine(outcome switch
        {
            ReplayOutcome.Worked => "Worked again.",
            ReplayOutcome.Refused => "Worked again and refused; its sender is told.",
            ReplayOutcome.ParkedAgain => "Worked again and parked again; 'parked' lists it under its new number.",
            ReplayOutcome.NothingParked => $"Nothing is parked under {request.Node} {request.Number}.",
            _ => $"{Sentence(ReasonCodes.InternalFault)} It is parked as before; the log of the process that runs {request.Node} says more.",
        });
        return outcome == ReplayOutcome.Worked ? ExitCodes.Done : ExitCodes.Negative;
    }

    private async Task TellLateAsync(IReadOnlyCollection<string> runners)
    {
        var why = here is not null ? $"This process runs {request.Node} and has not done it yet."
            : runners.Count > 0 ? $"{string.Join(", ", runners)} should run {request.Node}: see its log and /health/ready."
            : folderInUse ? "The hub that uses the folder has not answered: see its log and /health/ready."
            : $"Nobody runs {request.Node}: start its role (broker for the hub's shards, adapter CITY for a city), or run this command with that role's settings. {whyNotHere}".TrimEnd();
        await Console.Error.WriteLineAsync($"{Sentence(ReasonCodes.NotCarriedOut)} {why}");
        await Console.Error.WriteLineAsync($"The request stays and is carried out when {request.Node} runs. The same command with --request {request.Id} waits for it again.");
    }

    private static string Sentence(string code) => $"{code} {Reasons.Sentence(code, "$", CultureInfo.GetCultureInfo("en"))}";
}
