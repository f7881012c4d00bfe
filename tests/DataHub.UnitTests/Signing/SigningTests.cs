using System.Text;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Core.Signing;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Signing;

public sealed class SigningTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 5, 9, 30, 0, 123, TimeSpan.FromHours(8));

    private readonly SigningKey key = SigningSamples.NewKey("510100-a", "510100");
    private readonly SignatureVerifier verifier;

    public SigningTests() => verifier = new SignatureVerifier(new KeyRing([key.PublicKey()]));

    [Fact]
    public void Every_event_of_every_batch_size_verifies_alone()
    {
        var signer = new BatchSigner(key);
        for (var count = 1; count <= 300; count++)
        {
            var batch = signer.Sign(SigningSamples.Events(count), Now);
            for (var i = 0; i < count; i += count < 70 ? 1 : 13)
                verifier.Verify(batch[i]).ShouldBeNull($"event {i} of {count}");
            verifier.Verify(batch[^1]).ShouldBeNull($"last event of {count}");
        }
    }

    [Fact]
    public void The_largest_batch_verifies()
    {
        var batch = new BatchSigner(key).Sign(SigningSamples.Events(BatchSigner.MaxBatch), Now);
        batch.ShouldAllBe(e => verifier.Verify(e) == null);
    }

    [Fact]
    public void A_batch_costs_one_check_of_the_root()
    {
        foreach (var e in new BatchSigner(key).Sign(SigningSamples.Events(256), Now))
            verifier.Verify(e).ShouldBeNull();
        verifier.RootChecks.ShouldBe(1);
    }

    [Fact]
    public void The_memory_of_roots_is_bounded()
    {
        var small = new SignatureVerifier(new KeyRing([key.PublicKey()]), rememberedRoots: 4);
        var signer = new BatchSigner(key);
        var first = signer.Sign(SigningSamples.Events(2), Now);
        small.Verify(first[0]).ShouldBeNull();
        for (var i = 0; i < 6; i++)
            small.Verify(signer.Sign(SigningSamples.Events(1), Now)[0]).ShouldBeNull();
        small.RootChecks.ShouldBe(7);
        small.Verify(first[1]).ShouldBeNull();
        small.RootChecks.ShouldBe(8);
    }

    [Fact]
    public void Any_flipped_bit_of_the_data_is_refused()
    {
        var e = new BatchSigner(key).Sign(SigningSamples.Events(3), Now)[1];
        for (var bit = 0; bit < e.Data.Length * 8; bit++)
        {
            var data = e.Data.ToArray();
            data[bit / 8] ^= (byte)(1 << (bit % 8));
            verifier.Verify(e with { Data = data })!.Code.ShouldBe(ReasonCodes.DigestMismatch);
            verifier.Verify(e with { Data = data, DataDigest = SignedText.DigestOf(data) })!.Code.ShouldBe(ReasonCodes.SignatureInvalid);
        }
    }

    [Fact]
    public void Any_changed_character_of_the_signature_is_refused()
    {
        var batch = new BatchSigner(key).Sign(SigningSamples.Events(5), Now);
        foreach (var e in batch)
        {
            for (var at = 0; at < e.Signature!.Length; at++)
            {
                for (var bit = 0; bit < 7; bit++)
                {
                    var text = e.Signature.ToCharArray();
                    text[at] ^= (char)(1 << bit);
                    verifier.Verify(e with { Signature = new string(text) }).ShouldNotBeNull($"bit {bit} at {at}");
                }
            }
        }
    }

    [Fact]
    public void Another_spelling_of_a_good_signature_is_refused()
    {
        var e = new BatchSigner(key).Sign(SigningSamples.Events(3), Now)[0];
        var parts = e.Signature!.Split('.');
        string With(int part, string text) => string.Join('.', parts.Select((p, i) => i == part ? text : p));
        string[] spellings =
        [
            With(6, parts[6] + "=="), With(6, parts[6] + " "), With(6, parts[6][..40] + "\n" + parts[6][40..]), With(5, " " + parts[5]),
            With(5, parts[5] + new string('A', 128)), With(4, "00"), With(3, "03"), e.Signature + ".",
        ];
        foreach (var spelling in spellings)
            verifier.Verify(e with { Signature = spelling })!.Code.ShouldBe(ReasonCodes.SignatureInvalid, spelling);
        verifier.Verify(e).ShouldBeNull();
    }

    [Fact]
    public void A_proof_that_is_longer_than_the_tree_is_high_does_not_climb()
    {
        var tree = new byte[Merkle.TreeSize(3)];
        tree.AsSpan(0, 3 * Merkle.HashSize).Fill(7);
        Merkle.Build(tree, 3);
        var proof = new byte[Merkle.LongestProof(3) + Merkle.HashSize];
        var length = Merkle.Proof(tree, 3, 0, proof);
        var root = new byte[Merkle.HashSize];
        Merkle.TryClimb(tree.AsSpan(0, Merkle.HashSize), 3, 0, proof.AsSpan(0, length), root).ShouldBeTrue();
        root.ShouldBe(tree[^Merkle.HashSize..]);
        Merkle.TryClimb(tree.AsSpan(0, Merkle.HashSize), 3, 0, proof.AsSpan(0, length + Merkle.HashSize), root).ShouldBeFalse();
        Merkle.TryClimb(tree.AsSpan(0, Merkle.HashSize), 3, 0, proof.AsSpan(0, length - Merkle.HashSize), root).ShouldBeFalse();
        Merkle.TryClimb(tree.AsSpan(0, Merkle.HashSize), 3, 3, proof.AsSpan(0, length), root).ShouldBeFalse();
    }

    [Fact]
    public void Any_changed_signed_attribute_is_refused()
    {
        var e = new BatchSigner(key).Sign(SigningSamples.Events(7), Now)[4];
        CloudEvent[] changed =
        [
            e with { Id = e.Id + "x" }, e with { Source = e.Source + "x" }, e with { Type = e.Type + "x" }, e with { Time = e.Time.AddTicks(1) },
            e with { ExchangeId = e.ExchangeId + "0" }, e with { Sequence = e.Sequence + 1 }, e with { TargetCity = null },
            e with { TargetCity = "511400" }, e with { Id = e.Id + "\n" + e.Source, Source = "" },
        ];
        foreach (var c in changed)
            verifier.Verify(c)!.Code.ShouldBe(ReasonCodes.SignatureInvalid);
    }

    [Fact]
    public void What_the_hub_adds_on_forwarding_is_outside_the_signature()
    {
        var e = new BatchSigner(key).Sign(SigningSamples.Events(2), Now)[0];
        verifier.Verify(e with { DeliverySequence = 7, HubState = "accepted", HubVersion = 2, Flow = "service.online" }).ShouldBeNull();
    }

    [Fact]
    public void The_same_moment_at_another_offset_is_the_same_text()
    {
        var e = new BatchSigner(key).Sign(SigningSamples.Events(2), Now)[0];
        verifier.Verify(e with { Time = e.Time.ToUniversalTime() }).ShouldBeNull();
    }

    [Fact]
    public void A_proof_of_another_event_is_refused()
    {
        var batch = new BatchSigner(key).Sign(SigningSamples.Events(8), Now);
        verifier.Verify(batch[0] with { Signature = batch[1].Signature })!.Code.ShouldBe(ReasonCodes.SignatureInvalid);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    public void An_absent_signature_is_named_so(string? signature)
        => verifier.Verify(SigningSamples.Events(1)[0] with { Signature = signature })!.Code.ShouldBe(ReasonCodes.SignatureMissing);

    [Theory]
    [InlineData("v1")]
    [InlineData("......")]
    [InlineData("v2.510100-a.1.1.0..AA")]
    [InlineData("v1.510100-a.1.0.0..AA")]
    [InlineData("v1.510100-a.1.1.-1..AA")]
    [InlineData("v1.510100-a.+1.1.0..AA")]
    [InlineData("v1.510100-a.1.1.00..AA")]
    [InlineData("v1.510100-a.1.99999.0..AA")]
    [InlineData("v1.510100-a.99999999999999.1.0..AA")]
    [InlineData("v1.510100-a.1.1.0.%%.AA")]
    [InlineData("v1.510100-a.1.1.0..AA==")]
    [InlineData("v1.510100-a.1.1.0..AB")]
    [InlineData("v1.510100-a.1.1.0...AA.AA.AA.AA.AA")]
    public void A_malformed_signature_is_refused(string signature)
        => verifier.Verify(SigningSamples.Events(1)[0] with { Signature = signature })!.Code.ShouldBe(ReasonCodes.SignatureInvalid);

    [Fact]
    public void A_signature_of_any_length_is_refused_quickly()
        => verifier.Verify(SigningSamples.Events(1)[0] with { Signature = new string('A', 10_000_000) })!.Code.ShouldBe(ReasonCodes.SignatureInvalid);

    [Fact]
    public void An_unknown_key_is_named_so()
    {
        var other = SigningSamples.NewKey("510100-b", "510100");
        verifier.Verify(new BatchSigner(other).Sign(SigningSamples.Events(1), Now)[0])!.Code.ShouldBe(ReasonCodes.UnknownKey);
    }

    [Fact]
    public void Another_key_under_a_known_id_is_refused()
    {
        var impostor = SigningSamples.NewKey("510100-a", "510100");
        verifier.Verify(new BatchSigner(impostor).Sign(SigningSamples.Events(1), Now)[0])!.Code.ShouldBe(ReasonCodes.SignatureInvalid);
    }

    [Fact]
    public void A_city_cannot_sign_for_another()
    {
        var deyang = SigningSamples.NewKey("510600-a", "510600");
        var both = new SignatureVerifier(new KeyRing([key.PublicKey(), deyang.PublicKey()]));
        var e = new BatchSigner(deyang).Sign([SigningSamples.Events(1)[0] with { SenderCity = "510600" }], Now)[0];
        both.Verify(e).ShouldBeNull();
        both.Verify(e with { SenderCity = "510100" })!.Code.ShouldBe(ReasonCodes.KeyOfOtherCity);
        Should.Throw<ArgumentException>(() => new BatchSigner(deyang).Sign(SigningSamples.Events(1), Now));
    }

    [Fact]
    public void A_key_is_checked_against_the_moment_of_signing()
    {
        var old = SigningSamples.NewKey("510100-old", "510100", Now.AddYears(-3), Now.AddYears(-1));
        var then = new SignatureVerifier(new KeyRing([old.PublicKey()]));
        var e = new BatchSigner(old).Sign(SigningSamples.Events(1), Now.AddYears(-2))[0];
        then.Verify(e).ShouldBeNull();
        Should.Throw<InvalidOperationException>(() => new BatchSigner(old).Sign(SigningSamples.Events(1), Now));

        var withdrawn = SigningSamples.Shortened(old, Now.AddYears(-2));
        new SignatureVerifier(new KeyRing([withdrawn])).Verify(e)!.Code.ShouldBe(ReasonCodes.KeyNotValidThen);
    }

    [Fact]
    public void An_event_that_would_share_its_text_with_another_is_not_signed()
        => Should.Throw<ArgumentException>(() => new BatchSigner(key).Sign([SigningSamples.Events(1)[0] with { Id = "a\nb" }], Now));

    [Fact]
    public void An_empty_or_oversized_batch_is_not_signed()
    {
        Should.Throw<ArgumentException>(() => new BatchSigner(key).Sign([], Now));
        Should.Throw<ArgumentException>(() => new BatchSigner(key).Sign(SigningSamples.Events(BatchSigner.MaxBatch + 1), Now));
    }

    [Fact]
    public async Task Signing_and_verifying_from_many_threads_agree()
    {
        var signer = new BatchSigner(key);
        await Parallel.ForAsync(0, 64, (n, _) =>
        {
            foreach (var e in signer.Sign(SigningSamples.Events(1 + n), Now))
                verifier.Verify(e).ShouldBeNull();
            return ValueTask.CompletedTask;
        });
    }
}

