using System.Globalization;
using System.Net;
using RabbitMQ.Client;

namespace DataHub.Core.Messaging.RabbitMq;

/// <summary>How RabbitMQ is reached, and the bounds of what lies in it. <see cref="Faults"/> says what is missing.</summary>
public sealed class RabbitMqOptions
{
    /// <summary>The cluster's nodes: <c>host:port,host:port</c>. Without a port 5672, with TLS 5671.</summary>
    public string Hosts { get; init; } = "";

    public string VirtualHost { get; init; } = "/";

    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>Read at every connect, so that a changed password takes effect without a restart.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>Null for a connection in the clear, which suits a private network only.</summary>
    public RabbitMqTls? Tls { get; init; }

    /// <summary>Shown in RabbitMQ's list of connections: which process this is.</summary>
    public string ConnectionName { get; init; } = "datahub";

    /// <summary>Frames that a queue hands out ahead of their acknowledgement.</summary>
    public int Prefetch { get; init; } = FrameBusConfiguration.FramesAtOnce;

    /// <summary>Members of each quorum queue at its creation; null leaves it to the cluster.</summary>
    public int? QuorumGroupSize { get; init; }

    /// <summary>Bytes a queue may hold; beyond it RabbitMQ refuses, and the sender keeps what it has.</summary>
    public long MaxQueueBytes { get; init; } = 256L * 1024 * 1024;

    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A send that finds no connection within this time has failed.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>A send that is not confirmed within this time has failed.</summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a frame is tried before it is parked.</summary>
    public int Attempts { get; init; } = 6;

    /// <summary>The wait before a frame that failed is tried again; doubled each time, at most <see cref="TryAgainAtMost"/>.</summary>
    public TimeSpan TryAgainAfter { get; init; } = TimeSpan.FromMilliseconds(250);

    public TimeSpan TryAgainAtMost { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What must be set before this can work. Empty when it can.</summary>
    public IReadOnlyList<string> Faults()
    {
        List<string> faults = [];
        var endpoints = ReadHosts(faults, tls: null);
        if (string.IsNullOrWhiteSpace(VirtualHost))
            faults.Add("RabbitMQ's virtual host is empty; set for example DATAHUB_RABBITMQ_VHOST=/.");
        if (string.IsNullOrWhiteSpace(User))
            faults.Add("RabbitMQ's user is not set; set DATAHUB_RABBITMQ_USER to one that may use the virtual host.");
        else if (User == "guest" && endpoints.Exists(static e => !IsLoopback(e.HostName)))
            faults.Add("RabbitMQ lets the user guest in from its own machine only; make a user for DataHub and set DATAHUB_RABBITMQ_USER.");
        if (Password is not null && PasswordFile is not null)
            faults.Add("RabbitMQ's password is given twice; set either the password or the password file.");
        else if (string.IsNullOrEmpty(Password) && PasswordFile is null)
            faults.Add("RabbitMQ's password is not set; set DATAHUB_RABBITMQ_PASSWORD or, better, DATAHUB_RABBITMQ_PASSWORD_FILE.");
        else if (PasswordFile is not null && !CanRead(PasswordFile))
            faults.Add($"RabbitMQ's password file '{PasswordFile}' cannot be read; name a file that this process may read.");
        if (Tls is { ServerName: null } && endpoints.Count > 1)
            faults.Add("RabbitMQ has several hosts and TLS; set DATAHUB_RABBITMQ_TLS_SERVER_NAME to the name that the certificates of all of them carry.");
        Tls?.AddFaults(faults);
        if (Prefetch is < 1 or > ushort.MaxValue)
            faults.Add("RabbitMQ's prefetch must be between 1 and 65535.");
        if (QuorumGroupSize is < 1)
            faults.Add("The quorum group size must be at least 1; leave it out to take the cluster's default.");
        if (MaxQueueBytes < 4 * 1024 * 1024)
            faults.Add("A queue's bound in bytes must be at least 4194304: a few frames have to fit.");
        if (Heartbeat < TimeSpan.FromSeconds(1) || Heartbeat > TimeSpan.FromMinutes(5))
            faults.Add("RabbitMQ's heartbeat must be between 1 second and 5 minutes.");
        if (ConnectTimeout <= TimeSpan.Zero || SendTimeout <= TimeSpan.Zero || Attempts < 1 || TryAgainAfter < TimeSpan.Zero || TryAgainAtMost < TryAgainAfter)
            faults.Add("RabbitMQ's timeouts and the number of attempts must be positive, and the longest wait between attempts must not be below the first.");
        return faults;
    }

    /// <summary>Hosts and user; never the password.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"RabbitMQ at {Hosts}{(Tls is null ? "" : " (TLS)")}, virtual host {VirtualHost}, user {User}");

    /// <param name="refused">Hears of a server's certificate that is not trusted, with the reason.</param>
    internal List<AmqpTcpEndpoint> Endpoints(Action<string> refused) => ReadHosts([], host => Tls?.Option(host, refused));

    internal string ReadPassword() => PasswordFile is null ? Password ?? "" : File.ReadAllText(PasswordFile).TrimEnd('\r', '\n');

    /// <summary>For what is done outside the bus: declaring, checking.</summary>
    internal ConnectionFactory Factory() => new()
    {
        VirtualHost = VirtualHost,
        UserName = User ?? "",
        Password = ReadPassword(),
        RequestedHeartbeat = Heartbeat,
        AutomaticRecoveryEnabled = false,
        RequestedConnectionTimeout = TimeSpan.FromSeconds(10),
    };

    private List<AmqpTcpEndpoint> ReadHosts(List<string> faults, Func<string, SslOption?>? tls)
    {
        List<AmqpTcpEndpoint> endpoints = [];
        foreach (var entry in Hosts.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            // As an authority, so that an IPv6 address in brackets is read too.
            if (!Uri.TryCreate("amqp://" + entry, UriKind.Absolute, out var uri) || uri.UserInfo.Length > 0 || uri.PathAndQuery is not ("" or "/"))
                faults.Add("RabbitMQ's hosts hold an entry that is no host:port; set for example DATAHUB_RABBITMQ_HOSTS=rabbit-1:5672,rabbit-2:5672.");
            else
                endpoints.Add(new AmqpTcpEndpoint(uri.DnsSafeHost, uri.Port > 0 ? uri.Port : Tls is null ? 5672 : 5671, tls?.Invoke(uri.DnsSafeHost) ?? new SslOption()));
        }

        if (endpoints.Count == 0 && faults.Count == 0)
            faults.Add("RabbitMQ's hosts are not set; set for example DATAHUB_RABBITMQ_HOSTS=rabbit-1:5672,rabbit-2:5672.");
        return endpoints;
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    internal static bool CanRead(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return false;
        }
    }
}
