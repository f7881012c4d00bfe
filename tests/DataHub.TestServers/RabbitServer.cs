using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using RabbitMQ.Client;

namespace DataHub.TestServers;

/// <summary>Settings of a RabbitMQ server. The defaults serve tests; a bench may want more memory.</summary>
public sealed record RabbitOptions
{
    /// <summary>Above this the server stops taking messages.</summary>
    public string MemoryLimit { get; init; } = "1GB";

    /// <summary>The server's certificate: it then listens with TLS only.</summary>
    public TestCertificate? Tls { get; init; }

    /// <summary>With TLS: lets nobody in who has no certificate of the same authority.</summary>
    public bool AsksForCertificate { get; init; }

    /// <summary>Further lines of rabbitmq.conf.</summary>
    public IReadOnlyList<string> Configuration { get; init; } = [];
}

/// <summary>
/// A RabbitMQ server of its own, on loopback with free ports and a temporary Folder, without plug-ins. It ends with this process however
/// this process ends.
/// </summary>
public sealed class RabbitServer : IAsyncDisposable
{
    private const string Scripts = "/usr/lib/rabbitmq/bin";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly ErlangGround ground;
    private readonly bool ownsGround;
    private readonly RabbitCredentials credentials;
    private readonly int port = LoopbackPorts.Next();
    private readonly int distributionPort = LoopbackPorts.Next();
    private readonly SemaphoreSlim making = new(1, 1);
    private readonly Queue<string> unused = new();
    private int virtualHosts;
    private TestCertificate? tls;
    private GuardedProcess? process;

    internal RabbitServer(ErlangGround ground, bool ownsGround, string nodeName, RabbitCredentials credentials)
    {
        this.ground = ground;
        this.ownsGround = ownsGround;
        this.credentials = credentials;
        NodeName = nodeName;
        Folder = Path.Combine(ground.Folder, nodeName);
    }

    /// <summary>True where Debian's package rabbitmq-server is installed.</summary>
    public static bool IsInstalled => File.Exists(Path.Combine(Scripts, "rabbitmq-server"));

    public string NodeName { get; }

    /// <summary>Configuration, data and logs (log/server.log). Goes with the server.</summary>
    public string Folder { get; }

    public Uri Uri => new(ConnectionString);

    /// <summary>The default virtual host.</summary>
    public string ConnectionString => $"{(tls is null ? "amqp" : "amqps")}://{credentials.User}:{credentials.Password}@127.0.0.1:{port}/";

    public bool IsRunning => process is { HasExited: false };

    /// <summary>The Erlang machine and its helpers; empty while the server is down.</summary>
    public IReadOnlyList<int> ProcessIds => process is { } running ? ProcessTree.Ids(running.Id) : [];

    /// <summary>Processor time since the server was last started.</summary>
    public TimeSpan ProcessorTime => process is { } running ? ProcessTree.ProcessorTime(running.Id) : TimeSpan.Zero;

    /// <summary>Bytes of queues, logs of the consensus and tables. Not of the text log.</summary>
    public long BytesOnDisk => ProcessTree.BytesOnDisk(Path.Combine(Folder, "data"));

    public static string NewNodeName() => $"datahub-{Guid.NewGuid().ToString("N")[..8]}@localhost";

