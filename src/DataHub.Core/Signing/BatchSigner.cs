using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using DataHub.Contracts.Envelope;

namespace DataHub.Core.Signing;

/// <summary>
/// Signs a batch once, over the root of a Merkle tree, and gives each event its own inclusion proof, so that every event
/// can be verified alone for as long as it is kept. Safe for several threads at once.
/// </summary>
public sealed class BatchSigner(SigningKey key)
{
    /// <summary>Most events that one signature covers.</summary>
    public const int MaxBatch = 1024;

    /// <summary>
    /// Returns the same events, in the same order, with their <see cref="CloudEvent.Signature"/>. The events'
    /// <see cref="CloudEvent.DataDigest"/> is taken as it stands.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The batch is empty or over <see cref="MaxBatch"/>, an event is of another sender than the key's city, or an
    /// attribute holds a line break or is too long.
    /// </exception>
    /// <exception cref="InvalidOperationException">The key is not valid at <paramref name="signedAt"/>.</exception>
    public CloudEvent[] Sign(IReadOnlyList<CloudEvent> events, DateTimeOffset signedAt)
    {
        var count = events.Count;
        if (count is < 1 or > MaxBatch)
            throw new ArgumentException($"A batch holds 1 to {MaxBatch} events, not {count}.", nameof(events));
        var signedAtMs = signedAt.ToUnixTimeMilliseconds();
        if (!key.Info.IsValidAt(DateTimeOffset.FromUnixTimeMilliseconds(signedAtMs)))
            throw new InvalidOperationException($"Key {key.Info.Id} is not valid at {signedAt:O}.");

        var size = Merkle.TreeSize(count);
        var rented = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            var tree = rented.AsSpan(0, size);
            for (var i = 0; i < count; i++)
            {
                if (events[i].SenderCity != key.Info.City)
                    throw new ArgumentException($"Key {key.Info.Id} signs for {key.Info.City}, not for {events[i].SenderCity}.", nameof(events));
                if (!SignedText.TryHashEvent(events[i], tree.Slice(i * Merkle.HashSize, Merkle.HashSize)))
                    throw new ArgumentException("An event's attribute holds a line break or is too long to sign.", nameof(events));
            }

            Merkle.Build(tree, count);
            var signature = key.Sign(SignedText.Batch(key.Info, signedAtMs, count, tree[^Merkle.HashSize..]));
            return Attach(events, tree, signedAtMs, signature);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private CloudEvent[] Attach(IReadOnlyList<CloudEvent> events, ReadOnlySpan<byte> tree, long signedAtMs, byte[] signature)
    {
        var count = events.Count;
        var head = string.Create(CultureInfo.InvariantCulture, $"v1.{key.Info.Id}.{signedAtMs}.{count}.");
        var tail = "." + Base64Url.EncodeToString(signature);
        Span<byte> proof = stackalloc byte[Merkle.LongestProof(MaxBatch)];
        Span<char> text = stackalloc char[SignatureText.MaxLength];
        var signed = new CloudEvent[count];
        for (var i = 0; i < count; i++)
        {
            var proofBytes = Merkle.Proof(tree, count, i, proof);
            head.CopyTo(text);
            var at = head.Length;
            i.TryFormat(text[at..], out var digits, default, CultureInfo.InvariantCulture);
            at += digits;
            text[at++] = '.';
            at += Base64Url.EncodeToChars(proof[..proofBytes], text[at..]);
            tail.CopyTo(text[at..]);
            signed[i] = events[i] with { Signature = new string(text[..(at + tail.Length)]) };
        }

        return signed;
    }
}
