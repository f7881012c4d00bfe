using System.Text;

namespace DataHub.Core.Native.Ziyang;

/// <summary>One record of a CSV text. <see cref="Text"/> is the record as it stood in the file, without its line end.</summary>
public sealed record CsvRow(string Text, IReadOnlyList<string> Cells);

/// <summary>
/// RFC 4180, strictly and with bounds: a quote inside an unquoted cell, text after a closing quote and an unclosed quote
/// are faults, never guessed at. Lines end in CRLF or LF; blank lines are skipped.
/// </summary>
public static class CsvText
{
    public const int MaxRows = 20_000;
    public const int MaxCells = 256;
    public const int MaxCellLength = 65_536;

    /// <summary>Null on a fault; <paramref name="faultLine"/> then is the number of the record, from 1.</summary>
    public static IReadOnlyList<CsvRow>? Read(string text, out int faultLine)
    {
        var rows = new List<CsvRow>();
        var cells = new List<string>();
        var cell = new StringBuilder();
        var position = 0;
        while (position < text.Length)
        {
            faultLine = rows.Count + 1;
            var start = position;
            cells.Clear();
            while (true)
            {
                if (cells.Count == MaxCells || !ReadCell(text, ref position, cell))
                    return null;
                cells.Add(cell.ToString());
                if (position < text.Length && text[position] == ',')
                    position++;
                else
                    break;
            }

            var end = position;
            if (!SkipLineEnd(text, ref position))
                return null;
            if (end == start)
                continue;
            if (rows.Count == MaxRows)
                return null;
            rows.Add(new CsvRow(text[start..end], [.. cells]));
        }

        faultLine = 0;
        return rows;
    }

    public static void Append(StringBuilder text, IEnumerable<string> cells)
    {
        var first = true;
        foreach (var cell in cells)
        {
            if (!first)
                text.Append(',');
            first = false;
            if (cell.AsSpan().IndexOfAny("\",\r\n") >= 0)
                text.Append('"').Append(cell.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
            else
                text.Append(cell);
        }

        text.Append("\r\n");
    }

    private static bool ReadCell(string text, ref int position, StringBuilder cell)
    {
        cell.Clear();
        if (position < text.Length && text[position] == '"')
            return ReadQuoted(text, ref position, cell);
        var start = position;
        while (position < text.Length && text[position] is not (',' or '\r' or '\n'))
        {
            if (text[position] == '"')
                return false;
            position++;
        }

        cell.Append(text, start, position - start);
        return cell.Length <= MaxCellLength;
    }

    private static bool ReadQuoted(string text, ref int position, StringBuilder cell)
    {
        position++;
        while (position < text.Length && cell.Length <= MaxCellLength)
        {
            var c = text[position++];
            if (c != '"')
                cell.Append(c);
            else if (position < text.Length && text[position] == '"')
            {
                cell.Append('"');
                position++;
            }
            else
                return position == text.Length || text[position] is ',' or '\r' or '\n';
        }

        return false;
    }

    private static bool SkipLineEnd(string text, ref int position)
    {
        if (position == text.Length)
            return true;
        if (text[position] == '\r')
        {
            position++;
            if (position == text.Length || text[position] != '\n')
                return false;
        }

        position++;
        return true;
    }
}