    /// <summary>Comes back when a client can log in.</summary>
    public static async Task<RabbitServer> StartAsync(RabbitOptions? options = null)
    {
        var server = new RabbitServer(await ErlangGround.CreateAsync(), ownsGround: true, NewNodeName(), RabbitCredentials.New());
        try
        {
            await server.PrepareAsync(options ?? new RabbitOptions());
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the stopped or killed server with the data and the port it had.</summary>
    public async Task StartAgainAsync()
    {
        if (IsRunning)
            throw new InvalidOperationException("The server runs already.");
        for (var attempt = 1; ; attempt++)
        {
            if (process is not null)
                await process.DisposeAsync();
            var output = Path.Combine(Folder, "output.log");
            process = await GuardedProcess.StartAsync("KILL", Folder, output, [Path.Combine(Scripts, "rabbitmq-server")], Environment);
            try
            {
                var log = Path.Combine(Folder, "log", "server.log");
                await Waiting.UntilAsync("RabbitMQ", process, File.Exists(log) ? log : output, Patience, ConnectAsync);
                return;
            }
            catch (InvalidOperationException) when (!IsRunning && attempt < 3)
            {
                // Its distribution port may be some short-lived program's just then, which chose it among those that were free.
                await Task.Delay(TimeSpan.FromSeconds(1));
            }
        }
    }

    /// <summary>The certificate that the server has at its next start.</summary>
    /// <param name="certificate">Of any authority; the server then trusts that one.</param>
    /// <param name="client">With what the server is asked whether it runs, where its own certificate does not serve for that.</param>
    public void UseCertificate(TestCertificate certificate, TestCertificate? client = null)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        tls = client ?? certificate;
        certificate.Write(TlsFolder);
    }

    /// <summary>Stops as an operator would.</summary>
    public Task StopAsync() => process?.EndAsync("TERM", Patience) ?? Task.CompletedTask;

    /// <summary>Kills the server as a crash would (signal 9).</summary>
    public Task KillAsync() => process?.EndAsync("KILL", Patience) ?? Task.CompletedTask;

    /// <summary>Runs rabbitmqctl on this node and gives what it prints.</summary>
    public Task<string> ControlAsync(params IEnumerable<string> arguments)
    {
        var environment = Environment;
        var distribution = LoopbackPorts.Next().ToString();
        environment["RABBITMQ_CTL_DIST_PORT_MIN"] = environment["RABBITMQ_CTL_DIST_PORT_MAX"] = distribution;
        return Commands.RunAsync([Path.Combine(Scripts, "rabbitmqctl"), "--quiet", .. arguments], environment);
    }

    /// <summary>Gives the connection string of an empty virtual host that nobody else was given.</summary>
    public async Task<string> CreateVirtualHostAsync()
    {
        await making.WaitAsync();
        try
        {
            // As many again as there are: each call of rabbitmqctl takes a second of processor time, whatever it does.
            if (unused.Count == 0)
                await AddVirtualHostsAsync(Math.Clamp(virtualHosts, 1, 8));
            return ConnectionString + unused.Dequeue();
        }
        finally
        {
            making.Release();
        }
    }

    private async Task AddVirtualHostsAsync(int count)
    {
        var names = Enumerable.Range(0, count).Select(_ => "test-" + Guid.NewGuid().ToString("N")[..12]).ToList();
        var definitions = Path.Combine(Folder, names[0] + ".json");
        await File.WriteAllTextAsync(definitions, JsonSerializer.Serialize(new
        {
            vhosts = names.Select(name => new { name }),
            permissions = names.Select(name => new { user = credentials.User, vhost = name, configure = ".*", write = ".*", read = ".*" }),
        }));
        await ControlAsync("import_definitions", definitions);
        names.ForEach(unused.Enqueue);
        virtualHosts += count;
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
            await process.DisposeAsync();
        if (ownsGround)
            await ground.DisposeAsync();
        making.Dispose();
    }

    internal async Task PrepareAsync(RabbitOptions options)
    {
        Directory.CreateDirectory(Path.Combine(Folder, "conf.d"));
        await File.WriteAllTextAsync(Path.Combine(Folder, "env.conf"), "");
        await File.WriteAllTextAsync(Path.Combine(Folder, "enabled_plugins"), "[].\n");
        await File.WriteAllLinesAsync(Path.Combine(Folder, "rabbitmq.conf"),
        [
            .. Listeners(options),
            $"default_user = {credentials.User}",
            $"default_pass = {credentials.Password}",
            $"vm_memory_high_watermark.absolute = {options.MemoryLimit}",
            "disk_free_limit.absolute = 64MB",
            "log.file = server.log",
            .. options.Configuration,
        ]);
    }

    private string TlsFolder => Path.Combine(Folder, "tls");

    private IEnumerable<string> Listeners(RabbitOptions options)
    {
        if (options.Tls is not { } certificate)
            return [$"listeners.tcp.1 = 127.0.0.1:{port}"];
        tls = certificate;
        var files = certificate.Write(TlsFolder);
        return
        [
            "listeners.tcp = none",
            $"listeners.ssl.1 = 127.0.0.1:{port}",
            $"ssl_options.cacertfile = {files.Authority}",
            $"ssl_options.certfile = {files.Certificate}",
            $"ssl_options.keyfile = {files.Key}",
            $"ssl_options.verify = verify_{(options.AsksForCertificate ? "peer" : "none")}",
            $"ssl_options.fail_if_no_peer_cert = {(options.AsksForCertificate ? "true" : "false")}",
        ];
    }

    // Every path is set, so that nothing of an installed server's own configuration is read.
    private Dictionary<string, string> Environment => new(ground.Environment, StringComparer.Ordinal)
    {
        ["RABBITMQ_NODENAME"] = NodeName,
        ["RABBITMQ_DIST_PORT"] = distributionPort.ToString(),
        ["RABBITMQ_CONF_ENV_FILE"] = Path.Combine(Folder, "env.conf"),
        ["RABBITMQ_CONFIG_FILE"] = Path.Combine(Folder, "rabbitmq.conf"),
        ["RABBITMQ_CONFIG_FILES"] = Path.Combine(Folder, "conf.d"),
        ["RABBITMQ_ADVANCED_CONFIG_FILE"] = Path.Combine(Folder, "advanced.config"),
        ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(Folder, "enabled_plugins"),
        ["RABBITMQ_MNESIA_BASE"] = Path.Combine(Folder, "data"),
        ["RABBITMQ_LOG_BASE"] = Path.Combine(Folder, "log"),
        // Its schedulers would spin for more work on processors that others wait for.
        ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
        ["RABBITMQ_CTL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1}",
        // The start script then becomes the Erlang machine, instead of standing before it and passing signals on.
        ["RUNNING_UNDER_SYSTEMD"] = "true",
    };

    private async Task ConnectAsync()
    {
        var factory = new ConnectionFactory { Uri = Uri, AutomaticRecoveryEnabled = false };
        if (tls is not null)
        {
            // Whether it answers is asked here, not whom it is trusted by: the server has just been started.
            factory.Ssl.AcceptablePolicyErrors = SslPolicyErrors.RemoteCertificateNameMismatch | SslPolicyErrors.RemoteCertificateChainErrors;
            factory.Ssl.Certs = [X509Certificate2.CreateFromPem(tls.Certificate, tls.Key)];
        }

        await using var connection = await factory.CreateConnectionAsync();
    }
}

internal sealed record RabbitCredentials(string User, string Password)
{
    public static RabbitCredentials New() => new("datahub", RandomNumberGenerator.GetHexString(24));
}
