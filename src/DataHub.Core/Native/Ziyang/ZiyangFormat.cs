using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;

namespace DataHub.Core.Native.Ziyang;

/// <summary>One row of a message file.</summary>
/// <param name="Number">From 1, as the file itself counts.</param>
/// <param name="Record">Null where the row could not be read; <paramref name="Reasons"/> then says why.</param>
/// <param name="Native">Header and row in GB18030, as evidence of what the city wrote.</param>
public sealed record ZiyangRow(int Number, NativeRecord? Record, IReadOnlyList<Reason> Reasons, ReadOnlyMemory<byte> Native);

public abstract record ZiyangReadOutcome
{
    public sealed record Ok(IReadOnlyList<ZiyangRow> Rows) : ZiyangReadOutcome;

    /// <summary>The file is refused as a whole: none of its rows was taken.</summary>
    public sealed record Refused(IReadOnlyList<Reason> Reasons) : ZiyangReadOutcome;
}

/// <summary>
/// Ziyang's message files (contracts/native/ziyang.md): GB18030 CSV, a header row, one message a row, and a trailer row
/// <c>合计,count,total</c>. The total is the exact sum of the rows' amount columns in yuan.
/// </summary>
public sealed partial class ZiyangFormat
{
    public const int MaxBytes = 16 * 1024 * 1024;
    public const string RowNumber = "行号";
    public const string Trailer = "合计";

    private readonly Dictionary<string, NativeKind> _kinds = new(StringComparer.Ordinal);
    private readonly HashSet<string> _amounts = new(StringComparer.Ordinal);

    /// <exception cref="ArgumentException">A column means a list in one message and a text in another.</exception>
    public ZiyangFormat(IEnumerable<NativeField> fields)
    {
        foreach (var field in fields)
        {
            if (!_kinds.TryAdd(field.Name, field.Kind) && _kinds[field.Name] != field.Kind)
                throw new ArgumentException($"Column {field.Name} is mapped to more than one kind.", nameof(fields));
            if (field.Convert.StartsWith("yuan", StringComparison.Ordinal))
                _amounts.Add(field.Name);
        }
    }

    /// <exception cref="EncoderFallbackException">A text holds a lone surrogate.</exception>
    public byte[] Write(IReadOnlyList<NativeRecord> records)
    {
        var columns = records.SelectMany(record => record.Names).Distinct(StringComparer.Ordinal).ToList();
        var text = new StringBuilder();
        var total = 0m;
        CsvText.Append(text, columns.Prepend(RowNumber));
        for (var i = 0; i < records.Count; i++)
        {
            CsvText.Append(text, columns
                .Select(column => records[i][column] is { } value ? PackedText.Pack(value) : "")
                .Prepend((i + 1).ToString(CultureInfo.InvariantCulture)));
            total += _amounts.Sum(column => Amount(records[i].Text(column)));
        }

        CsvText.Append(text, [Trailer, records.Count.ToString(CultureInfo.InvariantCulture), total.ToString("0.00", CultureInfo.InvariantCulture)]);
        return Gb18030.Strict.GetBytes(text.ToString());
    }

    public ZiyangReadOutcome Read(ReadOnlySpan<byte> file)
    {
        if (file.Length > MaxBytes)
            return Refuse(ReasonCodes.FileTooLarge, MaxBytes);
        if (Gb18030.Decode(file) is not { } text)
            return Refuse(ReasonCodes.EncodingInvalid, "GB18030");
        if (CsvText.Read(text, out var faultLine) is not { } lines)
            return Refuse(ReasonCodes.CsvRowInvalid, faultLine);
        if (lines.Count == 0 || lines[0].Cells[0] != RowNumber || lines[0].Cells.Distinct(StringComparer.Ordinal).Count() != lines[0].Cells.Count)
            return Refuse(ReasonCodes.NativeNotReadable);
        if (lines.Count == 1 || lines[^1].Cells is not [Trailer, var count, var total]
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var statedCount)
            || !AmountText.IsMatch(total))
            return Refuse(ReasonCodes.CsvTrailerMissing);

        var rows = lines.Skip(1).SkipLast(1).Select((line, i) => ReadRow(lines[0], line, i + 1)).ToList();
        var reasons = new List<Reason>();
        if (statedCount != rows.Count)
            reasons.Add(Reasons.Of(ReasonCodes.CsvTrailerCountDiffers, "$", statedCount, rows.Count));
        var sum = rows.Sum(row => row.Record is { } record ? _amounts.Sum(column => Amount(record.Text(column))) : 0m);
        var stated = Amount(total);
        // A row that cannot be read hides its amount: then the total proves nothing, and the row is refused by itself.
        if (stated != sum && rows.All(row => row.Record is not null))
            reasons.Add(Reasons.Of(ReasonCodes.CsvTrailerAmountDiffers, "$", stated.ToString("0.00", CultureInfo.InvariantCulture), sum.ToString("0.00", CultureInfo.InvariantCulture)));
        return reasons.Count > 0 ? new ZiyangReadOutcome.Refused(reasons) : new ZiyangReadOutcome.Ok(rows);
    }

    private ZiyangRow ReadRow(CsvRow header, CsvRow line, int number)
    {
        var native = Gb18030.Strict.GetBytes(header.Text + "\r\n" + line.Text + "\r\n");
        if (line.Cells.Count != header.Cells.Count || line.Cells[0] != number.ToString(CultureInfo.InvariantCulture))
            return new ZiyangRow(number, null, [Reasons.Of(ReasonCodes.CsvRowInvalid, "$", number)], native);
        var record = new NativeRecord();
        var reasons = new List<Reason>();
        for (var i = 1; i < header.Cells.Count; i++)
        {
            if (line.Cells[i].Length == 0)
                continue;
            var column = header.Cells[i];
            if (PackedText.Unpack(line.Cells[i], _kinds.GetValueOrDefault(column)) is { } value)
                record.Add(column, value);
            else
                reasons.Add(Reasons.Of(ReasonCodes.NativeValueInvalid, column, "接口说明规定的打包格式"));
        }

        return reasons.Count > 0 ? new ZiyangRow(number, null, reasons, native) : new ZiyangRow(number, record, [], native);
    }

    private static ZiyangReadOutcome.Refused Refuse(string code, params object[] args) => new([Reasons.Of(code, "$", args)]);

    /// <summary>An amount that is not one counts nothing here; the mapping refuses its row with the field's name.</summary>
    private static decimal Amount(string? text) =>
        text is not null && AmountText.IsMatch(text) ? decimal.Parse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : 0m;

    [GeneratedRegex(@"^-?[0-9]{1,16}(\.[0-9]{1,2})?\z", RegexOptions.CultureInvariant)]
    private static partial Regex AmountText { get; }
}
