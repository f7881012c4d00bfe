using DataHub.Broker.Intake;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Core.Journal;
using DataHub.Core.Messaging;
using DataHub.Core.Registry;
using DataHub.Core.Storage;
using DataHub.Core.Telemetry;
using DataHub.UnitTests.Flows;
using Microsoft.Extensions.Logging.Abstractions;
using NSubstitute;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Broker;

public sealed class WrongShardTests
{
    private const string Chengdu = "510100";

    [Fact]
    public async Task A_message_of_another_shards_exchange_is_refused_journalled_and_told_to_its_sender()
    {
        var store = Substitute.For<INodeStore>();
        store.KnownAsync("", [], default).ReturnsForAnyArgs(_ => ValueTask.FromResult(new Dictionary<string, KnownMessage>()));
        store.ExchangesAsync("", [], default).ReturnsForAnyArgs(_ => ValueTask.FromResult(new Dictionary<string, ExchangeRow>()));
        var registry = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds());
        var intake = new FrameIntake(new HubShards(2), registry, new PatientKeys(new byte[32]), new NodeMetrics(Nodes.Hub, [Chengdu], TimeProvider.System), NullLogger.Instance);
        var step = new HubStep(Nodes.Hub, 1, store, new Recent<ExchangeRow>(10), Samples.Now, _ => 0, _ => 0);
        // Numbered by a city that is set to one shard: odd numbers are the other shard's.
        var received = new ReceivedEvent
        {
            Raw = "{}"u8.ToArray(),
            Event = new CloudEvent
            {
                Id = "m-1",
                Source = "/cities/" + Chengdu,
                Type = MessageTypes.ServiceSubmission,
                Time = Samples.Now,
                ExchangeId = Chengdu + "-20260304-0000000001",
                Sequence = 1,
                SenderCity = Chengdu,
                Data = "{}"u8.ToArray(),
                DataDigest = Samples.Digest,
            },
            Payload = Samples.Submission,
        };
        await step.LoadAsync([FrameIntake.WantsOf([received])], default);

        await intake.ApplyAsync(step, Chengdu, [received], default);

        step.Commit.Exchanges.ShouldBeEmpty();
        step.Commit.Entries.ShouldHaveSingleItem().Kind.ShouldBe(EntryKind.Refused);
        step.Receipts[Chengdu].ShouldHaveSingleItem().Reasons.ShouldNotBeNull().ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.WrongShard);
        step.Commit.Received[Chengdu].ShouldBe(1, "the number is taken: what follows must not wait for it");
    }
}
