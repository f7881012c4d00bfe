using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using DataHub.Contracts;
using DataHub.Core.Journal;
using DataHub.Core.Storage;

namespace DataHub.Host.Api;

/// <summary>
/// A city's feed: everything that its node has received, oldest first, read with a cursor. The cursor is the number of
/// the last journal row that was looked at; a client keeps it and starts after it, so that nothing is missed or doubled.
/// </summary>
internal sealed class Outcomes(INodeStore store)
{
    public const int DefaultLimit = 100;
    public const int MaxLimit = 200;

    /// <summary>A page ends when its events have reached this size.</summary>
    private const int PageBytes = 4 * 1024 * 1024;

    /// <summary>Journal rows that one call looks at, at most: the city's own messages stand between those it received.</summary>
    private const int MaxRows = 2000;

    public async Task<IResult> GetAsync(string city, string? after, string? limit, CancellationToken cancel)
    {
        if ((after is null ? 0 : ReadCursor(city, after)) is not { } number)
            return Problems.Of(ReasonCodes.BadCursor, "after");
        var wanted = DefaultLimit;
        if (limit is not null && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out wanted) || wanted is < 1 or > MaxLimit))
            return Problems.Of(ReasonCodes.NumberOutOfBounds, "limit", 1, MaxLimit);

        var page = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(page, new JsonWriterOptions { SkipValidation = true });
        json.WriteStartObject();
        json.WriteStartArray("events"u8);
        var (events, rows, more) = (0, 0, true);
        while (more && events < wanted && rows < MaxRows && json.BytesCommitted + json.BytesPending < PageBytes)
        {
            var found = await store.JournalAsync(city, number, kind: null, wanted, cancel);
            more = found.Count == wanted;
            rows += found.Count;
            foreach (var row in found)
            {
                if (events == wanted || json.BytesCommitted + json.BytesPending >= PageBytes)
                {
                    more = true;
                    break;
                }

                number = row.Number;
                if (row.Kind != EntryKind.Received)
                    continue;
                json.WriteRawValue(row.Body, skipInputValidation: true);
                events++;
            }
        }

        json.WriteEndArray();
        json.WriteString("next"u8, WriteCursor(city, number));
        json.WriteBoolean("more"u8, more);
        json.WriteEndObject();
        await json.FlushAsync(cancel);
        return Results.Bytes(page.WrittenMemory, "application/json");
    }

    internal static string WriteCursor(string city, long number) =>
        Base64Url.EncodeToString(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"1.{city}.{number}")));

    internal static long? ReadCursor(string city, string cursor)
    {
        if (cursor.Length is 0 or > 64 || !Base64Url.IsValid(cursor))
            return null;
        var parts = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(cursor)).Split('.');
        return parts is ["1", var owner, var text] && owner == city && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number < 1L << 40 ? number : null;
    }
}
