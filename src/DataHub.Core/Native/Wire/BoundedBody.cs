using Microsoft.AspNetCore.Http;

namespace DataHub.Core.Native.Wire;

/// <summary>A request's body, read up to a bound in bytes and time.</summary>
/// <param name="Bytes">The whole body; when it was cut, the part that was read.</param>
/// <param name="Cut">Null when the body was read whole.</param>
public sealed record BoundedBody(ReadOnlyMemory<byte> Bytes, BodyCut? Cut)
{
    /// <summary>Longest body of a native request: 256 KiB.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>How much of an unauthentic or oversize request is kept as evidence: such input must not fill the journal.</summary>
    public const int EvidenceBytes = 2048;

    private static readonly TimeSpan ReadWithin = TimeSpan.FromSeconds(15);

    /// <summary>The beginning of the body, for the journal.</summary>
    public ReadOnlyMemory<byte> Evidence => Bytes[..Math.Min(Bytes.Length, EvidenceBytes)];

    /// <param name="maxBytes">Longest body that is read whole.</param>
    public static async Task<BoundedBody> ReadAsync(HttpRequest request, CancellationToken cancellationToken, int maxBytes = MaxBytes)
    {
        // A declared length is believed only to refuse early, and then little is read; what arrives is counted anyway.
        var declaredTooLong = request.ContentLength > maxBytes;
        var bound = declaredTooLong ? EvidenceBytes : maxBytes + 1;
        var buffer = new byte[(int)Math.Min(bound, (request.ContentLength ?? 16 * 1024) + 1)];
        var length = 0;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(ReadWithin);
        try
        {
            while (length < bound)
            {
                if (length == buffer.Length)
                    Array.Resize(ref buffer, Math.Min(bound, buffer.Length * 2));
                var read = await request.Body.ReadAsync(buffer.AsMemory(length), deadline.Token);
                if (read == 0)
                    break;
                length += read;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new BoundedBody(buffer.AsMemory(0, length), BodyCut.TooSlow);
        }

        var tooLarge = declaredTooLong || length > maxBytes;
        return new BoundedBody(buffer.AsMemory(0, length), tooLarge ? BodyCut.TooLarge : null);
    }
}

public enum BodyCut
{
    TooLarge,
    TooSlow,
}
