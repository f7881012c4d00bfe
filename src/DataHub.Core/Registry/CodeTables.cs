using System.Collections.Frozen;

namespace DataHub.Core.Registry;

/// <summary>
/// The cities' code tables: what each city's own codes mean at the hub. Cities are named by GB/T 2260 code, tables by the
/// names of <see cref="Tables"/>. Comparison is exact.
/// </summary>
public sealed class CodeTables
{
    private readonly FrozenDictionary<(string City, string Table, string Native), string> canonical;
    private readonly FrozenDictionary<(string City, string Table, string Canonical), string> native;

    /// <param name="rows">In the files' order: where several native codes mean the same, the first is the one written.</param>
    internal CodeTables(IReadOnlyList<CodeRow> rows)
    {
        Rows = rows;
        canonical = rows.DistinctBy(r => (r.City, r.Table, r.Native)).ToFrozenDictionary(r => (r.City, r.Table, r.Native), r => r.Canonical);
        native = rows.DistinctBy(r => (r.City, r.Table, r.Canonical)).ToFrozenDictionary(r => (r.City, r.Table, r.Canonical), r => r.Native);
    }

    public IReadOnlyList<CodeRow> Rows { get; }

    /// <summary>The hub's code for a city's own; null where the table doesn't have it.</summary>
    public string? ToCanonical(string city, string table, string native) => canonical.GetValueOrDefault((city, table, native));

    /// <summary>The city's own code for the hub's; null where the table doesn't have it.</summary>
    public string? ToNative(string city, string table, string canonical) => native.GetValueOrDefault((city, table, canonical));
}

/// <summary>Names of the code tables that every city must have.</summary>
public static class Tables
{
    public const string Sex = "sex";
    public const string IdType = "id-type";
    public const string Mode = "mode";

    /// <summary>Results of a decision.</summary>
    public const string Result = "result";

    /// <summary>Channels of delivery.</summary>
    public const string Channel = "channel";

    /// <summary>Categories of a medical result.</summary>
    public const string Category = "category";

    /// <summary>A doctor's verdict on a medical result.</summary>
    public const string Verdict = "verdict";

    public const string RepeatReason = "repeat-reason";

    /// <summary>What became of a message at the hub.</summary>
    public const string HubVerdict = "hub-verdict";

    public const string DeadlineStage = "deadline-stage";

    /// <summary>Relation of an agent or of a family member to the applicant.</summary>
    public const string Relation = "relation";

    /// <summary>Service items, without the transfer kinds.</summary>
    public const string Item = "item";

    /// <summary>Insurance kinds: the items of the transfer flows.</summary>
    public const string InsuranceKind = "insurance-kind";

    public const string RecognitionItem = "recognition-item";

    public const string ReturnReason = "return-reason";

    /// <summary>Message types, in the hub's spelling without the common prefix.</summary>
    public const string MessageType = "message-type";

    /// <summary>Outcome codes of all flows.</summary>
    public const string Outcome = "outcome";
}
