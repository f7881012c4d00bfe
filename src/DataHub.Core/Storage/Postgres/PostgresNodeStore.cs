using System.Collections.Concurrent;
using DataHub.Core.Journal;
using DataHub.Core.Materials;
using Npgsql;

namespace DataHub.Core.Storage.Postgres;

/// <summary>
/// The store of the distributed mode. A commit is one round trip: a batch of prepared statements in one transaction, of
/// which the first checks the node's fence and the head of its journal (docs/design/postgres.md). Different nodes commit
/// side by side on connections of their own.
/// </summary>
public sealed partial class PostgresNodeStore : INodeStore, INodeLeases, IMaterialStore
{
    // Later words win, so a connection string may say otherwise. Statements are prepared once per connection and reach rows
    // by key only: a plan made while a table was empty must not read all of it later, hence no sequential scans. The
    // pool resets nothing, because nothing here changes a session.
    private const string Defaults = "Application Name=datahub;Timeout=5;Command Timeout=20;Keepalive=15;Maximum Pool Size=24;Max Auto Prepare=100;Auto Prepare Min Usages=2;"
        + "No Reset On Close=true;Enlist=false;Connection Idle Lifetime=60;Write Buffer Size=131072;Read Buffer Size=32768;";

    private const string SessionDefaults = "-c statement_timeout=15000 -c idle_in_transaction_session_timeout=15000 -c synchronous_commit=on -c TimeZone=UTC "
        + "-c enable_seqscan=off -c jit=off -c plan_cache_mode=force_generic_plan";

    private readonly NpgsqlDataSource source;
    private readonly ConcurrentDictionary<string, Writer> writers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<DateOnly, bool> days = new();

    private PostgresNodeStore(NpgsqlDataSource source) => this.source = source;

    /// <summary>
    /// Connects, and creates or migrates the tables where needed. With several hosts in the connection string the one that is
    /// the primary is used, whichever that is at the time.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The database cannot be reached, or is of a later version.</exception>
    public static async Task<PostgresNodeStore> OpenAsync(string connectionString, CancellationToken cancel)
    {
        var store = new PostgresNodeStore(Connect(connectionString));
        try
        {
            await PostgresFaults.OpenAsync(() => PostgresMigrations.ApplyAsync(store.source, cancel), cancel);
            return store;
        }
        catch (Exception e)
        {
            await store.DisposeAsync();
            if (PostgresFaults.IsFault(e) || e is InvalidOperationException)
                throw PostgresFaults.OfOpening(e);
            throw;
        }
    }

    public async Task<CommitResult> CommitAsync(NodeCommit commit, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(commit);
        var writer = WriterOf(commit.Node);
        await writer.Turn.WaitAsync(cancel);
        try
        {
            // Not cancellable from here on: the caller has to learn whether it was written.
            return await WriteAsync(writer, commit);
        }
        catch (Exception e)
        {
            // Whether it was written may not be known: the head is read again, and what the node holds too.
            writer.Head = null;
            writer.Unsettled = true;
            days.Clear();
            if (PostgresFaults.SpoilsPool(e))
                source.Clear();
            if (PostgresFaults.IsFault(e))
                throw PostgresFaults.OfCommit(e, commit.Node);
            throw;
        }
        finally
        {
            writer.Turn.Release();
        }
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();

    private async Task<CommitResult> WriteAsync(Writer writer, NodeCommit commit)
    {
        var head = writer is { Unsettled: false, Head: { } known } ? known : await SettleAsync(writer, CancellationToken.None);
        foreach (var entry in commit.Entries)
            await EnsurePartitionAsync(DateOnly.FromDateTime(entry.At.UtcDateTime));
        await using var batch = source.CreateBatch();
        var next = PostgresCommit.Write(batch, commit, head);
        await batch.ExecuteNonQueryAsync();
        FaultPoints.Pass(FaultPoints.AfterCommit);
        writer.Head = next;
        return new CommitResult(head.Number + 1);
    }

    /// <summary>
    /// Reads the head of a node's journal, once nothing is under way there any more: a commit whose answer was lost may
    /// still be running at the server. What is read after this includes it, or it will find another head and fail.
    /// </summary>
    private async Task<JournalHead> SettleAsync(Writer writer, CancellationToken cancel)
    {
        await using var batch = source.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("INSERT INTO datahub.node (code) VALUES ($1) ON CONFLICT (code) DO NOTHING") { Parameters = { PostgresValues.Of(writer.Code) } });
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT head_number, head_hash FROM datahub.node WHERE code = $1 FOR UPDATE") { Parameters = { PostgresValues.Of(writer.Code) } });
        await using var reader = await batch.ExecuteReaderAsync(cancel);
        await reader.ReadAsync(cancel);
        var head = new JournalHead(reader.GetInt64(0), reader.IsDBNull(1) ? JournalHash.Genesis(writer.Node) : reader.GetFieldValue<byte[]>(1));
        writer.Head = head;
        writer.Unsettled = false;
        return head;
    }

    /// <summary>Asked once a day, a week ahead: no commit waits for its month's tables at the turn of the month.</summary>
    private async ValueTask EnsurePartitionAsync(DateOnly day)
    {
        if (days.ContainsKey(day))
            return;
        // One after the other: 011_statistics.sql says why. Before the first row, whoever made the table.
        foreach (var sql in (string[])["SELECT datahub.ensure_partition($1), datahub.ensure_partition($1 + 7)", "SELECT datahub.prime_statistics($1), datahub.prime_statistics($1 + 7)"])
        {
            await using var command = source.CreateCommand(sql);
            command.Parameters.Add(PostgresValues.Of(day));
            await command.ExecuteNonQueryAsync();
        }

        days[day] = true;
    }

    private Writer WriterOf(string node) => writers.GetOrAdd(node, static n => new Writer(n));

    /// <summary>The pool that the store uses, with its settings: for others that share its habits.</summary>
    public static NpgsqlDataSource Connect(string connectionString)
    {
        // Whatever it says of the server's role: what writes needs the primary.
        var settings = new NpgsqlConnectionStringBuilder(Defaults + connectionString) { IncludeErrorDetail = false, TargetSessionAttributes = null };
        settings.Options = string.IsNullOrEmpty(settings.Options) ? SessionDefaults : SessionDefaults + " " + settings.Options;
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        return settings.Host?.Contains(',', StringComparison.Ordinal) == true
            ? builder.BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary)
            : builder.Build();
    }

    /// <summary>One node's turn to write, and where its journal stands. Like the heads in the database: null is "read it".</summary>
#pragma warning disable CA1001 // A semaphore without a wait handle holds nothing that needs disposing.
    private sealed class Writer(string node)
#pragma warning restore CA1001
    {
        public string Node { get; } = node;

        public int Code { get; } = NodeCode.Of(node);

        public SemaphoreSlim Turn { get; } = new(1, 1);

        public JournalHead? Head { get; set; }

        /// <summary>A commit failed and nothing has been read since: see <see cref="SettleAsync"/>.</summary>
        public volatile bool Unsettled;
    }
}

/// <summary>Last row of a node's journal: its number and hash.</summary>
internal sealed record JournalHead(long Number, byte[] Hash);
