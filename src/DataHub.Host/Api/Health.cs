using System.Collections.Concurrent;
using DataHub.Contracts;
using DataHub.Core.Storage;
using DataHub.Host.Roles;

namespace DataHub.Host.Api;

/// <summary>Whether the process lives, and whether it can work: the second asks the database, the bus, every node and every lease.</summary>
internal sealed class Health(DataHubHost host)
{
    private const string Ok = "ok";
    private static readonly TimeSpan ReadWithin = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, (string Found, DateTimeOffset Since)> seen = new(StringComparer.Ordinal);

    public static IResult Live() => Results.Json(new HealthAnswer("live", []));

    public async Task<IResult> ReadyAsync(CancellationToken cancel)
    {
        var checks = await ChecksAsync(cancel);
        var ready = checks.Values.All(v => v == Ok);
        return Results.Json(new HealthAnswer(ready ? "ready" : "not-ready", [.. checks.Select(c => Answer(c.Key, c.Value))]), statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    // Since when a part is as it is: nobody but those who ask here looks, so it is when they first saw it so.
    private HealthCheck Answer(string name, string found)
    {
        var now = host.Options.Time.GetUtcNow();
        var (state, since) = seen.AddOrUpdate(name, (found, now), (_, before) => before.Found == found ? before : (found, now));
        return new HealthCheck(name, state == Ok ? Ok : "failed", since, state == Ok ? null : state);
    }

    /// <summary>By part: <c>ok</c>, or a sentence that says what is wrong. A further check is a further entry.</summary>
    public async Task<SortedDictionary<string, string>> ChecksAsync(CancellationToken cancel)
    {
        var checks = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (host.Bus is { } bus)
            checks["bus"] = bus.Healthy ? Ok : host.Options.RabbitMq is null ? "the bus does not run" : "RabbitMQ cannot be reached, or a queue cannot be consumed";
        if (host.Store is not null)
            checks["database"] = await DatabaseAsync(cancel);
        // Embedded, one process has every node and nothing can be lost to another; but it may fail to start one again.
        foreach (var pool in host.Leases.Where(p => host.Options.Postgres is not null || p.Unstarted.Any()))
            checks["leases:" + pool.Role] = Leases(pool);
        foreach (var (node, hub) in host.HubNodes)
            checks[node == Nodes.Hub && host.Shards.Count == 1 ? "hub" : "hub:" + node] = Node(hub.Healthy);
        foreach (var (city, role) in host.AdapterRoles)
            checks["adapter:" + city] = role.Node is { } node ? Node(node.Healthy)
                : role.Pool.Elsewhere.Count > 0 ? "another process holds the city's lease; this one stands by"
                : "the city's node does not run here; it is started when the database and the bus can be used";
        return checks;
    }

    private string Leases(LeasePool pool) =>
        host.Options.Postgres is not null && !pool.Current ? "the leases could not be kept lately; other processes may take the nodes over"
        : pool.Unstarted.ToList() is { Count: > 0 } waiting ? $"not started yet: {string.Join(", ", waiting)}; the log says why"
        : Ok;

    private static string Node(bool healthy) => healthy ? Ok : "the journal cannot be written";

    private async Task<string> DatabaseAsync(CancellationToken cancel)
    {
        try
        {
            // The read runs on a thread of its own: one that hangs must not hang this answer.
            await Task.Run(async () => await host.Store.LinkAsync(Nodes.Hub, host.Registry.Cities[0].Code, cancel), cancel).WaitAsync(ReadWithin, cancel);
            return Ok;
        }
        catch (StoreUnavailableException)
        {
            return "the database cannot be read";
        }
        catch (TimeoutException)
        {
            return "the database does not answer";
        }
    }
}
