using System.Text.Json.Nodes;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Native;
using DataHub.Core.Native.Wire;
using DataHub.Core.Validation;
using DataHub.Simulators;
using DataHub.Simulators.Cases;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Native;

/// <summary>The parts that the hub's side files for a joint application reach the city's own system in its own words.</summary>
public sealed class JointPartRoundTripTests
{
    private const string Whole = "510100-20261122-0000000001";

    [Fact]
    public void Every_part_of_every_generated_joint_application_reads_back_as_it_was_filed()
    {
        var read = 0;
        foreach (var planned in new CaseGenerator(Knobs.Default with { InvalidRate = 0 }, NativeTestData.Registry).Generate(4000, TimeProvider.System.GetUtcNow(), TimeSpan.Zero))
        {
            if (planned.Type != MessageTypes.JointApplication)
                continue;
            var whole = (JointApplication)((ReadOutcome.Ok)PayloadReader.Read(planned.Type, planned.Data.Span)).Payload;
            var mapping = NativeTestData.Mappings[NativeTestData.Registry.CityByCode(planned.City)!.Key];
            foreach (var part in whole.Parts)
            {
                var data = PayloadReader.Write(JointSplit.Part(whole, part, Whole, NativeTestData.Registry));
                var native = mapping.ToNative(MessageTypes.ServiceSubmission, $"{planned.CaseNumber}-{part.Number}", Whole, planned.DueAt, data);
                var message = mapping.ToCanonical(native).ShouldBeOfType<NativeReadOutcome.Ok>($"{planned.City}: {string.Join(' ', (mapping.ToCanonical(native) as NativeReadOutcome.Refused)?.Reasons.Select(r => r.Code + r.Path) ?? [])}").Message;
                JsonNode.DeepEquals(JsonNode.Parse(message.Data.Span), JsonNode.Parse(data)).ShouldBeTrue(planned.CaseNumber);
                if (mapping.City.Key == "deyang")
                {
                    var envelope = Soap.Write(DeyangXml.Message(DeyangXml.Deliver, native, mapping.TypeField));
                    Soap.TryRead(envelope, out var content, out var fault).ShouldBeTrue($"{planned.CaseNumber} {fault?.Reason.Code}");
                    DeyangXml.ReadMessage(content!, mapping.TypeField).ShouldNotBeNull();
                }

                read++;
            }
        }

        read.ShouldBeGreaterThan(100);
    }
}
