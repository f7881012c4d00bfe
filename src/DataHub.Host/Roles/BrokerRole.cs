using System.Collections.Concurrent;
using DataHub.Broker;
using DataHub.Broker.Intake;
using DataHub.Broker.Materials;
using DataHub.Contracts;
using DataHub.Core.Messaging;

namespace DataHub.Host.Roles;

/// <summary>The broker: runs this process's share of the hub's shards.</summary>
internal sealed class BrokerRole
{
    public const string Name = "broker";

    private readonly HostParts parts;
    private readonly PatientKeys patients;
    private readonly ConcurrentDictionary<string, HubNode> nodes = new(StringComparer.Ordinal);

    public BrokerRole(HostParts parts, PatientKeys patients)
    {
        this.parts = parts;
        this.patients = patients;
        Pool = parts.Pool(Name, parts.Shards.Nodes, OpenAsync);
    }

    public LeasePool Pool { get; }

    /// <summary>The shards that run here, by node code.</summary>
    public IReadOnlyDictionary<string, HubNode> Nodes => nodes;

    private async Task<NodeRun> OpenAsync(string code, long fence, CancellationToken cancel)
    {
        var shard = HubShards.IndexOf(code);
        var node = new HubNode(parts.Shards, shard, fence, parts.Registry, parts.Store, parts.Frames, parts.Keys, patients, parts.Check, parts.Options.Hub,
            parts.Options.Time, parts.Logs.CreateLogger<HubNode>(), Sweep());
        await node.LoadAsync(cancel);
        nodes[code] = node;
        var queues = parts.Registry.Cities.Select(c => new FrameEndpoint(QueueNames.Intake(c.Code, shard), (frame, token) => node.TakeFrameAsync(c.Code, frame, token)));
        return await NodeRun.StartAsync(token => RunAsync(node, token), queues, parts.Bus);
    }

    private MaterialSweep Sweep() =>
        new(parts.Materials.Store, parts.Materials.Bytes, parts.Options.Materials, parts.Options.Time, parts.Logs.CreateLogger<MaterialSweep>());

    private async Task RunAsync(HubNode node, CancellationToken cancel)
    {
        try
        {
            await node.RunAsync(cancel);
        }
        finally
        {
            nodes.TryRemove(new KeyValuePair<string, HubNode>(node.Node, node));
        }
    }
}
