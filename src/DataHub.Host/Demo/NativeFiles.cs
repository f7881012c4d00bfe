using System.Globalization;
using System.Text;
using DataHub.Core.Native;
using DataHub.Core.Native.Meishan;
using DataHub.Core.Native.Wire;
using DataHub.Core.Native.Ziyang;
using DataHub.Core.Registry;
using DataHub.Host.Roles;
using DataHub.Simulators.Cases;

namespace DataHub.Host.Demo;

/// <summary>
/// Writes planned cases as each city's own system would hand them in, so that an interface can be tried without a
/// simulated city beside it: a request body a file (REST, SOAP), the exchange tables, or drop-folder files with their
/// marker. What has to become of each stands in <see cref="ExpectedFile"/>.
/// </summary>
public sealed class NativeFiles(RegistrySnapshot registry, string seedsDirectory, IReadOnlyDictionary<string, NativeInterface> interfaces)
{
    /// <summary>Columns: case, city, flow, expectation (<c>reconciled</c> or <c>refused</c>), the outcome or reason code, and a break's code.</summary>
    public const string ExpectedFile = "expected.csv";

    /// <summary>Well below what one file may hold (<see cref="ZiyangFormat.MaxBytes"/>).</summary>
    private const int RowsOfFile = 500;

    private const int RowsOfCommit = 500;

    /// <summary>Writes below <paramref name="folder"/> one folder for each city, named by its key.</summary>
    /// <exception cref="IOException">A folder or file cannot be written.</exception>
    public async Task WriteAsync(IReadOnlyList<PlannedCase> cases, string folder, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(cases);
        Directory.CreateDirectory(folder);
        foreach (var ofCity in cases.GroupBy(c => c.City, StringComparer.Ordinal))
        {
            var city = registry.CityByCode(ofCity.Key)!;
            var mapping = NativeMapping.Load(seedsDirectory, city.Key, registry);
            var records = ofCity.Select(c => (c.CaseNumber, Record: mapping.ToNative(c.Type, c.CaseNumber + "-01", null, c.DueAt, c.Data))).ToList();
            var target = Directory.CreateDirectory(Path.Combine(folder, city.Key)).FullName;
            switch (interfaces[city.Key])
            {
                case NativeInterface.Rest:
                    await WriteEachAsync(target, ".json", records, static record => NativeJson.Write(record), cancel);
                    break;
                case NativeInterface.Soap:
                    await WriteEachAsync(target, ".xml", records, record => Soap.Write(DeyangXml.Message(DeyangXml.Submit, record, mapping.TypeField)), cancel);
                    break;
                case NativeInterface.Tables:
                    await WriteTablesAsync(Path.Combine(target, "exchange.db"), mapping, records, cancel);
                    break;
                default:
                    await WriteDropAsync(target, mapping, records, cancel);
                    break;
            }
        }

        await File.WriteAllTextAsync(Path.Combine(folder, ExpectedFile), Expected(cases), cancel);
    }

    private static async Task WriteEachAsync(string folder, string extension, List<(string Number, NativeRecord Record)> records, Func<NativeRecord, byte[]> write, CancellationToken cancel)
    {
        foreach (var (number, record) in records)
            await File.WriteAllBytesAsync(Path.Combine(folder, number + extension), write(record), cancel);
    }

    private static async Task WriteTablesAsync(string file, NativeMapping mapping, List<(string Number, NativeRecord Record)> records, CancellationToken cancel)
    {
        using var tables = new SqliteMeishanTables(file, mapping);
        foreach (var chunk in records.Chunk(RowsOfCommit))
            await tables.InsertAsync(tables.Tables.Send, [.. chunk.Select(r => new MeishanEntry(r.Number + "-01", r.Record))], cancel);
    }

    private static async Task WriteDropAsync(string folder, NativeMapping mapping, List<(string Number, NativeRecord Record)> records, CancellationToken cancel)
    {
        var drop = new ZiyangFolders(folder, mapping);
        foreach (var (chunk, index) in records.Chunk(RowsOfFile).Select((chunk, index) => (chunk, index + 1)))
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{ZiyangFolders.Messages}{index:D6}.csv");
            await drop.Out.PublishAsync(name, drop.MessageFormat.Write([.. chunk.Select(r => r.Record)]), cancel);
        }
    }

    private static string Expected(IReadOnlyList<PlannedCase> cases)
    {
        var text = new StringBuilder("case,city,flow,expectation,code,break\n");
        foreach (var c in cases)
        {
            var (expectation, code, breakCode) = c.Expected.Expectation switch
            {
                Expectation.Refused refused => ("refused", refused.ReasonCode, ""),
                Expectation.Reconciled reconciled => ("reconciled", reconciled.OutcomeCode, reconciled.BreakCode ?? ""),
                _ => throw new InvalidOperationException("An expectation of a kind that this file has no words for."),
            };
            text.Append(CultureInfo.InvariantCulture, $"{c.CaseNumber},{c.City},{c.Expected.Flow},{expectation},{code},{breakCode}\n");
        }

        return text.ToString();
    }
}
