using System.Collections;
using System.Collections.Frozen;
using System.Globalization;
using System.Resources;
using System.Text;
using DataHub.Contracts.Payloads;
using DataHub.Core.Validation;

namespace DataHub.Core.Errors;

/// <summary>
/// The sentences of the reason codes. They are Chinese whatever the culture of the thread, since they travel to other
/// cities; English is for those who ask for it by name. No sentence holds personal data.
/// </summary>
public static class Reasons
{
    /// <summary>Most reasons that one refusal carries.</summary>
    public const int MaxCount = 50;

    private const int MaxMessage = 500;
    private const int MaxPath = 200;
    private static readonly FrozenDictionary<string, string> Chinese = Load("Reasons", "");
    private static readonly FrozenDictionary<string, string> English = Load("Reasons", "en");
    private static readonly FrozenDictionary<string, string> FieldNames = Load("FieldNames", "");

    /// <summary>
    /// A reason with its Chinese sentence. In the sentence <c>{0}</c> is the field's name as found from
    /// <paramref name="path"/>, <c>{1}</c> and on are <paramref name="args"/>; further arguments are left out, missing ones
    /// show as a dash.
    /// </summary>
    /// <param name="code">A code of <c>ReasonCodes</c>.</param>
    /// <param name="path">JSON path such as <c>$.applicant.idNumber</c>, <c>$</c> for the whole message, or a native field's name.</param>
    /// <param name="args">Bounds, catalogue names, sums. Never a person's data.</param>
    public static Reason Of(string code, string path, params object[] args) => new()
    {
        Code = code,
        Path = Bounded(path.Length == 0 ? "$" : path, MaxPath),
        Message = Bounded(Format(Chinese[code], FieldName(path), args), MaxMessage),
    };

    /// <summary>The sentence of a code in another language, for readers of the console; English for <c>en*</c>, else Chinese.</summary>
    public static string Sentence(string code, string path, CultureInfo culture, params object[] args) =>
        culture.TwoLetterISOLanguageName == "en" ? Format(English[code], path, args) : Format(Chinese[code], FieldName(path), args);

    internal static string KindName(ShapeKind kind) => kind switch
    {
        ShapeKind.Object or ShapeKind.Map => "对象",
        ShapeKind.List => "列表",
        ShapeKind.Text or ShapeKind.Choice => "文本",
        ShapeKind.Whole => "整数",
        ShapeKind.Flag => "true 或 false",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>The Chinese name of the field at a JSON path: <c>$.years[2].baseFen</c> is 年度明细第 3 项缴费基数.</summary>
    internal static string FieldName(string path)
    {
        if (path is "$" or "")
            return "本条消息";
        if (!path.StartsWith("$.", StringComparison.Ordinal))
            return path;
        var name = new StringBuilder();
        foreach (var segment in path[2..].Split('.'))
        {
            var bracket = segment.IndexOf('[', StringComparison.Ordinal);
            var member = bracket < 0 ? segment : segment[..bracket];
            name.Append(FieldNames.GetValueOrDefault(member, member));
            if (bracket >= 0 && int.TryParse(segment.AsSpan(bracket + 1).TrimEnd(']'), CultureInfo.InvariantCulture, out var index))
                name.Append(CultureInfo.InvariantCulture, $"第 {index + 1} 项");
        }

        return name.ToString();
    }

    private static string Format(string sentence, string field, object[] args) => string.Format(
        CultureInfo.InvariantCulture,
        sentence,
        [field, .. args, .. Enumerable.Repeat<object>("—", Math.Max(0, 3 - args.Length))]);

    private static string Bounded(string text, int max)
    {
        if (text.Length <= max)
            return text;
        return char.IsHighSurrogate(text[max - 2]) ? text[..(max - 2)] + "…" : text[..(max - 1)] + "…";
    }

    private static FrozenDictionary<string, string> Load(string name, string culture)
    {
        var resources = new ResourceManager("DataHub.Core.Errors." + name, typeof(Reasons).Assembly);
        var set = resources.GetResourceSet(CultureInfo.GetCultureInfo(culture), createIfNotExists: true, tryParents: false)
            ?? throw new MissingManifestResourceException($"{name} has no resources for the culture '{culture}'.");
        return set.Cast<DictionaryEntry>().ToFrozenDictionary(entry => (string)entry.Key, entry => (string)entry.Value!, StringComparer.Ordinal);
    }
}
