using DataHub.Contracts;
using DataHub.Core.Messaging;
using DataHub.Core.Registry;
using DataHub.Core.Signing;
using DataHub.Core.Storage;
using DataHub.Core.Validation;

namespace DataHub.Host.Roles;

/// <summary>What the roles of one process have in common.</summary>
internal sealed record HostParts
{
    public required DataHubOptions Options { get; init; }

    public required RegistrySnapshot Registry { get; init; }

    public required HubShards Shards { get; init; }

    public required INodeStore Store { get; init; }

    public required INodeLeases Leases { get; init; }

    public required KeyStore Keys { get; init; }

    public required IFrameBusControl Bus { get; init; }

    /// <summary>Where the nodes send to: the bus, or what a test put before it.</summary>
    public required IFrameBus Frames { get; init; }

    public required MaterialFiles Materials { get; init; }

    public required PayloadCheck Check { get; init; }

    public required ILoggerFactory Logs { get; init; }

    /// <summary>Holder of this process's leases. Two processes under one name must not take each other's for their own.</summary>
    public string Owner { get; } = Guid.NewGuid().ToString("N");

    public LeasePool Pool(string role, IReadOnlyList<string> nodes, Func<string, long, CancellationToken, Task<NodeRun>> open) =>
        new(Leases, role, $"{Options.Instance}/{Owner}", nodes, Options.LeaseTime, Options.Time, Logs.CreateLogger<LeasePool>(), open);
}
