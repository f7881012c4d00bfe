using DataHub.Contracts;
using DataHub.Core.Materials;
using DataHub.FlowTests.Api;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Materials;

public sealed class UploadsTests(ApiHost api) : IClassFixture<ApiHost>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_is_held_once_all_of_it_has_come()
    {
        var file = TestFile.Pdf();
        var opened = await file.OpenAsync(api.AsChengdu);
        opened.Status.ShouldBe(201, opened.Text);
        opened.Json["held"]!.GetValue<bool>().ShouldBeFalse();
        opened.Json["chunkBytes"]!.GetValue<int>().ShouldBe(MaterialUploads.ChunkBytes);
        var id = opened.Json["uploadId"]!.GetValue<string>();
        opened.Headers.Location!.ToString().ShouldBe("/v1/uploads/" + id);

        var first = await TestFile.SendAsync(api.AsChengdu, id, 0, file.Bytes[..2000]);
        first.Status.ShouldBe(200, first.Text);
        first.Json["held"]!.GetValue<bool>().ShouldBeFalse();
        (await TestFile.OffsetAsync(api.AsChengdu, id)).ShouldBe(2000);
        var last = await TestFile.SendAsync(api.AsChengdu, id, 2000, file.Bytes[2000..]);
        last.Json["held"]!.GetValue<bool>().ShouldBeTrue();

        (await TestFile.OffsetAsync(api.AsChengdu, id)).ShouldBeNull();
        var again = await file.OpenAsync(api.AsChengdu);
        again.Status.ShouldBe(200);
        again.Json["held"]!.GetValue<bool>().ShouldBeTrue();
    }

    [Fact]
    public async Task An_upload_that_was_cut_goes_on_where_it_was()
    {
        var file = TestFile.Pdf(3_000_000);
        var id = await file.OpenedAsync(api.AsChengdu);
        await Should.ThrowAsync<HttpRequestException>(() => TestFile.SendAsync(api.AsChengdu, id, 0, new CutContent(file.Bytes, 1_500_000,
            () => HostFixture.UntilAsync(async () => await TestFile.OffsetAsync(api.AsChengdu, id) == 1024 * 1024, "what has come is durable while more is awaited"))));

        // The request that was cut may be about to end.
        Answer last = null!;
        await HostFixture.UntilAsync(async () =>
        {
            var offset = (await TestFile.OffsetAsync(api.AsChengdu, id))!.Value;
            offset.ShouldBeInRange(1024 * 1024, 1_500_000);
            last = await TestFile.SendAsync(api.AsChengdu, id, offset, file.Bytes[(int)offset..]);
            return last.Status is not (409 or 429);
        }, "the rest is taken");
        last.Status.ShouldBe(200, last.Text);
        last.Json["held"]!.GetValue<bool>().ShouldBeTrue();
    }

    [Fact]
    public async Task A_second_request_for_the_same_file_finds_the_open_upload_and_bytes_at_a_wrong_place_are_not_taken()
    {
        var file = TestFile.Pdf();
        var id = await file.OpenedAsync(api.AsChengdu);
        await TestFile.SendAsync(api.AsChengdu, id, 0, file.Bytes[..100]);

        var again = await file.OpenAsync(api.AsChengdu);
        again.Status.ShouldBe(200);
        again.Json["uploadId"]!.GetValue<string>().ShouldBe(id);
        again.Json["offset"]!.GetValue<long>().ShouldBe(100);
        foreach (var wrong in new[] { 0L, 99, 101 })
        {
            var answer = await TestFile.SendAsync(api.AsChengdu, id, wrong, file.Bytes[100..]);
            answer.ShouldBeProblem(409, ReasonCodes.UploadOffsetDiffers);
            answer.Headers.GetValues("Upload-Offset").ShouldBe(["100"]);
        }

        (await TestFile.SendAsync(api.AsChengdu, id, 100, file.Bytes[100..])).Json["held"]!.GetValue<bool>().ShouldBeTrue();
    }

    [Fact]
    public async Task Uploads_of_the_same_file_at_once_all_end_with_the_file_held()
    {
        var file = TestFile.Pdf(2_500_000);
        await Task.WhenAll(new[] { api.AsChengdu, api.AsChengdu, api.AsDeyang, api.AsMeishan }.Select(async client =>
        {
            await HostFixture.UntilAsync(async () =>
            {
                var opened = await file.OpenAsync(client);
                if (opened.Json["held"]!.GetValue<bool>())
                    return true;
                var offset = opened.Json["offset"]!.GetValue<int>();
                (await TestFile.SendAsync(client, opened.Json["uploadId"]!.GetValue<string>(), offset, file.Bytes[offset..])).Status.ShouldBeOneOf(200, 404, 409, 429);
                return false;
            }, "the file is held");
        }));

        // One of the three cities' bytes is the file; those of the others are removed with the next look.
        var files = api.Fixture.Host.Materials;
        var content = await files.Store.ContentAsync(file.Digest, Cancel);
        (await ReadAsync(content!.Location, content.Size)).ShouldBe(file.Bytes);
        (await files.Store.LeftoversAsync(100, Cancel)).ShouldNotContain(content.Location);
    }

    [Fact]
    public async Task A_file_that_is_not_what_was_announced_is_refused_and_forgotten()
    {
        var file = TestFile.Pdf();
        await RefusedAsync(await file.OpenAsync(api.AsChengdu, digest: new string('a', 64)), file.Bytes, ReasonCodes.FileDigestDiffers);
        await RefusedAsync(await file.OpenAsync(api.AsChengdu, size: 4999), file.Bytes, ReasonCodes.FileSizeDiffers);
        await RefusedAsync(await file.OpenAsync(api.AsChengdu, mediaType: "image/png"), file.Bytes, ReasonCodes.FileTypeDiffers);
        (await api.Fixture.Host.Materials.Store.ContentAsync(file.Digest, Cancel)).ShouldBeNull();
        (await file.HandInAsync(api.AsChengdu)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task What_cannot_be_a_material_is_not_opened()
    {
        var file = TestFile.Pdf();
        (await file.OpenAsync(api.AsChengdu, size: MaterialUploads.MaxBytes + 1)).ShouldBeProblem(400, ReasonCodes.NumberOutOfBounds);
        (await file.OpenAsync(api.AsChengdu, size: 0)).ShouldBeProblem(400, ReasonCodes.NumberOutOfBounds);
        (await file.OpenAsync(api.AsChengdu, digest: "../../etc/passwd")).ShouldBeProblem(400, ReasonCodes.PatternMismatch);
        (await file.OpenAsync(api.AsChengdu, mediaType: "text/html")).ShouldBeProblem(422, ReasonCodes.FileTypeNotTaken);
        (await api.AsChengdu.SendAsync("{", "application/json", "/v1/uploads")).ShouldBeProblem(400, ReasonCodes.NotWellFormed);
        (await api.AsChengdu.SendAsync("{}", "text/plain", "/v1/uploads")).ShouldBeProblem(415, ReasonCodes.MediaTypeUnsupported);
    }

    [Fact]
    public async Task A_request_holds_at_most_a_chunk()
    {
        var file = TestFile.Pdf(MaterialUploads.ChunkBytes + 1);
        var id = await file.OpenedAsync(api.AsChengdu);
        (await TestFile.SendAsync(api.AsChengdu, id, 0, file.Bytes)).ShouldBeProblem(413, ReasonCodes.TooLarge);
        (await TestFile.OffsetAsync(api.AsChengdu, id)).ShouldBe(0);
        (await TestFile.SendAsync(api.AsChengdu, id, 0, new Unannounced(file.Bytes))).ShouldBeProblem(413, ReasonCodes.TooLarge);
        (await TestFile.OffsetAsync(api.AsChengdu, id)).ShouldBe(MaterialUploads.ChunkBytes);
        (await TestFile.SendAsync(api.AsChengdu, id, MaterialUploads.ChunkBytes, file.Bytes[^1..])).Json["held"]!.GetValue<bool>().ShouldBeTrue();
    }

    [Fact]
    public async Task A_city_does_not_see_another_s_upload_nor_that_another_has_handed_the_file_in()
    {
        var file = TestFile.Pdf();
        var id = await file.OpenedAsync(api.AsChengdu);
        (await TestFile.OffsetAsync(api.AsDeyang, id)).ShouldBeNull();
        (await TestFile.SendAsync(api.AsDeyang, id, 0, file.Bytes)).ShouldBeProblem(404, ReasonCodes.NotFound);
        using var delete = await api.AsDeyang.Http.DeleteAsync("/v1/uploads/" + id, Cancel);
        ((int)delete.StatusCode).ShouldBe(404);
        await TestFile.SendAsync(api.AsChengdu, id, 0, file.Bytes);

        var asked = await file.OpenAsync(api.AsDeyang);
        asked.Status.ShouldBe(201);
        asked.Json["held"]!.GetValue<bool>().ShouldBeFalse();
        using var given = await api.AsDeyang.Http.DeleteAsync("/v1/uploads/" + asked.Json["uploadId"]!.GetValue<string>(), Cancel);
        ((int)given.StatusCode).ShouldBe(204);
    }

    [Fact]
    public async Task A_city_has_a_bounded_number_of_open_uploads_and_a_bounded_volume_a_day()
    {
        await using var fixture = await HostFixture.WithPlayedCitiesAsync(o => o with { Materials = o.Materials with { OpenUploads = 2, DailyBytes = 20_000 } });
        using var client = new ApiClient(fixture.Client(), DataHub.Host.Api.ApiKeys.Create(fixture.ApiKeysFile, ApiHost.Chengdu));
        var first = TestFile.Pdf();
        await first.OpenedAsync(client);
        await TestFile.Pdf().OpenedAsync(client);
        (await TestFile.Pdf().OpenAsync(client)).ShouldBeProblem(429, ReasonCodes.TooManyUploads);
        (await first.HandInAsync(client)).Status.ShouldBe(200);
        (await TestFile.Pdf(10_001).OpenAsync(client)).ShouldBeProblem(429, ReasonCodes.UploadVolumeReached);
        (await TestFile.Pdf(10_000).OpenAsync(client)).Status.ShouldBe(201);
    }

    private async Task RefusedAsync(Answer opened, byte[] bytes, string code)
    {
        var id = opened.Json["uploadId"]!.GetValue<string>();
        (await TestFile.SendAsync(api.AsChengdu, id, 0, bytes)).ShouldBeProblem(422, code);
        (await TestFile.OffsetAsync(api.AsChengdu, id)).ShouldBeNull();
    }

    private async Task<byte[]> ReadAsync(string location, long size)
    {
        await using var stream = await api.Fixture.Host.Materials.Bytes.OpenAsync(location, size, Cancel);
        var bytes = new byte[size];
        await stream!.ReadExactlyAsync(bytes, Cancel);
        return bytes;
    }

    /// <summary>Announces all and breaks off.</summary>
    private sealed class CutContent(byte[] bytes, int cutAt, Func<Task> beforeCut) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
        {
            await stream.WriteAsync(bytes.AsMemory(0, cutAt));
            await stream.FlushAsync();
            await beforeCut();
            throw new IOException("cut");
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes.Length;
            return true;
        }
    }

    /// <summary>Does not say how long it is.</summary>
    private sealed class Unannounced(byte[] bytes) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) => stream.WriteAsync(bytes).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
