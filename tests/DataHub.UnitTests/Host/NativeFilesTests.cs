using System.Text.Json.Nodes;
using DataHub.Core.Native;
using DataHub.Core.Native.Meishan;
using DataHub.Core.Native.Ziyang;
using DataHub.Host.Demo;
using DataHub.Host.Roles;
using DataHub.Simulators;
using DataHub.Simulators.Cases;
using DataHub.UnitTests.Native;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Host;

/// <summary>Generated cases in the cities' own forms, read back by the codecs that the adapters use.</summary>
public sealed class NativeFilesTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("native-files-").FullName;

    [Fact]
    public async Task Every_case_reads_back_as_the_message_that_it_was_made_from()
    {
        var cases = Cases(600);
        await new NativeFiles(NativeTestData.Registry, NativeTestData.Seeds, HubModules.Interfaces).WriteAsync(cases, folder, TestContext.Current.CancellationToken);

        var read = (await ReadAsync()).ToDictionary(m => m.MessageId);
        read.Count.ShouldBe(cases.Count);
        foreach (var planned in cases)
        {
            var message = read[planned.CaseNumber + "-01"];
            message.Type.ShouldBe(planned.Type);
            JsonNode.DeepEquals(JsonNode.Parse(message.Data.Span), JsonNode.Parse(planned.Data.Span)).ShouldBeTrue(planned.CaseNumber);
        }
    }

    [Fact]
    public async Task The_expectations_stand_beside_them()
    {
        var cases = Cases(300);
        await new NativeFiles(NativeTestData.Registry, NativeTestData.Seeds, HubModules.Interfaces).WriteAsync(cases, folder, TestContext.Current.CancellationToken);

        var lines = await File.ReadAllLinesAsync(Path.Combine(folder, NativeFiles.ExpectedFile), TestContext.Current.CancellationToken);
        lines.Length.ShouldBe(cases.Count + 1);
        lines.Skip(1).Count(l => l.Split(',')[3] == "refused").ShouldBe(cases.Count(c => c.Expected.Expectation is Expectation.Refused));
        var first = cases.First(c => c.Expected.Expectation is Expectation.Reconciled { BreakCode: null });
        lines.ShouldContain($"{first.CaseNumber},{first.City},{first.Expected.Flow},reconciled,{((Expectation.Reconciled)first.Expected.Expectation).OutcomeCode},");
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static IReadOnlyList<PlannedCase> Cases(int count) =>
        new CaseGenerator(Knobs.Default with { InvalidRate = 0.2, OverlapRate = 0 }, NativeTestData.Registry).Generate(count, TimeProvider.System.GetUtcNow(), TimeSpan.Zero);

    private async Task<List<NativeMessage>> ReadAsync()
    {
        var messages = new List<NativeMessage>();
        void Take(NativeReadOutcome outcome) => messages.Add(outcome.ShouldBeOfType<NativeReadOutcome.Ok>().Message);

        foreach (var (key, extension) in new[] { ("chengdu", "*.json"), ("deyang", "*.xml") })
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(folder, key), extension))
                Take(SampleForm.Read(NativeTestData.Mappings[key], await File.ReadAllBytesAsync(file)));
        }

        using var tables = new SqliteMeishanTables(Path.Combine(folder, "meishan", "exchange.db"), NativeTestData.Mappings["meishan"]);
        foreach (var row in await tables.ReadNewAsync(tables.Tables.Send, 10_000, TestContext.Current.CancellationToken))
            Take(NativeTestData.Mappings["meishan"].ToCanonical(row.Record!));

        var drop = new ZiyangFolders(Path.Combine(folder, "ziyang"), NativeTestData.Mappings["ziyang"]);
        foreach (var name in drop.Out.Ready())
        {
            var file = drop.MessageFormat.Read(await drop.Out.ReadAsync(name, ZiyangFormat.MaxBytes, TestContext.Current.CancellationToken));
            foreach (var row in file.ShouldBeOfType<ZiyangReadOutcome.Ok>().Rows)
                Take(NativeTestData.Mappings["ziyang"].ToCanonical(row.Record!));
        }

        return messages;
    }
}
