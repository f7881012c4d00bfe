using System.Security.Cryptography;
using DataHub.Core.Journal;
using DataHub.Core.Materials;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Compliance;

/// <summary>What is known of materials, and their bytes where the provider puts them.</summary>
public abstract partial class NodeStoreCompliance
{
    private static readonly MaterialOptions Bounds = new() { OpenUploads = 3, DailyBytes = 10_000, KeepDays = 100 };

    private IMaterialStore Rows => (IMaterialStore)Store;

    /// <summary>The provider's place for bytes.</summary>
    protected abstract IMaterialBytes Bytes { get; }

    [Fact]
    public async Task An_upload_is_opened_once_per_city_and_file_and_within_the_city_s_bounds()
    {
        var opened = await OpenedAsync(Chengdu, "a");
        var again = (await Rows.OpenUploadAsync(Upload(Chengdu, "a"), null, Bounds, Cancel)).ShouldBeOfType<UploadOpening.Open>();
        (again.New, again.Upload).ShouldBe((false, opened));
        var other = (await Rows.OpenUploadAsync(Upload(Chengdu, "a", 101), null, Bounds, Cancel)).ShouldBeOfType<UploadOpening.Open>();
        other.New.ShouldBeTrue();
        (await Rows.UploadAsync(opened.Id, Cancel)).ShouldBeNull();
        (await Rows.LeftoversAsync(10, Cancel)).ShouldBe([opened.Id]);

        await OpenedAsync(Chengdu, "b");
        await OpenedAsync(Chengdu, "c");
        (await Rows.OpenUploadAsync(Upload(Chengdu, "d"), null, Bounds, Cancel)).ShouldBeOfType<UploadOpening.TooManyOpen>();
        (await Rows.OpenUploadAsync(Upload(Deyang, "d"), null, Bounds, Cancel)).ShouldBeOfType<UploadOpening.Open>();
        (await Rows.OpenUploadAsync(Upload(Deyang, "e", 9_901), null, Bounds, Cancel)).ShouldBeOfType<UploadOpening.VolumeReached>();
        (await Rows.OpenUploadAsync(Upload(Deyang, "e", 9_900), null, Bounds, Cancel)).ShouldBeOfType<UploadOpening.Open>();
    }

