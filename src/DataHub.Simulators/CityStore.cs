using System.Threading.Channels;
using DataHub.Core.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace DataHub.Simulators;

/// <summary>
/// The durable memory of one simulated city: one SQLite file, one writer thread. What waits at the same time shares one
/// transaction; each piece of work stands or falls alone. An end of the process at any moment loses nothing that was
/// answered; a power failure may lose the last moments, which is good enough for a city that does not exist.
/// </summary>
public sealed class CityStore : IAsyncDisposable
{
    private const int MaxGroup = 256;

    private readonly SqliteSession writer;
    private readonly SqliteSession reader;
    private readonly CityTables tables;
    private readonly CityTables readTables;
    private readonly Lock reading = new();
    private readonly Channel<Work> queue = Channel.CreateBounded<Work>(new BoundedChannelOptions(4096) { SingleReader = true });
    private readonly Thread thread;

    private CityStore(string file)
    {
        File = file;
        writer = new SqliteSession(file);
        writer.Execute("PRAGMA synchronous=NORMAL;");
        writer.Execute(CityTables.Schema);
        reader = new SqliteSession(file);
        tables = new CityTables(writer);
        readTables = new CityTables(reader);
        thread = new Thread(WriteLoop) { IsBackground = true, Name = "city store " + Path.GetFileName(file) };
        thread.Start();
    }

    public string File { get; }

    /// <summary>Opens the file, creating it and its folder where needed.</summary>
    public static CityStore Open(string file)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder)
            Directory.CreateDirectory(folder);
        return new CityStore(file);
    }

    /// <summary>Runs the work inside a transaction of the writer; done when it is durable.</summary>
    internal async Task<T> WriteAsync<T>(Func<CityTables, T> work, CancellationToken cancellationToken)
    {
        var item = new Work<T>(work);
        await queue.Writer.WriteAsync(item, cancellationToken);
        // Not cancellable from here on: the caller has to learn whether it was written.
        return await item.Done.Task;
    }

    internal T Read<T>(Func<CityTables, T> work)
    {
        lock (reading)
            return work(readTables);
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await Task.Run(thread.Join);
        writer.Dispose();
        lock (reading)
            reader.Dispose();
    }

    private void WriteLoop()
    {
        var group = new List<Work>(MaxGroup);
        while (WaitForWork())
        {
            group.Clear();
            while (group.Count < MaxGroup && queue.Reader.TryRead(out var item))
                group.Add(item);
            try
            {
                writer.Execute("BEGIN IMMEDIATE");
                foreach (var item in group)
                {
                    writer.Execute("SAVEPOINT one");
                    writer.Execute(item.TryRun(tables) ? "RELEASE one" : "ROLLBACK TO one; RELEASE one");
                }

                writer.Execute("COMMIT");
            }
            catch (SqliteException e)
            {
                TryRollback();
                group.ForEach(item => item.Fail(e));
                continue;
            }

            group.ForEach(item => item.Finish());
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

    private abstract class Work
    {
        public abstract bool TryRun(CityTables tables);

        public abstract void Finish();

        public abstract void Fail(Exception fault);
    }

    private sealed class Work<T>(Func<CityTables, T> work) : Work
    {
        private T? result;
        private Exception? fault;

        public TaskCompletionSource<T> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override bool TryRun(CityTables tables)
        {
            try
            {
                result = work(tables);
                return true;
            }
            catch (Exception e)
            {
                fault = e;
                return false;
            }
        }

        public override void Finish()
        {
            if (fault is null)
                Done.TrySetResult(result!);
            else
                Done.TrySetException(fault);
        }

        public override void Fail(Exception e) => Done.TrySetException(fault ?? e);
    }
}
