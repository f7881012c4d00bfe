using System.Net;
using System.Net.Sockets;

namespace DataHub.TestServers;

/// <summary>
/// Free loopback ports below the range the kernel takes for outgoing connections, so that a server that is stopped for a moment finds its
/// port still free. Each port is given out once per process.
/// </summary>
public static class LoopbackPorts
{
    private const int First = 15_000, Last = 32_000;
    private static readonly HashSet<int> Given = [];
    private static readonly Lock Gate = new();

    /// <summary>A port that is free now.</summary>
    public static int Next()
    {
        lock (Gate)
        {
            while (true)
            {
                var port = Random.Shared.Next(First, Last);
                if (Given.Add(port) && IsFree(port))
                    return port;
            }
        }
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
