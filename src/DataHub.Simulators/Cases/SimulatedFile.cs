using System.Buffers.Binary;
using System.Security.Cryptography;
using DataHub.Contracts.Payloads;

namespace DataHub.Simulators.Cases;

/// <summary>
/// A small file that grows from the seed, the case's number and what it is, so that both its digest and its bytes can be had
/// at any time and in any process without keeping it. Begins as a file of its kind does; nobody looks further.
/// </summary>
internal sealed class SimulatedFile
{
    /// <summary>What a result file is called.</summary>
    public const string Result = "result";

    private static readonly (string MediaType, byte[] Beginning)[] Kinds =
    [
        ("application/pdf", "%PDF-1.7\n"u8.ToArray()),
        ("image/jpeg", [0xFF, 0xD8, 0xFF, 0xE0]),
    ];

    private SimulatedFile(string mediaType, byte[] bytes)
    {
        MediaType = mediaType;
        Bytes = bytes;
        Digest = Convert.ToHexStringLower(SHA256.HashData(bytes));
    }

    public string MediaType { get; }

    public byte[] Bytes { get; }

    public string Digest { get; }

    /// <param name="number">The number in the opening message.</param>
    /// <param name="what">Unique among the files of the case.</param>
    public static SimulatedFile Of(int seed, string number, string what)
    {
        var (mediaType, beginning) = what == Result ? Kinds[0] : Draw.Pick(seed, number, "kind " + what, Kinds);
        var bytes = new byte[400 + (8 * Draw.Below(seed, number, "size " + what, 500))];
        var state = (ulong)BitConverter.DoubleToInt64Bits(Draw.Of(seed, number, "bytes " + what));
        for (var at = 0; at < bytes.Length; at += sizeof(ulong))
        {
            // SplitMix64.
            state += 0x9E3779B97F4A7C15UL;
            var next = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9UL;
            next = (next ^ (next >> 27)) * 0x94D049BB133111EBUL;
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), next ^ (next >> 31));
        }

        beginning.CopyTo(bytes, 0);
        return new SimulatedFile(mediaType, bytes);
    }

    /// <summary>What the city's clerk hands in under this code at first.</summary>
    public static SimulatedFile Submitted(int seed, string number, string code) => Of(seed, number, code);

    /// <summary>What the city's clerk hands in afterwards.</summary>
    public static SimulatedFile Supplemented(int seed, string number, string code) => Of(seed, number, "supplement " + code);

    public Material As(string code, string name) => new() { Code = code, Name = name, Digest = Digest, Size = Bytes.Length, MediaType = MediaType };

    /// <summary>The files that a message of this city names; those of a sample, which nobody has, are left out.</summary>
    public static IEnumerable<SimulatedFile> NamedBy(IPayload payload, int seed, string number) => payload switch
    {
        // The parts of a joint application share the files of their whole.
        JointApplication whole => whole.Materials.Select(m => (m.Digest, File: Submitted(seed, number, m.Code))).Where(m => m.Digest == m.File.Digest).Select(m => m.File),
        ServiceSubmission { Joint: not null } part => part.Materials.Select(m => (m.Digest, File: Submitted(seed, part.CaseNumber, m.Code))).Where(m => m.Digest == m.File.Digest).Select(m => m.File),
        ServiceSubmission submission => submission.Materials.Select(m => (m.Digest, File: Submitted(seed, number, m.Code))).Where(m => m.Digest == m.File.Digest).Select(m => m.File),
        CaseSupplement supplement => supplement.Materials.Select(m => (m.Digest, File: Supplemented(seed, number, m.Code))).Where(m => m.Digest == m.File.Digest).Select(m => m.File),
        ServiceDecision { FileDigest: { } digest } when Of(seed, number, Result) is var file && file.Digest == digest => [file],
        _ => [],
    };
}
