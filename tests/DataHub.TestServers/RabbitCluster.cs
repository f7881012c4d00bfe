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
        var shared = await ErlangGround.CreateAsync();
        var credentials = RabbitCredentials.New();
        var nodes = Enumerable.Range(0, 3)
            .Select(_ => new RabbitServer(shared, ownsGround: false, RabbitServer.NewNodeName(), credentials))
            .ToList();
        var cluster = new RabbitCluster(shared, nodes);
        // The first node waits for nobody; the others know it alone, and wait for it as long as this start waits for them.
        IEnumerable<string> following =
        [
            "cluster_formation.peer_discovery_backend = classic_config",
            // The first finds nobody, and need not look for long.
            "cluster_formation.discovery_retry_limit = 1",
            $"cluster_formation.classic_config.nodes.1 = {nodes[0].NodeName}",
            "cluster_formation.discovery_retry_interval = 250",
            "cluster_formation.discovery_retry_limit = 400",
        ];
        try
        {
            await nodes[0].PrepareAsync(options);
            foreach (var node in nodes.Skip(1))
                await node.PrepareAsync(options with { Configuration = [.. options.Configuration, .. following] });
            // One after the other: nodes that make their tables at the same time may find each other's of an older form and give up.
            foreach (var node in nodes)
                await node.StartAgainAsync();
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
