namespace DataHub.TestServers;

/// <summary>Three RabbitMQ nodes on loopback that form one cluster: quorum queues keep working while any one of them is down.</summary>
public sealed class RabbitCluster : IAsyncDisposable
{
    private readonly ErlangGround ground;

    private RabbitCluster(ErlangGround ground, IReadOnlyList<RabbitServer> nodes)
    {
        this.ground = ground;
        Nodes = nodes;
    }

    public IReadOnlyList<RabbitServer> Nodes { get; }

    /// <summary>One per node, with the same user and the same virtual hosts.</summary>
    public IReadOnlyList<string> ConnectionStrings => [.. Nodes.Select(static node => node.ConnectionString)];

    /// <summary>Comes back when all three nodes serve clients as one cluster.</summary>
    public static async Task<RabbitCluster> StartAsync(RabbitOptions? options = null)
    {
        options ??= new RabbitOptions();
        var ground = await ErlangGround.CreateAsync();
        var credentials = RabbitCredentials.New();
        var nodes = Enumerable.Range(0, 3)
            .Select(_ => new RabbitServer(ground, ownsGround: false, RabbitServer.NewNodeName(), credentials))
            .ToList();
        var cluster = new RabbitCluster(ground, nodes);
        IEnumerable<string> members =
        [
            "cluster_formation.peer_discovery_backend = classic_config",
            .. nodes.Select(static (node, i) => $"cluster_formation.classic_config.nodes.{i + 1} = {node.NodeName}"),
        ];
        try
        {
            foreach (var node in nodes)
                await node.PrepareAsync(options with { Configuration = [.. options.Configuration, .. members] });
            await Task.WhenAll(nodes.Select(static node => node.StartAgainAsync()));
            await cluster.WaitForAllAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills a node as a crash would.</summary>
    public Task KillNodeAsync(int node) => Nodes[node].KillAsync();

    /// <summary>Starts a killed node, which joins its cluster again. Needs the others to be up.</summary>
    public async Task StartNodeAgainAsync(int node)
    {
        await Nodes[node].StartAgainAsync();
        await WaitForAllAsync();
    }

    /// <summary>Adds an empty virtual host and gives its connection string at each node.</summary>
    public async Task<IReadOnlyList<string>> CreateVirtualHostAsync()
    {
        var name = (await Nodes.First(static node => node.IsRunning).CreateVirtualHostAsync()).Split('/')[^1];
        return [.. ConnectionStrings.Select(each => each + name)];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
            await node.DisposeAsync();
        await ground.DisposeAsync();
    }

    private Task<string> WaitForAllAsync() => Nodes[0].ControlAsync("await_online_nodes", Nodes.Count.ToString(), "--timeout", "60");
}
