using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using DataHub.Contracts;
using DataHub.Core.Errors;
using DataHub.Core.Native;
using DataHub.Core.Native.Meishan;
using DataHub.Core.Native.Wire;
using DataHub.Core.Native.Ziyang;

namespace DataHub.Simulators.Cases;

/// <summary>Reads samples in the cities' own forms as the hub's adapters do, and fills in their times.</summary>
public static partial class SampleForm
{
    /// <summary>Whether samples of this city can be read here.</summary>
    public static bool Knows(string cityKey) => cityKey is "chengdu" or "deyang" or "meishan" or "ziyang";

    /// <summary>What the hub's side will make of a sample before it validates it.</summary>
    public static NativeReadOutcome Read(NativeMapping mapping, ReadOnlyMemory<byte> sample)
    {
        switch (mapping.City.Key)
        {
            case "chengdu":
                return NativeJson.TryRead(sample, out var json, out var noJson) ? mapping.ToCanonical(json) : Refused(noJson);
            case "deyang":
                return ReadSoap(mapping, sample);
            case "meishan":
                return mapping.ToCanonical(new MeishanTableSet(mapping).Send.ReadSample(sample.Span));
            case "ziyang":
                return new ZiyangFormat(mapping.Shapes.SelectMany(shape => shape.Fields)).Read(sample.Span) switch
                {
                    ZiyangReadOutcome.Ok { Rows: [{ Record: { } record }] } => mapping.ToCanonical(record),
                    ZiyangReadOutcome.Ok { Rows: [var row] } => Refused([.. row.Reasons]),
                    ZiyangReadOutcome.Refused refused => Refused([.. refused.Reasons]),
                    _ => Refused(Reasons.Of(ReasonCodes.NativeNotReadable, "$")),
                };
            default:
                throw new ArgumentException($"There is no form of samples for {mapping.City.Key}.", nameof(mapping));
        }
    }

    /// <summary>
    /// Puts times for <c>{{now}}</c>, <c>{{now-3d}}</c>, <c>{{now+90m}}</c> (d days, h hours, m minutes) in the city's own
    /// writing. All other bytes stay as they are, whatever their encoding.
    /// </summary>
    public static byte[] Fill(NativeMapping mapping, ReadOnlySpan<byte> sample, DateTimeOffset now)
    {
        // Latin-1 gives each byte a character of its own and back.
        var text = Encoding.Latin1.GetString(sample);
        return Encoding.Latin1.GetBytes(Placeholder().Replace(text, match =>
        {
            var amount = match.Groups[1].Length == 0 ? 0 : int.Parse(match.Groups[1].ValueSpan, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            var shift = match.Groups[2].Value switch
            {
                "d" => TimeSpan.FromDays(amount),
                "h" => TimeSpan.FromHours(amount),
                _ => TimeSpan.FromMinutes(amount),
            };
            // Only Deyang writes times with Chinese characters, and its form is UTF-8.
            return Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(mapping.TimeText(now + shift)));
        }));
    }

    /// <summary>True where something looks like a time to be filled in and is none.</summary>
    public static bool HasOddPlaceholder(ReadOnlySpan<byte> sample) => Placeholder().Replace(Encoding.Latin1.GetString(sample), "").Contains("{{", StringComparison.Ordinal);

    private static NativeReadOutcome ReadSoap(NativeMapping mapping, ReadOnlyMemory<byte> sample)
    {
        if (!Soap.TryRead(sample, out var operation, out var fault))
            return Refused(fault.Reason);
        if (operation.Name != DeyangXml.Submit)
            return Refused(Reasons.Of(ReasonCodes.UnknownNativeKind, "$"));
        try
        {
            if (DeyangXml.ReadMessage(operation, mapping.TypeField) is { } record)
                return mapping.ToCanonical(record);
        }
        catch (FormatException)
        {
            // Falls through to the same refusal.
        }

        return Refused(Reasons.Of(ReasonCodes.SchemaInvalid, "$"));
    }

    private static NativeReadOutcome.Refused Refused(params DataHub.Contracts.Payloads.Reason[] reasons) => new(null, reasons);

    [GeneratedRegex(@"\{\{now(?:([+-][0-9]{1,4})([dhm]))?\}\}", RegexOptions.CultureInvariant)]
    private static partial Regex Placeholder();
}
