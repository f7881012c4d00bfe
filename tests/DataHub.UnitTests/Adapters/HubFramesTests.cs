using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.Core.Messaging;
using DataHub.Core.Storage;
using DataHub.Core.Validation;
using DataHub.UnitTests.Flows;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NSubstitute;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Adapters;

public sealed class HubFramesTests
{
    private const string Exchange = Samples.Chengdu + "-20260304-0000000001";

    private readonly HubFrames frames = new(Samples.Chengdu, NullLogger.Instance);

    [Fact]
    public void What_was_sent_lately_is_not_read_back_when_its_receipt_comes()
    {
        frames.Remember([("m-1", MessageTypes.ServiceSubmission, null)]);

        frames.WantsOf([Receipt("m-1"), Receipt("m-2")]).Keys.Where(k => k.StartsWith(Samples.Chengdu, StringComparison.Ordinal)).ShouldBe([Samples.Chengdu + ":m-2"]);
        frames.Forget();
        frames.WantsOf([Receipt("m-1")]).Keys.ShouldContain(Samples.Chengdu + ":m-1");
    }

    [Fact]
    public async Task A_receipt_for_a_message_without_an_outcome_gives_the_state_and_reports_nothing()
    {
        frames.Remember([("m-1", MessageTypes.ServiceSubmission, null)]);

        var step = await ApplyAsync(Receipt("m-1"));

        step.Commit.Exchanges[Exchange].State.State.ShouldBe("accepted");
        step.Commit.Exchanges[Exchange].State.Outcome.ShouldBeNull();
        step.Links[0].Reports.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_receipt_for_a_message_with_an_outcome_is_answered_by_what_the_city_holds()
    {
        frames.Remember([("m-1", MessageTypes.CaseWithdrawal, new CaseWithdrawal { Reason = "不再办理", WithdrawnAt = Samples.Now })]);

        var step = await ApplyAsync(Receipt("m-1"));

        var held = step.Commit.Exchanges[Exchange];
        step.Links[0].Reports.ShouldHaveSingleItem().OutcomeDigest.ShouldBe(held.OutcomeDigest.ShouldNotBeNull());
    }

    [Fact]
    public async Task A_message_that_cannot_be_read_is_parked_and_the_log_names_its_exchange()
    {
        var log = Substitute.For<ILogger>();

        var step = await ApplyAsync(Received("d-1", MessageTypes.ServiceDecision, Exchange, null), new HubFrames(Samples.Chengdu, log));

        step.Commit.Entries.ShouldHaveSingleItem().Kind.ShouldBe(EntryKind.Parked);
        log.ReceivedCalls().Where(c => c.GetMethodInfo().Name == nameof(ILogger.Log)).Select(c => c.GetArguments()[2]!.ToString()).ShouldBe([$"Message d-1 of {Exchange} from the hub cannot be read by {Samples.Chengdu} and was parked."]);
    }

    [Fact]
    public async Task A_receipt_that_could_not_be_read_when_it_came_settles_what_the_city_sent_when_it_is_read_again()
    {
        var step = await ReplayAsync(Receipt("m-1").Event! with { Data = PayloadReader.Write(Receipt("m-1").Payload!) }, ReplayOutcome.Worked);

        step.Commit.Exchanges[Exchange].State.State.ShouldBe("accepted");
        step.Commit.Receipts.ShouldHaveSingleItem().EntryIndex.ShouldBe(1);
        step.Commit.Entries.Select(e => (e.Kind, e.Key)).ShouldBe([(EntryKind.Operator, "operator:replay:7:0:r-1"), (EntryKind.Received, "replayed:operator:replay:7:0:r-1")]);
        step.Links[0].Received.ShouldBe(0, "its number was taken when it came");
    }

    [Fact]
    public async Task What_still_cannot_be_read_is_parked_under_a_new_number()
    {
        var step = await ReplayAsync(Receipt("m-1").Event!, ReplayOutcome.ParkedAgain);

        step.Commit.Exchanges.ShouldBeEmpty();
        step.Commit.Entries.Select(e => e.Kind).ShouldBe([EntryKind.Operator, EntryKind.Parked]);
        step.Commit.Entries[1].Reasons.ShouldNotBeNullOrEmpty();
    }

    private async Task<AdapterStep> ReplayAsync(CloudEvent e, ReplayOutcome expected)
    {
        var step = Step();
        var row = new JournalRow(7, EntryKind.Parked, Nodes.Hub + ":" + e.Id, e.Id, e.Type, e.ExchangeId, e.SenderCity, 1, Samples.Now, EventFormat.Write(e), null, []);
        var request = new ReplayRequest("r-1", Samples.Chengdu, row.Number, 0, "王主任", "已升级", Samples.Now);
        (await frames.ReplayAsync(step, row, e, request.Entry(row, row.ExchangeId, Samples.Now), default)).ShouldBe(expected);
        step.Commit.ParkedResolved.ShouldBe([7]);
        return step;
    }

    private Task<AdapterStep> ApplyAsync(ReceivedEvent received) => ApplyAsync(received, frames);

    private static async Task<AdapterStep> ApplyAsync(ReceivedEvent received, HubFrames frames)
    {
        var step = Step();
        await step.LoadAsync([frames.WantsOf([received])], default);
        await frames.ApplyAsync(step, 0, [received], default);
        return step;
    }

    private static AdapterStep Step()
    {
        var store = Substitute.For<INodeStore>();
        store.KnownAsync("", [], default).ReturnsForAnyArgs(_ => ValueTask.FromResult(new Dictionary<string, KnownMessage>()));
        var recent = new Recent<ExchangeRow>(10);
        recent.Put(Exchange, new ExchangeRow
        {
            State = new ExchangeState
            {
                ExchangeId = Exchange,
                Flow = "service.online",
                FlowVersion = 1,
                Item = Samples.Submission.ItemCode,
                SourceCity = Samples.Chengdu,
                TargetCity = Samples.Deyang,
                State = Views.Sent,
                Version = 0,
                OpenedAt = Samples.Now,
                ChangedAt = Samples.Now,
                Facts = new Dictionary<string, string>(),
            },
        });
        var bus = Substitute.For<IFrameBus>();
        var link = new OutboundLink(Samples.Chengdu, Nodes.Hub, "q", store, bus, TimeProvider.System, NullLogger.Instance, new LinkOptions());
        return new AdapterStep(Samples.Chengdu, 0, new HubShards(1), store, recent, Samples.Now, [new HubEnd(link, new FrameOrder(TimeProvider.System))], 0);
    }

    private static ReceivedEvent Receipt(string messageId) => Received("receipt-" + messageId, MessageTypes.HubReceipt, Nodes.NoExchange, new HubReceipt
    {
        City = Samples.Chengdu,
        Entries = [new ReceiptEntry { MessageId = messageId, Sequence = 1, Digest = Samples.Digest, ExchangeId = Exchange, Verdict = Verdict.Accepted, State = "accepted" }],
        TakenInAt = Samples.Now,
    });

    private static ReceivedEvent Received(string id, string type, string exchange, IPayload? payload) => new()
    {
        Raw = "{}"u8.ToArray(),
        Event = new CloudEvent
        {
            Id = id,
            Source = "/hub",
            Type = type,
            Time = Samples.Now,
            ExchangeId = exchange,
            Sequence = 1,
            DeliverySequence = 1,
            SenderCity = Nodes.Hub,
            DataDigest = Samples.Digest,
            Data = "{}"u8.ToArray(),
        },
        Payload = payload,
    };
}
