using DataHub.Contracts;
using DataHub.Core.Journal;
using DataHub.FlowTests.Api;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Materials;

/// <summary>What is kept how long, and what an end of the process at any moment leaves behind.</summary>
public sealed class RetentionTests : IAsyncLifetime
{
    private readonly ShiftedClock clock = new();
    private HostFixture fixture = null!;
    private ApiClient chengdu = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        fixture = await HostFixture.WithPlayedCitiesAsync(o => o with
        {
            Time = clock,
            Hub = o.Hub with { SweepEvery = TimeSpan.FromMilliseconds(50) },
            Materials = o.Materials with { KeepDays = 100, SweepEvery = TimeSpan.FromMilliseconds(50) },
        });
        chengdu = Client();
    }

    [Fact]
    public async Task A_file_that_no_message_names_goes_after_a_week_and_one_that_is_named_stays_until_its_exchange_has_ended_and_its_time_is_over()
    {
        var (unnamed, named) = (TestFile.Pdf(), TestFile.Pdf());
        await unnamed.HandInAsync(chengdu);
        await named.HandInAsync(chengdu);
        var id = await named.SubmittedAsync(chengdu);
        var location = (await ContentAsync(unnamed))!.Location;

        clock.Shift = TimeSpan.FromDays(6);
        await SweptAsync();
        (await ContentAsync(unnamed)).ShouldNotBeNull();
        clock.Shift = TimeSpan.FromDays(8);
        await HostFixture.UntilAsync(async () => await ContentAsync(unnamed) is null && !File.Exists(PathOf(location)), "the file that nobody named is gone");
        (await unnamed.OpenAsync(chengdu)).Status.ShouldBe(201);

        // Open for long: kept.
        clock.Shift = TimeSpan.FromDays(200);
        await SweptAsync();
        (await ContentAsync(named)).ShouldNotBeNull();
        (await chengdu.SendAsync(Events.Of(MessageTypes.CaseWithdrawal, id, Events.Sample("case.withdrawal.v1", "sample-1")).With("time", DataHub.Contracts.Envelope.EventFormat.Time(clock.GetUtcNow())))).Status.ShouldBe(202);
        await HostFixture.UntilAsync(async () => (await chengdu.GetAsync("/v1/exchanges/" + id)).Json["final"]!.GetValue<bool>(), "the exchange has ended");
        clock.Shift = TimeSpan.FromDays(290);
        await SweptAsync();
        (await ContentAsync(named)).ShouldNotBeNull();
        clock.Shift = TimeSpan.FromDays(331);
        await HostFixture.UntilAsync(async () => await ContentAsync(named) is null, "the time of the named file is over");
        (await chengdu.GetAsync($"/v1/exchanges/{id}/materials")).Json["materials"]![0]!["held"]!.GetValue<bool>().ShouldBeFalse();

        var rows = await fixture.Host.Store.JournalAsync(Nodes.Hub, 0, EntryKind.Operator, 100, Cancel);
        foreach (var file in new[] { unnamed, named })
            rows.Count(r => r.Sender == "retention" && System.Text.Encoding.UTF8.GetString(r.Body).Contains(file.Digest, StringComparison.Ordinal)).ShouldBe(1);
    }

    [Fact]
    public async Task An_upload_that_is_not_finished_in_a_day_is_forgotten_with_its_bytes()
    {
        var file = TestFile.Pdf();
        var id = await file.OpenedAsync(chengdu);
        await TestFile.SendAsync(chengdu, id, 0, file.Bytes[..1000]);
        File.Exists(PathOf(id)).ShouldBeTrue();
        clock.Shift = TimeSpan.FromHours(25);
        (await TestFile.OffsetAsync(chengdu, id)).ShouldBeNull();
        await HostFixture.UntilAsync(() => !File.Exists(PathOf(id)), "its bytes are gone");
    }

    [Fact]
    public async Task Bytes_that_an_ended_process_had_written_beyond_its_rows_do_no_harm()
    {
        var file = TestFile.Pdf();
        var id = await file.OpenedAsync(chengdu);
        await TestFile.SendAsync(chengdu, id, 0, file.Bytes[..1000]);
        await fixture.StopAsync();
        await using (var bytes = new FileStream(PathOf(id), FileMode.Append))
            await bytes.WriteAsync(new byte[500], Cancel);
        await RestartAsync();

        (await TestFile.OffsetAsync(chengdu, id)).ShouldBe(1000);
        (await TestFile.SendAsync(chengdu, id, 1000, file.Bytes[1000..])).Json["held"]!.GetValue<bool>().ShouldBeTrue();
    }

    [Fact]
    public async Task An_upload_whose_last_bytes_were_written_and_not_checked_is_checked_when_the_city_comes_again()
    {
        var file = TestFile.Pdf();
        var id = await file.OpenedAsync(chengdu);
        // What the process does before it would check.
        (await fixture.Host.Materials.Bytes.AppendAsync(id, 0, file.Bytes, Cancel)).ShouldBeTrue();
        await RestartAsync();

        var asked = await file.OpenAsync(chengdu);
        (asked.Json["held"]!.GetValue<bool>(), asked.Json["offset"]!.GetValue<int>()).ShouldBe((false, file.Bytes.Length));
        (await TestFile.SendAsync(chengdu, id, file.Bytes.Length, [])).Json["held"]!.GetValue<bool>().ShouldBeTrue();
    }

    [Fact]
    public async Task A_file_whose_bytes_were_lost_is_taken_again()
    {
        var file = TestFile.Pdf();
        await file.HandInAsync(chengdu);
        var lost = (await ContentAsync(file))!.Location;
        File.Delete(PathOf(lost));

        (await file.HandInAsync(chengdu)).Json["held"]!.GetValue<bool>().ShouldBeTrue();
        var id = await file.SubmittedAsync(chengdu);
        using var fetched = await file.FetchAsync(chengdu, id);
        (await fetched.Content.ReadAsByteArrayAsync(Cancel)).ShouldBe(file.Bytes);
    }

    [Fact]
    public async Task Bytes_that_were_to_be_removed_when_the_process_ended_are_removed_later()
    {
        var file = TestFile.Pdf();
        var id = await file.OpenedAsync(chengdu);
        await TestFile.SendAsync(chengdu, id, 0, file.Bytes[..1000]);
        await fixture.StopAsync();
        await using (var store = new DataHub.Core.Storage.Sqlite.SqliteNodeStore(Path.Combine(fixture.DataDirectory, "datahub.db")))
            await store.DiscardAsync(id, Cancel);
        File.Exists(PathOf(id)).ShouldBeTrue();
        await RestartAsync();
        await HostFixture.UntilAsync(() => !File.Exists(PathOf(id)), "the bytes are gone");
    }

    [Fact]
    public async Task A_fault_that_nobody_foresaw_ends_neither_the_looks_nor_the_watches_that_run_beside_them()
    {
        // Not the id of an upload: who asks for its bytes gets an exception that is no outage. It sorts behind all ids.
        await fixture.StopAsync();
        await using (var db = new SqliteConnection($"Data Source={Path.Combine(fixture.DataDirectory, "datahub.db")};Pooling=False"))
        {
            await db.OpenAsync(Cancel);
            await using var command = db.CreateCommand();
            command.CommandText = "INSERT INTO material_leftover (location) VALUES ('no-upload')";
            await command.ExecuteNonQueryAsync(Cancel);
        }

        await RestartAsync();
        await SweptAsync();
    }

    /// <summary>Two whole looks: the second began after the clock was moved.</summary>
    private async Task SweptAsync()
    {
        for (var i = 0; i < 2; i++)
        {
            var file = TestFile.Pdf(100);
            var id = await file.OpenedAsync(chengdu);
            await TestFile.SendAsync(chengdu, id, 0, file.Bytes[..50]);
            using var given = await chengdu.Http.DeleteAsync("/v1/uploads/" + id, Cancel);
            await HostFixture.UntilAsync(() => !File.Exists(PathOf(id)), "a look is over");
        }
    }

    private async Task RestartAsync()
    {
        chengdu.Dispose();
        await fixture.StopAsync();
        await fixture.StartAsync();
        chengdu = Client();
    }

    private ApiClient Client() => new(fixture.Client(), DataHub.Host.Api.ApiKeys.Create(fixture.ApiKeysFile, ApiHost.Chengdu));

    private ValueTask<DataHub.Core.Materials.ContentRow?> ContentAsync(TestFile file) => fixture.Host.Materials.Store.ContentAsync(file.Digest, Cancel);

    private string PathOf(string location) => Path.Combine(fixture.DataDirectory, "materials", location[..2], location);

    public async ValueTask DisposeAsync()
    {
        chengdu.Dispose();
        await fixture.DisposeAsync();
    }

    private sealed class ShiftedClock : TimeProvider
    {
        private long shift;

        public TimeSpan Shift
        {
            set => Interlocked.Exchange(ref shift, value.Ticks);
        }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref shift));
    }
}
