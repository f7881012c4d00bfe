using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using CsvHelper;
using DataHub.Contracts;

namespace DataHub.Core.Registry;

/// <summary>Reads the seeds' CSV files and collects every fault on the way.</summary>
public sealed class SeedFolder(string path)
{
    private const long MaxBytes = 4 * 1024 * 1024;
    private const int MaxRows = 20_000;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly CsvReaderOptions Options = new()
    {
        Separator = ',',
        HasHeader = false,
        CommentPrefix = '#',
        TrimWhitespace = true,
        TrackLineNumbers = true,
        MalformedData = CsvMalformedDataHandling.Throw,
    };

    private readonly List<SeedFault> faults = [];

    /// <summary>Every fault so far, of reading and of those who check what was read.</summary>
    public IReadOnlyList<SeedFault> Faults => faults;

    /// <param name="row">Line in the file, from 1; 0 for the file as a whole.</param>
    public void Fault(string file, int row, string reason) => faults.Add(new SeedFault(file, row, reason));

    /// <summary>The names of the files of a sub-folder, sorted, as paths inside the seeds folder.</summary>
    public IReadOnlyList<string> FilesIn(string folder)
    {
        var full = Path.Combine(path, folder);
        if (!Directory.Exists(full))
        {
            Fault(folder, 0, "the folder is missing");
            return [];
        }

        return [.. Directory.EnumerateFiles(full, "*.csv").Select(f => folder + "/" + Path.GetFileName(f)).Order(StringComparer.Ordinal)];
    }

    /// <summary>
    /// The rows of a file: UTF-8, a header with exactly these columns in any order, lines that start with <c>#</c> are
    /// comments. Rows with a wrong number of fields are faults and left out.
    /// </summary>
    public IReadOnlyList<SeedRow> Read(string file, params string[] columns)
    {
        var full = new FileInfo(Path.Combine(path, file));
        if (!full.Exists)
        {
            Fault(file, 0, "the file is missing");
            return [];
        }

        if (full.Length > MaxBytes)
        {
            Fault(file, 0, $"the file is larger than {MaxBytes} bytes");
            return [];
        }

        try
        {
            // Decoded beforehand, so that broken UTF-8 is a fault here and not a replacement character in a name.
            using var reader = CsvReader.FromText(StrictUtf8.GetString(File.ReadAllBytes(full.FullName)).TrimStart('\uFEFF'), Options);
            return ReadRows(file, reader, columns);
        }
        catch (Exception e) when (e is CsvFormatException or DecoderFallbackException or IOException)
        {
            Fault(file, e is CsvFormatException f ? (int)f.LineNumber : 0, "the file cannot be read: " + e.Message);
            return [];
        }
    }

    private List<SeedRow> ReadRows(string file, CsvReader reader, string[] columns)
    {
        if (!reader.Read())
        {
            Fault(file, 0, "the header is missing");
            return [];
        }

        var header = reader.Current.ToArray();
        if (!header.Order(StringComparer.Ordinal).SequenceEqual(columns.Order(StringComparer.Ordinal)))
        {
            Fault(file, (int)reader.LineNumber, $"the header must be {string.Join(',', columns)}");
            return [];
        }

        var rows = new List<SeedRow>();
        while (reader.Read())
        {
            var line = (int)reader.LineNumber;
            if (rows.Count == MaxRows)
            {
                Fault(file, line, $"the file has more than {MaxRows} rows");
                return rows;
            }

            var values = reader.Current.ToArray();
            if (values.Length != header.Length)
                Fault(file, line, $"the row has {values.Length} fields, the header has {header.Length}");
            else
                rows.Add(new SeedRow(this, file, line, header.Zip(values).ToDictionary(p => p.First, p => p.Second)));
        }

        return rows;
    }
}

/// <summary>One row, read field by field. A wrong value is a fault and reads as a harmless default.</summary>
public sealed partial class SeedRow
{
    private readonly SeedFolder folder;
    private readonly string file;
    private readonly int row;
    private readonly Dictionary<string, string> values;

    internal SeedRow(SeedFolder folder, string file, int row, Dictionary<string, string> values) => (this.folder, this.file, this.row, this.values) = (folder, file, row, values);

    /// <summary>Adds a fault at this row.</summary>
    public void Fault(string reason) => folder.Fault(file, row, reason);

    public string Text(string column)
    {
        var value = values[column];
        if (value.Length == 0)
            Fault($"{column} is empty");
        return value;
    }

    /// <summary>A text that may be empty.</summary>
    public string Optional(string column) => values[column];

    public string Identifier(string column) => Matching(column, IdentifierPattern(), "a code (letters, digits and . _ : -, at most 64)");

    public string CityCode(string column) => Matching(column, CityCodePattern(), "a GB/T 2260 code of six digits");

    /// <summary>A code, or <c>*</c> for any.</summary>
    public string IdentifierOrAny(string column) => values[column] == "*" ? "*" : Identifier(column);

    /// <summary>A city's code, or <c>*</c> for any.</summary>
    public string CityCodeOrAny(string column) => values[column] == "*" ? "*" : CityCode(column);

    public int Whole(string column, int min, int max)
    {
        if (int.TryParse(values[column], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
            return number;
        Fault($"{column} must be a whole number from {min} to {max}");
        return min;
    }

    /// <summary>A whole number, or null where the field is empty.</summary>
    public int? WholeOrNone(string column, int min, int max) => values[column].Length == 0 ? null : Whole(column, min, max);

    public bool YesNo(string column)
    {
        if (values[column] is not ("yes" or "no"))
            Fault($"{column} must be yes or no");
        return values[column] == "yes";
    }

    public DateOnly Date(string column)
    {
        if (DateOnly.TryParseExact(values[column], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
            return date;
        Fault($"{column} must be a date yyyy-MM-dd");
        return DateOnly.MinValue;
    }

    public DateOnly? DateOrNone(string column) => values[column].Length == 0 ? null : Date(column);

    public TEnum Named<TEnum>(string column, IReadOnlyDictionary<string, TEnum> names)
        where TEnum : struct, Enum
    {
        if (names.TryGetValue(values[column], out var value))
            return value;
        Fault($"{column} must be one of {string.Join(", ", names.Keys)}");
        return default;
    }

    /// <summary>Entries separated by <c>|</c>, at least one, none twice.</summary>
    public IReadOnlyList<string> List(string column)
    {
        var entries = Text(column).Split('|', StringSplitOptions.TrimEntries);
        if (entries.Contains("") && entries.Length > 1)
            Fault($"{column} has an empty entry");
        if (entries.Distinct(StringComparer.Ordinal).Count() != entries.Length)
            Fault($"{column} has an entry twice");
        return entries;
    }

    private string Matching(string column, Regex pattern, string what)
    {
        if (!pattern.IsMatch(values[column]))
            Fault($"{column} must be {what}");
        return values[column];
    }

    [GeneratedRegex(Patterns.Identifier)]
    private static partial Regex IdentifierPattern();

    [GeneratedRegex(Patterns.CityCode)]
    private static partial Regex CityCodePattern();
}
