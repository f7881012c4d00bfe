using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Materials;
using DataHub.Core.Native.Wire;
using Microsoft.Net.Http.Headers;

namespace DataHub.Host.Api;

/// <summary>Files that a city hands in: opened, sent in pieces, resumed where they were cut, checked with the last piece.</summary>
internal sealed partial class Uploads(MaterialUploads uploads, MaterialOptions options)
{
    /// <summary>The media type of a request that carries bytes of a file (as in the tus protocol).</summary>
    public const string BytesMediaType = "application/offset+octet-stream";

    public const string OffsetHeader = "Upload-Offset";

    private const string LengthHeader = "Upload-Length";

    private const int MaxRequestBytes = 4096;

    private static readonly string TakenTypes = string.Join(", ", MediaKinds.All.Select(k => k.MediaType));

    public async Task<IResult> OpenAsync(HttpRequest request, HttpResponse response, string city, CancellationToken cancel)
    {
        var (wanted, reasons) = await ReadAsync(request, cancel);
        if (wanted is null || reasons.Count > 0)
            return Problems.Of(reasons);
        switch (await uploads.OpenAsync(city, wanted.Digest, wanted.Size, wanted.MediaType, cancel))
        {
            case UploadOpening.Held { Content: var held }:
                return Results.Json(new UploadAnswer { Digest = held.Digest, Size = held.Size, MediaType = held.MediaType, Offset = held.Size, Held = true, ChunkBytes = MaterialUploads.ChunkBytes });
            case UploadOpening.Open { Upload: var upload, New: var isNew }:
                response.Headers.Location = "/v1/uploads/" + upload.Id;
                return Results.Json(Answer(upload), statusCode: isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
            case UploadOpening.TooManyOpen:
                return Problems.Of(ReasonCodes.TooManyUploads, "$", options.OpenUploads);
            default:
                return Problems.Of([Reasons.Of(ReasonCodes.UploadVolumeReached, "$.size", options.DailyBytes)], TimeSpan.FromHours(1));
        }
    }

    public async Task<IResult> HeadAsync(HttpResponse response, string city, string id, CancellationToken cancel)
    {
        if (!IsId(id) || await uploads.FindAsync(city, id, cancel) is not { } upload)
            return Problems.Of(ReasonCodes.NotFound, "$");
        Offset(response, upload.Received);
        response.Headers[LengthHeader] = upload.Size.ToString(CultureInfo.InvariantCulture);
        return Results.Ok();
    }

    public async Task<IResult> PatchAsync(HttpRequest request, HttpResponse response, string city, string id, string? offset, CancellationToken cancel)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals(BytesMediaType, StringComparison.OrdinalIgnoreCase))
            return Problems.Of(ReasonCodes.MediaTypeUnsupported, "$", BytesMediaType);
        if (!long.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out var from) || from > MaterialUploads.MaxBytes)
            return Problems.Of(ReasonCodes.NumberOutOfBounds, OffsetHeader, 0, MaterialUploads.MaxBytes);
        if (!IsId(id))
            return Problems.Of(ReasonCodes.NotFound, "$");
        if (request.ContentLength > MaterialUploads.ChunkBytes)
            return Problems.Of(ReasonCodes.TooLarge, "$", MaterialUploads.ChunkBytes);
        switch (await uploads.AppendAsync(city, id, from, request.Body, cancel))
        {
            case UploadProgress.Partial { Upload: var upload }:
                Offset(response, upload.Received);
                return Results.Json(Answer(upload));
            case UploadProgress.Done { Upload: var upload }:
                Offset(response, upload.Size);
                return Results.Json(new UploadAnswer { Digest = upload.Digest, Size = upload.Size, MediaType = upload.MediaType, Offset = upload.Size, Held = true, ChunkBytes = MaterialUploads.ChunkBytes });
            case UploadProgress.AtOffset { Offset: var at }:
                Offset(response, at);
                return Problems.Of(ReasonCodes.UploadOffsetDiffers, OffsetHeader, at);
            case UploadProgress.TooLarge { Offset: var at }:
                Offset(response, at);
                return Problems.Of(ReasonCodes.TooLarge, "$", MaterialUploads.ChunkBytes);
            case UploadProgress.Refused { Code: var code, Path: var path }:
                return Problems.Of(code, path);
            case UploadProgress.Busy:
                return Problems.Of([Reasons.Of(ReasonCodes.Overloaded, "$")], TimeSpan.FromSeconds(1));
            default:
                return Problems.Of(ReasonCodes.NotFound, "$");
        }
    }

    public async Task<IResult> DeleteAsync(string city, string id, CancellationToken cancel) =>
        IsId(id) && await uploads.DiscardAsync(city, id, cancel) ? Results.NoContent() : Problems.Of(ReasonCodes.NotFound, "$");

    internal static bool IsDigest(string text) => DigestForm().IsMatch(text);

    private UploadAnswer Answer(UploadRow upload) => new()
    {
        UploadId = upload.Id,
        Digest = upload.Digest,
        Size = upload.Size,
        MediaType = upload.MediaType,
        Offset = upload.Received,
        Held = false,
        ChunkBytes = MaterialUploads.ChunkBytes,
        ExpiresAt = upload.OpenedAt + options.UploadExpiry,
    };

    private static async Task<(UploadRequest? Wanted, List<Reason> Reasons)> ReadAsync(HttpRequest request, CancellationToken cancel)
    {
        if (!request.HasJsonContentType())
            return (null, [Reasons.Of(ReasonCodes.MediaTypeUnsupported, "$", "application/json")]);
        var body = await BoundedBody.ReadAsync(request, cancel, MaxRequestBytes);
        if (body.Cut is { } cut)
            return (null, [cut == BodyCut.TooLarge ? Reasons.Of(ReasonCodes.TooLarge, "$", MaxRequestBytes) : Reasons.Of(ReasonCodes.RequestIncomplete, "$")]);
        UploadRequest? wanted;
        try
        {
            wanted = JsonSerializer.Deserialize(body.Bytes.Span, ApiJson.Default.UploadRequest);
        }
        catch (JsonException e)
        {
            return (null, [Reasons.Of(ReasonCodes.NotWellFormed, "$", (e.LineNumber ?? 0) + 1, (e.BytePositionInLine ?? 0) + 1)]);
        }

        List<Reason> reasons = [];
        if (wanted?.Digest is not { } digest || !IsDigest(digest))
            reasons.Add(Reasons.Of(ReasonCodes.PatternMismatch, "$.digest"));
        if (wanted?.Size is not (>= 1 and <= MaterialUploads.MaxBytes))
            reasons.Add(Reasons.Of(ReasonCodes.NumberOutOfBounds, "$.size", 1, MaterialUploads.MaxBytes));
        if (wanted?.MediaType is not { } type || MediaKinds.Find(type) is null)
            reasons.Add(Reasons.Of(ReasonCodes.FileTypeNotTaken, "$.mediaType", TakenTypes));
        return (wanted, reasons);
    }

    private static bool IsId(string id) => id.Length == MaterialUploads.IdLength && id.All(char.IsAsciiHexDigitLower);

    private static void Offset(HttpResponse response, long offset) => response.Headers[OffsetHeader] = offset.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(Patterns.Sha256, RegexOptions.CultureInvariant)]
    private static partial Regex DigestForm();
}
