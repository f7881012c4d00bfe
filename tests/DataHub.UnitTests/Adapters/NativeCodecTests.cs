using System.Text;
using DataHub.Adapters.Deyang;
using DataHub.Contracts;
using DataHub.Core.Native;
using DataHub.Core.Native.Wire;
using DataHub.Core.Registry;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Adapters;

/// <summary>Every valid sample of the contracts, through each city's codec and back.</summary>
public sealed class NativeCodecTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 20, 9, 0, 0, TimeSpan.FromHours(8));
    private static readonly string Seeds = RegistrySnapshot.FindSeeds();
    private static readonly RegistrySnapshot Registry = RegistrySnapshot.Load(Seeds);

    [Fact]
    public void Every_sample_survives_Chengdu_s_JSON()
    {
        ForEachSample("chengdu", (mapping, type, native) =>
        {
            NativeJson.TryRead(NativeJson.Write(native), out var read, out _).ShouldBeTrue(type);
            Canonical(mapping, read!).ShouldBe(Canonical(mapping, native), type);
        }).ShouldBeGreaterThan(40);
    }

    [Fact]
    public void Every_sample_survives_Deyang_s_XML_and_keeps_to_the_schema()
    {
        var schemas = DeyangSchema.Compile(DeyangSchema.Build(NativeMapping.Load(Seeds, "deyang", Registry)));
        ForEachSample("deyang", (mapping, type, native) =>
        {
            var envelope = Soap.Write(DeyangXml.Message(DeyangXml.Submit, native, mapping.TypeField));
            Soap.TryRead(envelope, out var operation, out _).ShouldBeTrue(type);
            DeyangSchema.FirstFault(schemas, operation!).ShouldBeNull(type);
            Canonical(mapping, DeyangXml.ReadMessage(operation!, mapping.TypeField)!).ShouldBe(Canonical(mapping, native), type);
        }).ShouldBeGreaterThan(40);
    }

    [Fact]
    public void A_text_keeps_its_blanks_and_line_breaks_in_XML()
    {
        var record = new NativeRecord { { "文本", " 前后有空格\r\n\t " }, { "空", "" } };
        var read = NativeXml.Read(RoundTrip(record));
        read.Text("文本").ShouldBe(" 前后有空格\r\n\t ");
        read.Text("空").ShouldBe("");
    }

    [Fact]
    public void An_empty_list_stays_a_list_in_XML()
    {
        var record = new NativeRecord();
        record.Add("列表", new List<NativeRecord>());
        NativeXml.Read(RoundTrip(record))["列表"].ShouldBeOfType<NativeValue.Records>().Values.ShouldBeEmpty();
    }

    private static System.Xml.Linq.XElement RoundTrip(NativeRecord record)
    {
        NativeXml.TryParse(NativeXml.ToBytes(NativeXml.Write(DeyangXml.Submit, record)), out var root, out _).ShouldBeTrue();
        return root!;
    }

    private static int ForEachSample(string city, Action<NativeMapping, string, NativeRecord> check)
    {
        var mapping = NativeMapping.Load(Seeds, city, Registry);
        var count = 0;
        foreach (var shape in mapping.Shapes)
        {
            var folder = Repository.PathTo("contracts", "samples", shape.Type[MessageTypes.Prefix.Length..], "valid");
            foreach (var file in Directory.EnumerateFiles(folder, "*.json"))
            {
                check(mapping, shape.Type, mapping.ToNative(shape.Type, "M-1", MemoryIntake.ExchangeId, At, File.ReadAllBytes(file)));
                count++;
            }
        }

        return count;
    }

    private static string Canonical(NativeMapping mapping, NativeRecord native)
    {
        var outcome = mapping.ToCanonical(native);
        return outcome is NativeReadOutcome.Refused refused
            ? string.Join('\n', refused.Reasons)
            : Encoding.UTF8.GetString(((NativeReadOutcome.Ok)outcome).Message.Data.Span);
    }
}
