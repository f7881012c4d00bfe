using DataHub.Contracts.Payloads;

namespace DataHub.Core.Materials;

/// <summary>A file that an accepted message names: what gives the exchange's parties the right to fetch it.</summary>
/// <param name="MessageId">The message's id, unique in the sending city.</param>
/// <param name="City">The sender.</param>
/// <param name="Code">Code of the material in the catalogue; <see cref="NamedMaterials.ResultCode"/> for a result file.</param>
/// <param name="Digest">SHA-256 of the file, lower-case hexadecimal.</param>
/// <param name="Size">Bytes, where the message says so.</param>
/// <param name="MediaType">Where the message says so.</param>
public sealed record NamedMaterial(
    string ExchangeId, string MessageId, string City, string Code, string Name, string Digest, long? Size, string? MediaType, DateTimeOffset At);

/// <summary>Which files a message names.</summary>
public static class NamedMaterials
{
    /// <summary>Code under which a result file is listed: it stands in no catalogue.</summary>
    public const string ResultCode = "result";

    private const string ResultName = "办理结果";

    /// <summary>Pure; nothing for a message that carries no digest of a file.</summary>
    public static IEnumerable<NamedMaterial> Of(IPayload payload, string exchangeId, string messageId, string city, DateTimeOffset at)
    {
        IReadOnlyList<Material> materials = payload switch
        {
            ServiceSubmission submission => submission.Materials,
            JointApplication whole => whole.Materials,
            CaseSupplement supplement => supplement.Materials,
            _ => [],
        };
        if (ResultDigest(payload) is { } result)
            return [new NamedMaterial(exchangeId, messageId, city, ResultCode, ResultName, result, null, null, at)];
        return materials.Select(m => new NamedMaterial(exchangeId, messageId, city, m.Code, m.Name, m.Digest, m.Size, m.MediaType, at));
    }

    /// <summary>A decision's file, or the one that a correction puts in its place.</summary>
    private static string? ResultDigest(IPayload payload) => payload switch
    {
        ServiceDecision decision => decision.FileDigest,
        CaseCorrection correction => correction.Changes.FirstOrDefault(c => c.Path == "$.fileDigest" && c.After.Length == 64 && c.After.All(char.IsAsciiHexDigitLower))?.After,
        _ => null,
    };
}
