using System.Threading.Channels;
using DataHub.Core.Materials;
using Microsoft.Data.Sqlite;

namespace DataHub.Core.Storage.Sqlite;

/// <summary>
/// The embedded store: one SQLite file, one writer thread. Commits that wait at the same time go into one transaction
/// (group commit), so that the cost of reaching the disk is shared; each stands or falls on its own by a savepoint.
/// </summary>
public sealed partial class SqliteNodeStore : INodeStore, IMaterialStore
{
    // A bound on one physical transaction, so that its callers do not wait for an ever growing group.
    private const int MaxGroup = 64;

    private readonly string file;
    private readonly SqliteSession writer;
    private readonly Channel<Pending> queue = Channel.CreateBounded<Pending>(new BoundedChannelOptions(1024) { SingleReader = true });
    private readonly Thread thread;

    /// <summary>What waits for the writer: applied inside its transaction, told when that is durable.</summary>
    /// <param name="Node">The node whose journal it appends to; null for none.</param>
    private sealed record Pending(string? Node, Action<SqliteCommitWriter> Apply, Action Succeed, Action<Exception> Fail);

    /// <summary>Opens the database, creating and migrating it where needed.</summary>
    /// <exception cref="StoreUnavailableException">The file cannot be opened, or is of a later version.</exception>
    public SqliteNodeStore(string file)
    {
        this.file = file;
        try
        {
            writer = new SqliteSession(file);
            SqliteMigrations.Apply(writer);
        }
        catch (SqliteException e)
        {
            throw new StoreUnavailableException("The database file cannot be opened or migrated.", e);
        }

        thread = new Thread(WriteLoop) { IsBackground = true, Name = "journal writer" };
        thread.Start();
    }

    public Task<CommitResult> CommitAsync(NodeCommit commit, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(commit);
        return WriteAsync(commit.Node, apply => apply.Apply(commit), cancel);
    }

    private async Task<T> WriteAsync<T>(string? node, Func<SqliteCommitWriter, T> work, CancellationToken cancel)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        T result = default!;
        var pending = new Pending(node, apply => result = work(apply), () => done.TrySetResult(result), fault => done.TrySetException(fault));
        try
        {
            await queue.Writer.WriteAsync(pending, cancel);
        }
        catch (ChannelClosedException e)
        {
            throw new StoreUnavailableException("The store is closed.", e);
        }

        // Not cancellable from here on: the caller has to learn whether it was written.
        return await done.Task;
    }

    private void WriteLoop()
    {
        var group = new List<Pending>(MaxGroup);
        var results = new List<(Pending Pending, Exception? Fault)>(MaxGroup);
        var apply = new SqliteCommitWriter(writer);
        while (WaitForWork())
        {
            group.Clear();
            results.Clear();
            while (group.Count < MaxGroup && queue.Reader.TryRead(out var pending))
                group.Add(pending);
            try
            {
                writer.Execute("BEGIN IMMEDIATE");
                foreach (var pending in group)
                    results.Add(ApplyOne(apply, pending));
                writer.Execute("COMMIT");
            }
            catch (Exception e)
            {
                apply.Forget();
                TryRollback();
                var fault = new StoreUnavailableException("The journal could not be written.", e);
                foreach (var pending in group)
                    pending.Fail(fault);
                continue;
            }

            foreach (var (pending, fault) in results)
            {
                if (fault is null)
                    pending.Succeed();
                else
                    pending.Fail(new StoreUnavailableException("The commit was refused by the database.", fault));
            }
        }
    }

    private (Pending, Exception?) ApplyOne(SqliteCommitWriter apply, Pending pending)
    {
        writer.Execute("SAVEPOINT one");
        try
        {
            pending.Apply(apply);
            writer.Execute("RELEASE one");
            return (pending, null);
        }
        catch (SqliteException e) when (e.SqliteErrorCode == SQLitePCL.raw.SQLITE_CONSTRAINT)
        {
            writer.Execute("ROLLBACK TO one; RELEASE one");
            if (pending.Node is { } node)
                apply.Forget(node);
            return (pending, e);
        }
    }

    private bool WaitForWork()
    {
        var ready = queue.Reader.WaitToReadAsync();
        return ready.IsCompletedSuccessfully ? ready.Result : ready.AsTask().GetAwaiter().GetResult();
    }

    private void TryRollback()
    {
        try
        {
            writer.Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // SQLite has rolled back by itself already (disk full, I/O error).
        }
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await Task.Run(thread.Join);
        while (readers.TryTake(out var reader))
            reader.Dispose();
        writer.Dispose();
    }
}
