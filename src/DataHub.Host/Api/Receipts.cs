using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Storage;
using DataHub.Core.Validation;

namespace DataHub.Host.Api;

/// <summary>The hub's receipts as they lie in a city's journal.</summary>
internal sealed class Receipts(INodeStore store, HubShards shards)
{
    private static readonly TimeSpan ComesWithin = TimeSpan.FromSeconds(1);

    /// <summary>The receipt that covers a message of the city; 404 with Retry-After until it has come.</summary>
    public async Task<IResult> GetAsync(string city, string messageId, CancellationToken cancel)
    {
        var key = city + ":" + messageId;
        if (!EventFormat.IsIdentifier(messageId) || !(await store.KnownAsync(city, [key], cancel)).TryGetValue(key, out var sent))
            return Problems.Of(ReasonCodes.NotFound, "$");
        if (await FindAsync(city, messageId, sent.ExchangeId, sent.Sequence, cancel) is not { } found)
            return Problems.Of([Reasons.Of(ReasonCodes.NotFound, "$")], ComesWithin);
        var entry = found.Entry;
        var body = new ArrayBufferWriter<byte>(found.Event.Length + 1024);
        await using (var json = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteString("messageId"u8, messageId);
            json.WritePropertyName("entry"u8);
            var answer = new ReceiptEntryAnswer(entry.MessageId, entry.Sequence, entry.Digest, entry.ExchangeId, Name(entry.Verdict), entry.State, entry.Reasons);
            JsonSerializer.Serialize(json, answer, ApiJson.Default.ReceiptEntryAnswer);
            json.WritePropertyName("receipt"u8);
            // Byte for byte, or its digest would not hold.
            json.WriteRawValue(found.Event, skipInputValidation: true);
            json.WriteEndObject();
        }

        return Results.Bytes(body.WrittenMemory, "application/json");
    }

    /// <summary>What the hub said of the message with this number of the city; null until its receipt has come.</summary>
    public async Task<(byte[] Event, ReceiptEntry Entry)?> FindAsync(string city, string messageId, string exchangeId, long sequence, CancellationToken cancel)
    {
        // The city's own reports belong to no exchange, and nobody asks for their receipts.
        if (exchangeId == Nodes.NoExchange || await store.ReceiptAsync(city, shards.NodeOf(exchangeId), sequence, cancel) is not { } row || EventFormat.ReadElement(row.Body).Event is not { } e
            || PayloadReader.Read(e.Type, e.Data.Span) is not ReadOutcome.Ok { Payload: HubReceipt receipt })
            return null;
        return receipt.Entries.FirstOrDefault(r => r.Sequence == sequence && r.MessageId == messageId) is { } entry ? (row.Body, entry) : null;
    }

    /// <summary>The verdict as it stands on the wire.</summary>
    public static string Name(Verdict verdict) => verdict switch
    {
        Verdict.Accepted => "accepted",
        Verdict.Refused => "refused",
        Verdict.Parked => "parked",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict)),
    };
}
