using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace DataHub.FlowTests.Compliance;

/// <summary>Stands between a client and a server on loopback, so that a test can cut the client off while the server goes on with what it was told.</summary>
internal sealed class CuttableRelay : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<(TcpClient Client, TcpClient Server)> pairs = [];
    private readonly Task accepting;

    /// <param name="unanswered">The first connections, so many, hear nothing.</param>
    public CuttableRelay(int serverPort, int unanswered = 0)
    {
        listener.Start();
        accepting = AcceptAsync(serverPort, unanswered);
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Ends all connections as the clients see them. The server learns of it when it next writes.</summary>
    public void Cut()
    {
        foreach (var (client, _) in pairs)
            client.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await accepting;
        foreach (var (client, server) in pairs)
        {
            client.Dispose();
            server.Dispose();
        }
    }

    private async Task AcceptAsync(int serverPort, int unanswered)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync();
                var server = new TcpClient { NoDelay = true };
                await server.ConnectAsync(IPAddress.Loopback, serverPort);
                pairs.Add((client, server));
                if (unanswered-- > 0)
                    continue;
                _ = PumpAsync(client, server);
                _ = PumpAsync(server, client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private static async Task PumpAsync(TcpClient from, TcpClient to)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream());
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }
    }
}
