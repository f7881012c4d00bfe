using System.Security.Cryptography;
using Npgsql;

namespace DataHub.TestServers;

/// <summary>Settings of a PostgreSQL server.</summary>
public sealed record PostgresOptions
{
    public string SharedBuffers { get; init; } = "256MB";

    public string MaxWalSize { get; init; } = "4GB";

    public int MaxConnections { get; init; } = 300;

    /// <summary>Loads pg_stat_statements. A database that reads it must create the extension.</summary>
    public bool Statements { get; init; }

    /// <summary>The server's certificate for 127.0.0.1: it then lets nobody in without TLS.</summary>
    public TestCertificate? Tls { get; init; }

    /// <summary>With TLS: the certificate that the administrator presents, of the same authority and in the name "datahub". Nobody comes in without one.</summary>
    public TestCertificate? Client { get; init; }

    /// <summary>Further lines of postgresql.conf.</summary>
    public IReadOnlyList<string> Configuration { get; init; } = [];
}

/// <summary>
/// A PostgreSQL server of its own, on loopback with a free port and a temporary folder, as durable as in production (fsync and
/// synchronous_commit are on). It ends with this process however this process ends.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string User = "datahub";
    private const string StandbyName = "standby";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("datahub-postgres-");
    private readonly int port = LoopbackPorts.Next();
    private readonly string binaries;
    private readonly PostgresOptions options;
    private readonly string password;
    private GuardedProcess? process;

    private PostgresServer(string binaries, PostgresOptions options, string password)
    {
        this.binaries = binaries;
        this.options = options;
        this.password = password;
    }

    public static bool IsInstalled => FindBinaries() is not null;

    /// <summary>For Npgsql; the administrator and the database "postgres".</summary>
    public string ConnectionString => ConnectionStringFor("postgres");

    public int Port => port;

    public bool IsRunning => process is { HasExited: false };

    /// <summary>The server and its living back ends; empty while it is down.</summary>
    public IReadOnlyList<int> ProcessIds => process is { } running ? ProcessTree.Ids(running.Id) : [];

    /// <summary>Processor time since the server was last started, with that of back ends that have ended.</summary>
    public TimeSpan ProcessorTime => process is { } running ? ProcessTree.ProcessorTime(running.Id) : TimeSpan.Zero;

    /// <summary>Data and the log (server.log). Goes with the server.</summary>
    public string Folder => folder.FullName;

    public long BytesOnDisk => ProcessTree.BytesOnDisk(Data);

    private string Data => Path.Combine(Folder, "data");

    private string Log => Path.Combine(Folder, "server.log");

    private string TlsFolder => Path.Combine(Folder, "tls");

    private string ClientFolder => Path.Combine(Folder, "client");

    // PostgreSQL refuses to run as root; Debian's package makes this user.
    private static IEnumerable<string> AsServerUser =>
        System.Environment.IsPrivilegedProcess ? ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"] : [];

    /// <summary>Comes back when a client can log in.</summary>
    public static async Task<PostgresServer> StartAsync(PostgresOptions? options = null)
    {
        var found = FindBinaries() ?? throw new InvalidOperationException("No PostgreSQL server is installed below /usr/lib/postgresql or on the path: install Debian's package postgresql (./test.sh does).");
        var server = new PostgresServer(found, options ?? new PostgresOptions(), RandomNumberGenerator.GetHexString(24));
        await server.StartFirstAsync(server.InitializeAsync);
        return server;
    }

    /// <summary>
    /// Starts a copy of this server that takes over all that is written here. Comes back when nothing is committed here any more
    /// before the copy has it too.
    /// </summary>
    /// <param name="tls">The copy's certificate, of the same authority, where this server has one.</param>
    public async Task<PostgresServer> StartStandbyAsync(TestCertificate? tls = null)
    {
        var standby = new PostgresServer(binaries, options with { Tls = tls }, password);
        await standby.StartFirstAsync(() => standby.CopyAsync(this));
        await ExecuteAsync($"ALTER SYSTEM SET synchronous_standby_names = '{StandbyName}'");
        await ExecuteAsync("SELECT pg_reload_conf()");
        await Waiting.UntilAsync("The standby", standby.process!, standby.Log, Patience, async () =>
        {
            if (await ExecuteAsync("SELECT sync_state FROM pg_stat_replication") is not "sync")
                throw new InvalidOperationException("Nothing waits for the standby yet.");
        });
        return standby;
    }

    /// <summary>Makes a standby the primary. It then waits for no other server.</summary>
    public Task PromoteAsync() => Commands.RunAsync([.. AsServerUser, Path.Combine(binaries, "pg_ctl"), "promote", "-D", Data, "-w"]);

    /// <summary>Starts the stopped server with the data and the port it had.</summary>
    public async Task StartAgainAsync()
    {
        if (IsRunning)
            throw new InvalidOperationException("The server runs already.");
        if (process is not null)
            await process.DisposeAsync();

        // SIGQUIT lets the server end its back ends, which leave its process group; they would see it gone only when they are idle.
        process = await GuardedProcess.StartAsync(
            "QUIT", Folder, Log, [.. AsServerUser, Path.Combine(binaries, "postgres"), "-D", Data], Environment);
        await Waiting.UntilAsync("PostgreSQL", process, Log, Patience, ConnectAsync);
    }

    /// <summary>Stops in order ("fast"): open transactions are rolled back, everything is written out.</summary>
    public Task StopAsync() => process?.EndAsync("INT", Patience) ?? Task.CompletedTask;

    /// <summary>Stops without writing anything out ("immediate"), as a crash would.</summary>
    public Task StopImmediateAsync() => process?.EndAsync("QUIT", Patience) ?? Task.CompletedTask;

    /// <summary>Stops without writing anything out ("immediate"), as a crash would, and starts again with recovery.</summary>
    public async Task RestartImmediateAsync()
    {
        await StopImmediateAsync();
        await StartAgainAsync();
    }

    /// <summary>Creates an empty database and gives its connection string.</summary>
    public Task<string> CreateDatabaseAsync(string? name = null) => CreateDatabaseAsync(ConnectionString, name);

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
            await process.DisposeAsync();
        folder.Delete(recursive: true);
    }

    internal static async Task<string> CreateDatabaseAsync(string administrator, string? name)
    {
        name ??= "test_" + Guid.NewGuid().ToString("N")[..12];
        await using var connection = await ConnectAsync(administrator);
        await using var command = connection.CreateCommand();
        // A copy of template0 is quicker, and ignores who else is connected to template1.
        command.CommandText = $"CREATE DATABASE \"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\" TEMPLATE template0";
        await command.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(administrator) { Database = name }.ConnectionString;
    }

    private static string? FindBinaries()
    {
        var debian = new DirectoryInfo("/usr/lib/postgresql");
        var versions = debian.Exists ? debian.EnumerateDirectories() : [];
        var path = System.Environment.GetEnvironmentVariable("PATH")?.Split(':') ?? [];
        return versions
            .OrderByDescending(static version => int.TryParse(version.Name, out var number) ? number : 0)
            .Select(static version => Path.Combine(version.FullName, "bin"))
            .Concat(path)
            .FirstOrDefault(static each => File.Exists(Path.Combine(each, "postgres")) && File.Exists(Path.Combine(each, "initdb")));
    }

    private static async Task<NpgsqlConnection> ConnectAsync(string connectionString)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        try
        {
            await connection.OpenAsync();
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task ConnectAsync()
    {
        await using var connection = await ConnectAsync(ConnectionString);
    }

    private async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = await ConnectAsync(ConnectionString);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    private async Task StartFirstAsync(Func<Task> make)
    {
        try
        {
            await make();
            await StartAgainAsync();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>Gives the folder, with all that is in it, to the user that the server runs as.</summary>
    private async Task HandOverFolderAsync()
    {
        await File.WriteAllTextAsync(Log, "");
        options.Tls?.Write(TlsFolder);
        options.Client?.Write(ClientFolder);
        if (System.Environment.IsPrivilegedProcess)
            await Commands.RunAsync(["chown", "-R", "postgres:postgres", folder.FullName]);
    }

    private async Task CopyAsync(PostgresServer primary)
    {
        await HandOverFolderAsync();
        var from = $"host=127.0.0.1 port={primary.port} user={User} application_name={StandbyName}"
            + (options.Tls is null ? "" : $" sslmode=verify-full sslrootcert={Path.Combine(TlsFolder, "ca.pem")}");
        // The slot keeps what the standby still needs, however late it starts.
        await Commands.RunAsync(
            [.. AsServerUser, Path.Combine(binaries, "pg_basebackup"), "-d", from, "-D", Data, "-R", "-C", "-S", StandbyName, "--checkpoint=fast", "--no-sync"],
            new Dictionary<string, string>(Environment, StringComparer.Ordinal) { ["PGPASSWORD"] = password });
        await ConfigureAsync();
    }

    private async Task InitializeAsync()
    {
        var passwordFile = Path.Combine(Folder, "password");
        await File.WriteAllTextAsync(passwordFile, password);
        await HandOverFolderAsync();

        // Nothing is lost that the loss of the machine during this second would not lose anyway; the server itself syncs.
        await Commands.RunAsync(
        [
            .. AsServerUser, Path.Combine(binaries, "initdb"), "-D", Data, "-U", User, "--auth=scram-sha-256", "--pwfile=" + passwordFile,
            "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions",
        ]);
        File.Delete(passwordFile);
        await ConfigureAsync();
        if (options.Tls is not null)
        {
            var access = Path.Combine(Data, "pg_hba.conf");
            var also = options.Client is null ? "" : " clientcert=verify-full";
            await File.WriteAllLinesAsync(access, (await File.ReadAllLinesAsync(access)).Select(l => l.StartsWith("host ", StringComparison.Ordinal) ? "hostssl" + l[4..] + also : l));
        }
    }

    // Of a line that is there twice the last counts: a copy has those of its primary.
    private Task ConfigureAsync()
    {
        IEnumerable<string> tls = options.Tls is null ? [] :
        [
            "ssl = on",
            $"ssl_cert_file = '{Path.Combine(TlsFolder, "own.pem")}'",
            $"ssl_key_file = '{Path.Combine(TlsFolder, "own.key")}'",
            options.Client is null ? "" : $"ssl_ca_file = '{Path.Combine(TlsFolder, "ca.pem")}'",
        ];
        return File.AppendAllLinesAsync(Path.Combine(Data, "postgresql.conf"),
        [
            "listen_addresses = '127.0.0.1'",
            $"port = {port}",
            "unix_socket_directories = ''",
            $"shared_buffers = {options.SharedBuffers}",
            $"max_wal_size = {options.MaxWalSize}",
            $"max_connections = {options.MaxConnections}",
            options.Statements ? "shared_preload_libraries = 'pg_stat_statements'" : "",
            .. tls,
            .. options.Configuration,
        ]);
    }

    // A server's own variables (PGDATA, PGPORT, …) are not ours to follow, nor is what lies in somebody's home.
    private Dictionary<string, string> Environment => new(StringComparer.Ordinal) { ["LANG"] = "C.UTF-8", ["HOME"] = Folder };

    private string ConnectionStringFor(string database)
    {
        var connection = new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = port, Username = User, Password = password, Database = database };
        if (options.Tls is not null)
            (connection.SslMode, connection.RootCertificate) = (SslMode.VerifyFull, Path.Combine(TlsFolder, "ca.pem"));
        if (options.Client is not null)
            (connection.SslCertificate, connection.SslKey) = (Path.Combine(ClientFolder, "own.pem"), Path.Combine(ClientFolder, "own.key"));
        return connection.ConnectionString;
    }
}