internal static class SigningSamples
{
    public static SigningKey NewKey(string id, string city, DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var info = new KeyInfo(id, city, Suites.Es256, from ?? DateTimeOffset.UnixEpoch, to ?? new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return SigningKey.FromPem(info, key.ExportPkcs8PrivateKeyPem());
    }

    public static VerifyingKey Shortened(SigningKey key, DateTimeOffset to)
        => VerifyingKey.FromPem(key.Info with { ValidTo = to }, key.PublicKey().ToPem());

    public static CloudEvent[] Events(int count) => [.. Enumerable.Range(0, count).Select(i =>
    {
        var data = Encoding.UTF8.GetBytes($$"""{"score":{{1 + (i % 5)}},"comment":"𠮷{{i}}"}""");
        return new CloudEvent
        {
            Id = $"CD-2026-{i:D8}",
            Source = "/cities/510100/adapter",
            Type = MessageTypes.ServiceEvaluation,
            Time = new DateTimeOffset(2026, 3, 5, 9, 0, 0, TimeSpan.FromHours(8)).AddTicks(i),
            ExchangeId = $"510100-20260305-{i:D10}",
            Sequence = 1 + i,
            SenderCity = "510100",
            TargetCity = "510600",
            DataDigest = SignedText.DigestOf(data),
            Data = data,
        };
    })];
}
