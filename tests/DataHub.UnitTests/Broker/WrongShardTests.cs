using DataHub.Broker.Intake;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
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

    private readonly FrameIntake intake = new(new HubShards(2), RegistrySnapshot.Load(RegistrySnapshot.FindSeeds()), new PatientKeys(new byte[32]), new NodeMetrics(Nodes.Hub, [Chengdu], TimeProvider.System), NullLogger.Instance);

    [Fact]
    public async Task A_message_of_another_shards_exchange_is_refused_journalled_and_told_to_its_sender()
    {
        // Numbered by a city that is set to one shard: odd numbers are the other shard's.
        var step = await ApplyAsync(MessageTypes.ServiceSubmission, Samples.Submission, Chengdu + "-20260304-0000000001");

        step.Commit.Exchanges.ShouldBeEmpty();
        step.Commit.Entries.ShouldHaveSingleItem().Kind.ShouldBe(EntryKind.Refused);
        step.Receipts[Chengdu].ShouldHaveSingleItem().Reasons.ShouldNotBeNull().ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.WrongShard);
        step.Commit.Received[Chengdu].ShouldBe(1, "the number is taken: what follows must not wait for it");
    }

    [Fact]
    public async Task A_message_of_an_exchange_of_its_own_is_taken_in()
    {
        var step = await ApplyAsync(MessageTypes.ServiceSubmission, Samples.Submission, Chengdu + "-20260304-0000000002");

        step.Commit.Exchanges.ShouldHaveSingleItem();
        step.Receipts[Chengdu].ShouldHaveSingleItem().Verdict.ShouldBe(Verdict.Accepted);
    }

    [Fact]
    public async Task A_message_of_no_exchange_is_taken_in_by_the_shard_that_it_was_sent_to()
    {
        var step = await ApplyAsync(MessageTypes.HolderReport, new HolderReport { Entries = [] }, Nodes.NoExchange, HubShards.NodeOf(1));

        step.Commit.Entries.ShouldHaveSingleItem().Kind.ShouldBe(EntryKind.Received);
        step.Receipts.ShouldBeEmpty();
    }

    private async Task<HubStep> ApplyAsync(string type, IPayload payload, string exchangeId, string node = Nodes.Hub)
    {
        var store = Substitute.For<INodeStore>();
        store.KnownAsync("", [], default).ReturnsForAnyArgs(_ => ValueTask.FromResult(new Dictionary<string, KnownMessage>()));
        store.ExchangesAsync("", [], default).ReturnsForAnyArgs(_ => ValueTask.FromResult(new Dictionary<string, ExchangeRow>()));
        var step = new HubStep(node, 1, store, new Recent<ExchangeRow>(10), Samples.Now, _ => 0, _ => 0);
        var received = new ReceivedEvent
        {
            Raw = "{}"u8.ToArray(),
            Event = new CloudEvent
            {
                Id = "m-1",
                Source = "/cities/" + Chengdu,
                Type = type,
                Time = Samples.Now,
                ExchangeId = exchangeId,
                Sequence = 1,
                SenderCity = Chengdu,
                Data = "{}"u8.ToArray(),
                DataDigest = Samples.Digest,
            },
            Payload = payload,
        };
        await step.LoadAsync([FrameIntake.WantsOf([received])], default);
        await intake.ApplyAsync(step, Chengdu, [received], default);
        return step;
    }
}
