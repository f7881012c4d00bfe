using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Core.Materials;
using DataHub.Core.Storage;
using Microsoft.Net.Http.Headers;

namespace DataHub.Host.Api;

/// <summary>
/// The materials of exchanges, for the cities that take part: whoever sent or received the messages of an exchange may have
/// the files that these name. Nobody else learns whether a file or an exchange is there.
/// </summary>
internal sealed class Materials(INodeStore nodes, IMaterialStore store, IMaterialBytes bytes, TimeProvider time)
{
    private const int MaxListed = 1000;

    public async Task<IResult> ListAsync(string city, string id, CancellationToken cancel)
    {
        if (!await TakesPartAsync(city, id, cancel))
            return Problems.Of(ReasonCodes.NotFound, "$");
        var listed = await store.MaterialsAsync(id, MaxListed, cancel);
        return Results.Json(new MaterialsAnswer(id, [.. listed.Select(Answer)]));
    }

    /// <summary>The bytes, with ranges. Recorded before the first byte goes out.</summary>
    public async Task<IResult> GetAsync(HttpResponse response, string city, string id, string digest, CancellationToken cancel)
    {
        if (!EventFormat.IsExchangeId(id) || !Uploads.IsDigest(digest))
            return Problems.Of(ReasonCodes.NotFound, "$");
        var found = await FindAsync(city, id, digest, cancel);
        try
        {
            await store.RecordAccessAsync(new MaterialAccess(time.GetUtcNow(), city, id, digest, Given: found is not null), cancel);
        }
        catch
        {
            if (found is { File: var unread })
                await unread.DisposeAsync();
            throw;
        }

        if (found is not { } given)
            return Problems.Of(ReasonCodes.NotFound, "$");
        var (named, content, file) = given;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "sandbox";
        return Results.Stream(file, content.MediaType, named.Name + MediaKinds.Find(content.MediaType)?.Extension, entityTag: new EntityTagHeaderValue($"\"{content.Digest}\""), enableRangeProcessing: true);
    }

    private async Task<(NamedMaterial Named, ContentRow Content, Stream File)?> FindAsync(string city, string id, string digest, CancellationToken cancel)
    {
        if (!await TakesPartAsync(city, id, cancel)
            || (await store.MaterialsAsync(id, MaxListed, cancel)).Find(m => m.Named.Digest == digest && m.Held) is not { } listed
            || await store.ContentAsync(digest, cancel) is not { } content
            || await bytes.OpenAsync(content.Location, content.Size, cancel) is not { } file)
            return null;
        return (listed.Named, content, file);
    }

    /// <summary>A city's node has the exchanges that the city takes part in, and no others.</summary>
    private async ValueTask<bool> TakesPartAsync(string city, string id, CancellationToken cancel) =>
        EventFormat.IsExchangeId(id) && (await nodes.ExchangesAsync(city, [id], cancel)).ContainsKey(id);

    private static MaterialAnswer Answer(ListedMaterial listed) => new()
    {
        Code = listed.Named.Code,
        Name = listed.Named.Name,
        Digest = listed.Named.Digest,
        Size = listed.Named.Size,
        MediaType = listed.Named.MediaType,
        Held = listed.Held,
        MessageId = listed.Named.MessageId,
        City = listed.Named.City,
        NamedAt = listed.Named.At,
    };
}
