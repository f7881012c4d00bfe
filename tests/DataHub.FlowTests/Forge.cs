using System.Security.Cryptography;
using System.Text;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Signing;
using DataHub.Core.Validation;
using DataHub.Host.Roles;

namespace DataHub.FlowTests;

/// <summary>Events as a city's node makes them, with real keys, and as one that is not the city would.</summary>
internal static class Forge
{
    /// <summary>An event before signing.</summary>
    public static CloudEvent Event(string city, long number, string id, string exchangeId, string type, ReadOnlyMemory<byte> data) => new()
    {
        Id = id,
        Source = "/cities/" + city,
        Type = type,
        Time = TimeProvider.System.GetUtcNow(),
        ExchangeId = exchangeId,
        Sequence = number,
        SenderCity = city,
        DataDigest = SignedText.DigestOf(data.Span),
        Data = data,
    };

    public static CloudEvent Event(string city, long number, string id, string exchangeId, IPayload payload) =>
        Event(city, number, id, exchangeId, PayloadReader.TypeOf(payload), PayloadReader.Write(payload));

    /// <summary>Signed with the sender's own key.</summary>
    public static CloudEvent Signed(DataHubHost host, CloudEvent e)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new BatchSigner(host.Keys.KeyOf(e.SenderCity, now)).Sign([e], now)[0];
    }

    /// <summary>Signed with a key that says it is the sender's and is not.</summary>
    /// <param name="keyId">Null: the id of the sender's real key.</param>
    public static CloudEvent SignedByStranger(DataHubHost host, CloudEvent e, string? keyId = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        var real = host.Keys.KeyOf(e.SenderCity, now).Info;
        using var secret = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = SigningKey.FromPem(real with { Id = keyId ?? real.Id }, secret.ExportPkcs8PrivateKeyPem());
        return new BatchSigner(key).Sign([e], now)[0];
    }

    /// <summary>Signed by another city with its own real key, and then passed off as the sender's.</summary>
    public static CloudEvent SignedByOtherCity(DataHubHost host, CloudEvent e, string other) =>
        Signed(host, e with { SenderCity = other }) with { SenderCity = e.SenderCity };

    public static byte[] Frame(params IEnumerable<CloudEvent> events) => Raw(events.Select(EventFormat.Write));

    /// <summary>A frame of elements that need not be events.</summary>
    public static byte[] Raw(IEnumerable<byte[]> elements) => [(byte)'[', .. elements.SelectMany((e, i) => i == 0 ? e : [(byte)',', .. e]), (byte)']'];

    public static byte[] Nested(int depth) => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth));
}
