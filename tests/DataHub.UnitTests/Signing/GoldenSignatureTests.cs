using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DataHub.Contracts.Envelope;
using DataHub.Core.Signing;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Signing;

/// <summary>
/// The golden files were computed apart from this code, with a SHA-256 library, the recursive definitions of RFC 6962
/// section 2.1 and <c>openssl dgst -sha256 -sign</c>. If a test here fails, the signed texts have changed and every
/// signature that was ever made no longer verifies: that needs a new version of the attribute, not a new golden file.
/// </summary>
public sealed class GoldenSignatureTests
{
    [Fact]
    public void Roots_are_those_of_RFC_6962()
    {
        using var roots = JsonDocument.Parse(File.ReadAllBytes(Golden("roots.json")));
        foreach (var expected in roots.RootElement.EnumerateObject())
        {
            var count = int.Parse(expected.Name);
            var tree = new byte[Merkle.TreeSize(count)];
            for (var i = 0; i < count; i++)
                SHA256.HashData([Merkle.LeafPrefix, .. Encoding.UTF8.GetBytes($"leaf-{i}")], tree.AsSpan(i * Merkle.HashSize));
            Merkle.Build(tree, count);
            Convert.ToHexStringLower(tree.AsSpan()[^Merkle.HashSize..]).ShouldBe(expected.Value.GetString(), $"{count} leaves");
        }
    }

    [Fact]
    public void The_golden_batch_verifies_and_has_the_documented_text()
    {
        var (key, events, texts) = ReadBatch();
        var verifier = new SignatureVerifier(new KeyRing([key]));
        for (var i = 0; i < events.Length; i++)
        {
            SignedText.OfEvent(events[i]).ShouldBe(texts[i]);
            verifier.Verify(events[i]).ShouldBeNull($"event {i}");
        }

        verifier.RootChecks.ShouldBe(1);
    }

    [Fact]
    public void Signing_the_golden_events_gives_the_golden_proofs()
    {
        var (key, events, _) = ReadBatch();
        using var own = SigningSamples.NewKey(key.Info.Id, key.Info.City);
        var signedAt = DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(events[0].Signature!.Split('.')[2]));
        var signed = new BatchSigner(own).Sign(events, signedAt);
        for (var i = 0; i < events.Length; i++)
            signed[i].Signature!.Split('.')[..6].ShouldBe(events[i].Signature!.Split('.')[..6]);
    }

    private static (VerifyingKey Key, CloudEvent[] Events, string[] Texts) ReadBatch()
    {
        using var batch = JsonDocument.Parse(File.ReadAllBytes(Golden("batch-of-5.json")));
        string Text(string name) => batch.RootElement.GetProperty(name).GetString()!;
        var info = new KeyInfo(Text("keyId"), Text("city"), Text("suite"), DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue);
        var key = VerifyingKey.FromPem(info, File.ReadAllText(Golden("public.pem")));
        var entries = batch.RootElement.GetProperty("events").EnumerateArray().ToList();
        return (key, [.. entries.Select(Event)], [.. entries.Select(e => e.GetProperty("text").GetString()!)]);
    }

    private static CloudEvent Event(JsonElement e) => new()
    {
        Id = e.GetProperty("id").GetString()!,
        Source = e.GetProperty("source").GetString()!,
        Type = e.GetProperty("type").GetString()!,
        Time = e.GetProperty("time").GetDateTimeOffset(),
        ExchangeId = e.GetProperty("exchangeid").GetString()!,
        Sequence = e.GetProperty("sequence").GetInt64(),
        SenderCity = e.GetProperty("sendercity").GetString()!,
        TargetCity = e.GetProperty("targetcity").GetString(),
        DataDigest = e.GetProperty("datadigest").GetString()!,
        Signature = e.GetProperty("signature").GetString(),
        Data = Encoding.UTF8.GetBytes(e.GetProperty("data").GetString()!),
    };

    private static string Golden(string name) => Repository.PathTo("tests", "DataHub.UnitTests", "Signing", "golden", name);
}
