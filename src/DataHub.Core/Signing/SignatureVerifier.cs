using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;

namespace DataHub.Core.Signing;

/// <summary>
/// Verifies one event at a time: digest of the data, inclusion in the batch, signature over the batch's root, and that
/// the key was the sender's and valid when it signed. A root that was verified is remembered, so a batch costs one
/// signature check however many of its events come. Safe for several threads at once.
/// </summary>
public sealed class SignatureVerifier(KeyRing ring, int rememberedRoots = 4096)
{
    private const string SignaturePath = "$.signature";
    private const int BufferBytes = 1024;

    private readonly RecentSet recent = new(rememberedRoots);
    private readonly MerkleMemory nodes = new();
    private long rootChecks;

    /// <summary>How many root signatures were really checked since the start.</summary>
    public long RootChecks => Interlocked.Read(ref rootChecks);

    /// <summary>Null where the event is what its sender signed; otherwise the first reason why not.</summary>
    public Reason? Verify(CloudEvent e)
    {
        if (string.IsNullOrEmpty(e.Signature))
            return Reasons.Of(ReasonCodes.SignatureMissing, SignaturePath);
        if (!DigestMatches(e))
            return Reasons.Of(ReasonCodes.DigestMismatch, "$.datadigest");

        Span<byte> buffer = stackalloc byte[BufferBytes];
        if (!SignatureText.TryParse(e.Signature, buffer, out var signature))
            return Reasons.Of(ReasonCodes.SignatureInvalid, SignaturePath);
        if (ring.Find(signature.KeyId) is not { } key)
            return Reasons.Of(ReasonCodes.UnknownKey, SignaturePath);
        if (key.Info.City != e.SenderCity)
            return Reasons.Of(ReasonCodes.KeyOfOtherCity, SignaturePath);
        if (!key.Info.IsValidAt(DateTimeOffset.FromUnixTimeMilliseconds(signature.SignedAtMs)))
            return Reasons.Of(ReasonCodes.KeyNotValidThen, SignaturePath);

        Span<byte> root = stackalloc byte[Merkle.HashSize];
        Span<byte> leaf = stackalloc byte[Merkle.HashSize];
        return SignedText.TryHashEvent(e, leaf)
            && Merkle.TryClimb(leaf, signature.Count, signature.Index, signature.Proof, root, nodes)
            && RootIsSigned(key, signature, root)
                ? null
                : Reasons.Of(ReasonCodes.SignatureInvalid, SignaturePath);
    }

    private bool RootIsSigned(VerifyingKey key, in SignatureText signature, ReadOnlySpan<byte> root)
    {
        Span<byte> buffer = stackalloc byte[BufferBytes];
        var text = SignedText.Batch(key.Info, signature.SignedAtMs, signature.Count, root, buffer);

        // The memory's key covers the signature too: an event with another signature over the same root is another claim.
        signature.Signature.CopyTo(buffer[text.Length..]);
        var claim = RootClaim.Of(buffer[..(text.Length + signature.Signature.Length)]);
        if (recent.Contains(claim))
            return true;
        Interlocked.Increment(ref rootChecks);
        if (!key.Verify(text, signature.Signature))
            return false;
        recent.Add(claim);
        return true;
    }

    private static bool DigestMatches(CloudEvent e)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        Span<char> hex = stackalloc char[2 * SHA256.HashSizeInBytes];
        Sha256.Hash(e.Data.Span, hash);
        return Convert.TryToHexStringLower(hash, hex, out _) && e.DataDigest.AsSpan().SequenceEqual(hex);
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct RootClaim(UInt128 High, UInt128 Low)
    {
        public static RootClaim Of(ReadOnlySpan<byte> text)
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            Sha256.Hash(text, hash);
            return MemoryMarshal.Read<RootClaim>(hash);
        }
    }

    /// <summary>Two generations: when the younger is full the older is dropped, so memory is bounded and roots in use stay.</summary>
    private sealed class RecentSet(int capacity)
    {
        private readonly Lock gate = new();
        private ConcurrentDictionary<RootClaim, byte> younger = new();
        private ConcurrentDictionary<RootClaim, byte> older = new();
        private int count;

        public bool Contains(RootClaim claim) => younger.ContainsKey(claim) || older.ContainsKey(claim);

        public void Add(RootClaim claim)
        {
            lock (gate)
            {
                if (!younger.TryAdd(claim, 0) || ++count < capacity / 2)
                    return;
                older = younger;
                younger = new();
                count = 0;
            }
        }
    }
}