    [Fact]
    public async Task An_upload_moves_on_from_where_it_is_and_from_nowhere_else()
    {
        var upload = await OpenedAsync(Chengdu, "a");
        (await Bytes.AppendAsync(upload.Id, 0, new byte[40], Cancel)).ShouldBeTrue();
        (await Bytes.AppendAsync(upload.Id, 0, new byte[40], Cancel)).ShouldBeFalse();
        (await Rows.UploadAsync(upload.Id, Cancel))!.Received.ShouldBe(40);
        (await Bytes.AppendAsync(new string('0', MaterialUploads.IdLength), 0, new byte[40], Cancel)).ShouldBeFalse();
        (await Bytes.OpenAsync(upload.Id, 100, Cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task Bytes_come_back_as_they_were_sent_from_any_place_and_go_when_removed()
    {
        var content = RandomNumberGenerator.GetBytes(100);
        var upload = await OpenedAsync(Chengdu, "a");
        foreach (var (from, to) in new[] { (0, 33), (33, 34), (34, 100) })
            (await Bytes.AppendAsync(upload.Id, from, content.AsMemory(from..to), Cancel)).ShouldBeTrue();
        await ReopenAsync();
        await using (var stream = (await Bytes.OpenAsync(upload.Id, 100, Cancel)).ShouldNotBeNull())
        {
            foreach (var at in new[] { 0, 99, 33, 10, 34 })
            {
                stream.Position = at;
                var read = new byte[100 - at];
                await stream.ReadExactlyAsync(read, Cancel);
                read.ShouldBe(content[at..]);
            }
        }

        await Bytes.DeleteAsync(upload.Id, Cancel);
        await Bytes.DeleteAsync(upload.Id, Cancel);
        (await Bytes.OpenAsync(upload.Id, 100, Cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task Of_two_complete_uploads_of_a_file_one_is_the_file_and_the_other_is_left_over()
    {
        var (first, second) = (await OpenedAsync(Chengdu, "a"), await OpenedAsync(Deyang, "a"));
        await Rows.CompleteAsync(first, null, Now, Now.AddDays(7), Cancel);
        await Rows.CompleteAsync(second, null, Now, Now.AddDays(7), Cancel);
        await Rows.CompleteAsync(second, null, Now, Now.AddDays(7), Cancel);

        (await Rows.ContentAsync(first.Digest, Cancel)).ShouldBe(new ContentRow(first.Digest, 100, "application/pdf", first.Id));
        (await Rows.LeftoversAsync(10, Cancel)).ShouldBe([second.Id]);
        (await Rows.OpenUploadAsync(Upload(Deyang, "a"), null, Bounds, Cancel)).ShouldBeOfType<UploadOpening.Held>().Content.Location.ShouldBe(first.Id);
        await Rows.ClearedAsync([second.Id], Cancel);
        (await Rows.LeftoversAsync(10, Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_file_whose_bytes_are_lost_is_not_held_and_is_replaced()
    {
        var first = await CompletedAsync(Chengdu, "a");
        var second = (await Rows.OpenUploadAsync(Upload(Chengdu, "a"), lost: first.Id, Bounds, Cancel)).ShouldBeOfType<UploadOpening.Open>().Upload;
        await Rows.CompleteAsync(second, lost: first.Id, Now, Now.AddDays(7), Cancel);
        (await Rows.ContentAsync(first.Digest, Cancel))!.Location.ShouldBe(second.Id);
        (await Rows.LeftoversAsync(10, Cancel)).ShouldBe([first.Id]);
    }

    [Fact]
    public async Task A_material_is_listed_with_its_message_and_held_where_a_sender_of_the_exchange_handed_it_in()
    {
        await CommitAsync(Hub, c => c.Materials.AddRange([Named(1, "m1", Chengdu, "a"), Named(1, "m1", Chengdu, "b"), Named(1, "m2", Deyang, "b") with { Size = null, MediaType = null }, Named(2, "m3", Deyang, "a")]));
        await CommitAsync(Hub, c => c.Materials.Add(Named(1, "m1", Chengdu, "a")));
        await CompletedAsync(Chengdu, "a");
        await CompletedAsync(Deyang, "b");

        (await Rows.MaterialsAsync(ExchangeId(1), 10, Cancel)).ShouldBe([
            new(Named(1, "m1", Chengdu, "b"), true), new(Named(1, "m1", Chengdu, "a"), true), new(Named(1, "m2", Deyang, "b") with { Size = null, MediaType = null }, true)]);
        (await Rows.MaterialsAsync(ExchangeId(2), 10, Cancel)).ShouldBe([new(Named(2, "m3", Deyang, "a"), false)]);
    }

    [Fact]
    public async Task A_file_is_due_with_what_the_exchanges_that_name_it_say()
    {
        var (open, ended, unnamed) = (await CompletedAsync(Chengdu, "a"), await CompletedAsync(Chengdu, "b"), await CompletedAsync(Chengdu, "c"));
        await CommitAsync(Hub, c =>
        {
            c.Exchanges[ExchangeId(1)] = Exchange(1);
            c.Exchanges[ExchangeId(2)] = new() { State = State(2) with { Final = true, ChangedAt = Now.AddDays(3) } };
            c.Materials.AddRange([Named(1, "m1", Chengdu, "a"), Named(2, "m2", Chengdu, "a"), Named(2, "m3", Chengdu, "b")]);
        });
        (await Rows.DueContentsAsync(Now.AddDays(6), 10, Cancel)).ShouldBeEmpty();
        (await Rows.DueContentsAsync(Now.AddDays(7), 10, Cancel)).OrderBy(d => d.Digest, StringComparer.Ordinal).ShouldBe([
            new DueContent(open.Digest, 100, true, true, Now.AddDays(3), Now), new DueContent(ended.Digest, 100, true, false, Now.AddDays(3), Now), new DueContent(unnamed.Digest, 100, false, false, null, Now)],
            ignoreOrder: true);
        await Rows.PostponeAsync([(open.Digest, Now.AddDays(8)), (ended.Digest, Now.AddDays(9))], Cancel);
        (await Rows.DueContentsAsync(Now.AddDays(7), 10, Cancel)).Select(d => d.Digest).ShouldBe([unnamed.Digest]);
    }

    [Fact]
    public async Task A_file_ends_with_the_commit_that_says_so_unless_it_was_asked_for_meanwhile()
    {
        var (goes, stays) = (await CompletedAsync(Chengdu, "a"), await CompletedAsync(Chengdu, "b"));
        (await Rows.OpenUploadAsync(Upload(Chengdu, "b") with { OpenedAt = Now.AddDays(7) }, null, Bounds, Cancel)).ShouldBeOfType<UploadOpening.Held>();
        await CommitAsync(Hub, c =>
        {
            c.Entries.Add(Entry("ended", EntryKind.Operator));
            c.MaterialsEnded.AddRange([(goes.Digest, Now.AddDays(7)), (stays.Digest, Now.AddDays(7))]);
        });
        (await Rows.ContentAsync(goes.Digest, Cancel)).ShouldBeNull();
        (await Rows.ContentAsync(stays.Digest, Cancel)).ShouldNotBeNull();
        (await Rows.LeftoversAsync(10, Cancel)).ShouldBe([goes.Id]);
        (await Rows.OpenUploadAsync(Upload(Chengdu, "a"), null, Bounds, Cancel)).ShouldBeOfType<UploadOpening.Open>();
        (await Rows.OpenUploadAsync(Upload(Chengdu, "b"), null, Bounds, Cancel)).ShouldBeOfType<UploadOpening.Held>();

        // Handed in again, it is held again.
        await CompletedAsync(Chengdu, "a");
        (await Rows.ContentAsync(goes.Digest, Cancel)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Old_uploads_and_accesses_are_forgotten_and_refused_accesses_are_bounded()
    {
        var old = await OpenedAsync(Chengdu, "a");
        var young = (UploadOpening.Open)await Rows.OpenUploadAsync(Upload(Chengdu, "b") with { OpenedAt = Now.AddHours(2) }, null, Bounds, Cancel);
        await Rows.RecordAccessAsync(new MaterialAccess(Now, Deyang, ExchangeId(1), old.Digest, true), Cancel);
        for (var i = 0; i < MaterialRules.RefusedAccesses + 5; i++)
            await Rows.RecordAccessAsync(new MaterialAccess(Now.AddHours(3), Deyang, ExchangeId(1), old.Digest, false), Cancel);
        await Rows.RecordAccessAsync(new MaterialAccess(Now.AddHours(3), Deyang, ExchangeId(1), old.Digest, true), Cancel);
        var recorded = await Rows.AccessesAsync(ExchangeId(1), 10_000, Cancel);
        (recorded.Count(a => a.Given), recorded.Count(a => !a.Given)).ShouldBe((2, MaterialRules.RefusedAccesses));

        await Rows.ForgetAsync(Now.AddHours(1), Now.AddHours(1), Cancel);
        (await Rows.UploadAsync(old.Id, Cancel)).ShouldBeNull();
        (await Rows.UploadAsync(young.Upload.Id, Cancel)).ShouldNotBeNull();
        (await Rows.LeftoversAsync(10, Cancel)).ShouldBe([old.Id]);
        (await Rows.AccessesAsync(ExchangeId(1), 10_000, Cancel)).Count.ShouldBe(MaterialRules.RefusedAccesses + 1);
    }

    private async Task<UploadRow> OpenedAsync(string city, string what) =>
        (await Rows.OpenUploadAsync(Upload(city, what), null, Bounds, Cancel)).ShouldBeOfType<UploadOpening.Open>().Upload;

    private async Task<UploadRow> CompletedAsync(string city, string what)
    {
        var upload = await OpenedAsync(city, what);
        await Rows.CompleteAsync(upload, null, Now, Now.AddDays(7), Cancel);
        return upload;
    }

    private static UploadRow Upload(string city, string what, long size = 100) =>
        new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(MaterialUploads.IdLength / 2)), city, Digest(what), size, "application/pdf", 0, Now);

    private static NamedMaterial Named(int exchange, string message, string city, string what) =>
        new(ExchangeId(exchange), message, city, "id-card", "居民身份证", Digest(what), 100, "application/pdf", Now);

    private static string Digest(string what) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(what)));
}
