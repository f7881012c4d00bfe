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
        // Everything below this folder is for this user alone.
        var folder = Directory.CreateTempSubdirectory("datahub-rabbitmq-");
        var cookie = Path.Combine(folder.FullName, ".erlang.cookie");
        await File.WriteAllTextAsync(cookie, RandomNumberGenerator.GetHexString(20));
        File.SetUnixFileMode(cookie, UnixFileMode.UserRead);

        var port = LoopbackPorts.Next();
        var log = Path.Combine(folder.FullName, "epmd.log");
        var mapper = await GuardedProcess.StartAsync(
            "KILL", folder.FullName, log, ["epmd", "-port", port.ToString(), "-address", "127.0.0.1"], new Dictionary<string, string>(StringComparer.Ordinal));
        // A node that finds no port mapper starts one that would outlive it.
        await Waiting.UntilAsync("epmd", mapper, log, TimeSpan.FromSeconds(10), async () =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, port);
        });
        return new ErlangGround(folder, port, mapper);
    }

    public async ValueTask DisposeAsync()
    {
        await mapper.DisposeAsync();
        folder.Delete(recursive: true);
    }
}
