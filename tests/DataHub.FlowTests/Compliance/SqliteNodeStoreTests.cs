using System.Globalization;
using DataHub.Core.Materials;
using DataHub.Core.Storage;
using DataHub.Core.Storage.Sqlite;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Compliance;

public sealed class SqliteNodeStoreTests : NodeStoreCompliance
{
    private readonly string folder = Directory.CreateTempSubdirectory("datahub-store-").FullName;

    protected override IMaterialBytes Bytes => new FolderBytes(Path.Combine(folder, "materials"), (IMaterialStore)Store);

    private string File => Path.Combine(folder, "datahub.db");

    protected override Task<INodeStore> OpenAsync() => Task.FromResult<INodeStore>(new SqliteNodeStore(File));

    // What the operating system has of the files is what a kill of the process leaves: no end of the connection, no
    // checkpoint. The log is copied last: a commit that only it has is whole there.
    protected override Task<INodeStore> OpenAsAfterAKillAsync()
    {
        var copy = Path.Combine(folder, "killed.db");
        System.IO.File.Copy(File, copy);
        System.IO.File.Copy(File + "-wal", copy + "-wal");
        return Task.FromResult<INodeStore>(new SqliteNodeStore(copy));
    }

    protected override ValueTask RemoveAsync()
    {
        Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_database_of_a_later_version_is_refused_and_left_as_it_is()
    {
        await CommitAsync(Hub, c => c.Entries.Add(Entry("a")));
        await Store.DisposeAsync();
        var reached = Number("PRAGMA user_version");
        Execute("PRAGMA user_version=999");
        Should.Throw<StoreUnavailableException>(() => new SqliteNodeStore(File)).InnerException!.Message.ShouldContain("999");
        Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version={reached}"));
        await ReopenAsync();
        (await JournalAsync(Hub)).Count.ShouldBe(1);
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused()
    {
        var file = Path.Combine(folder, "other.db");
        System.IO.File.WriteAllText(file, new string('x', 4096));
        Should.Throw<StoreUnavailableException>(() => new SqliteNodeStore(file));
    }

    [Fact]
    public async Task A_reader_that_cannot_be_opened_means_that_the_store_is_unavailable()
    {
        // No reader connection has been opened yet, and now none can be.
        System.IO.File.Move(File, File + ".away");
        Directory.CreateDirectory(File);
        await Should.ThrowAsync<StoreUnavailableException>(async () => await Store.NodesAsync(Cancel));
        Directory.Delete(File);
        System.IO.File.Move(File + ".away", File);
        (await Store.NodesAsync(Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public void A_session_reaches_the_disk_at_every_commit()
    {
        using var session = new SqliteSession(File);
        var synchronous = session.Prepare("PRAGMA synchronous");
        synchronous.Step().ShouldBeTrue();
        synchronous.Long(0).ShouldBe(2, "FULL: what a caller was told survives the loss of power");
        synchronous.Reset();
    }

    private void Execute(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private long Number(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = File, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }
}
