using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace DataHub.TestServers;

/// <summary>What the nodes of one cluster share: a folder with the Erlang cookie, and a port mapper (epmd) that nobody else uses.</summary>
internal sealed class ErlangGround : IAsyncDisposable
{
    private readonly DirectoryInfo folder;
    private readonly int port;
    private readonly GuardedProcess mapper;

    private ErlangGround(DirectoryInfo folder, int port, GuardedProcess mapper)
    {
        this.folder = folder;
        this.port = port;
        this.mapper = mapper;
    }

    public string Folder => folder.FullName;

    /// <summary>What every Erlang program of the cluster needs in its environment. Erlang's own protocol stays on loopback.</summary>
    public Dictionary<string, string> Environment => new(StringComparer.Ordinal)
    {
        ["HOME"] = Folder,
        ["LANG"] = "C.UTF-8",
        ["ERL_EPMD_PORT"] = port.ToString(),
        ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
    };

    public static async Task<ErlangGround> CreateAsync()
    {
        // Before anything else: without the package there is no epmd either.
        if (!RabbitServer.IsInstalled)
            throw new InvalidOperationException("No RabbitMQ server is installed: install Debian's package rabbitmq-server (./test.sh does).");

        // Everything below this folder is for this user alone.
        var home = Directory.CreateTempSubdirectory("datahub-rabbitmq-");
        var cookie = Path.Combine(home.FullName, ".erlang.cookie");
        await File.WriteAllTextAsync(cookie, RandomNumberGenerator.GetHexString(20));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(cookie, UnixFileMode.UserRead);

        var free = LoopbackPorts.Next();
        var log = Path.Combine(home.FullName, "epmd.log");
        var started = await GuardedProcess.StartAsync(
            "KILL", home.FullName, log, ["epmd", "-port", free.ToString(), "-address", "127.0.0.1"], new Dictionary<string, string>(StringComparer.Ordinal));
        // A node that finds no port mapper starts one that would outlive it.
        await Waiting.UntilAsync("epmd", started, log, TimeSpan.FromSeconds(30), async () =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, free);
        });
        return new ErlangGround(home, free, started);
    }

    public async ValueTask DisposeAsync()
    {
        await mapper.DisposeAsync();
        folder.Delete(recursive: true);
    }
}
