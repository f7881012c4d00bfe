using System.Collections.Concurrent;
using DataHub.Adapters.Pipeline;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.Core.Storage;
using DataHub.Core.Validation;
using DataHub.UnitTests.Flows;
using Shouldly;

namespace DataHub.FlowTests;

/// <summary>Cases between played cities, step by step through their nodes, and what the journals say of them.</summary>
internal sealed class Journey(HostFixture fixture)
{
    private readonly ConcurrentDictionary<string, string?> references = new();

    /// <summary>The cities record what they are told, and say so.</summary>
    public Journey HonestCities()
    {
        foreach (var city in fixture.Played.Values)
            city.Answer = Honest;
        return this;
    }

    /// <summary>The outcome that an attentive city reads from a delivery.</summary>
    public DeliveryOutcome Honest(Delivery delivery)
    {
        var payload = Payload(delivery);
        Note(delivery.ExchangeId, payload);
        var outcome = OutcomeReader.From(delivery.Type, payload, delivery.Flow, references.GetValueOrDefault(delivery.ExchangeId));
        return new DeliveryOutcome.Held(outcome is null ? null : new HeldOutcome(outcome.Code, outcome.AmountFen, outcome.Reference));
    }

    public static IPayload Payload(Delivery delivery) => ((ReadOutcome.Ok)PayloadReader.Read(delivery.Type, delivery.Data.Span)).Payload;

    public Task<IntakeOutcome> SendAsync(string city, string? exchangeId, IPayload payload, string? messageId = null)
    {
        if (exchangeId is not null)
            Note(exchangeId, payload);
        var data = PayloadReader.Write(payload);
        return fixture.Played[city].Intake.TakeInAsync(new NativeIntake(messageId ?? Cases.NewId(), PayloadReader.TypeOf(payload), exchangeId, data, data), default);
    }

    /// <summary>Opens an exchange and waits until the hub has it. Returns its id.</summary>
    public async Task<string> OpenAsync(string city, IPayload opener, string? messageId = null)
    {
        var accepted = (await SendAsync(city, null, opener, messageId)).ShouldBeOfType<IntakeOutcome.Accepted>();
        await HostFixture.UntilAsync(async () => await FindAsync(HubOf(accepted.ExchangeId), accepted.ExchangeId) is not null, $"the hub opens {accepted.ExchangeId}");
        return accepted.ExchangeId;
    }

    /// <summary>Sends a step once the city knows the exchange, and waits until the hub has taken it.</summary>
    public async Task StepAsync(string city, string exchangeId, IPayload payload, string? messageId = null)
    {
        await KnownAsync(city, exchangeId);
        var version = (await FindAsync(HubOf(exchangeId), exchangeId))!.State.Version;
        (await SendAsync(city, exchangeId, payload, messageId)).ShouldBeOfType<IntakeOutcome.Accepted>();
        await HostFixture.UntilAsync(async () => (await FindAsync(HubOf(exchangeId), exchangeId))!.State.Version > version, $"the hub takes {payload.GetType().Name}");
    }

    /// <summary>Sends a step that the hub refuses; its state does not change, and the city is told.</summary>
    public async Task<JournalRow> RefusedStepAsync(string city, string exchangeId, IPayload payload, string code)
    {
        await KnownAsync(city, exchangeId);
        var before = (await FindAsync(HubOf(exchangeId), exchangeId))!.State;
        var id = Cases.NewId();
        (await SendAsync(city, exchangeId, payload, id)).ShouldBeOfType<IntakeOutcome.Accepted>();
        var row = await RefusalAsync(HubOf(exchangeId), id, code);
        await HostFixture.UntilAsync(() => fixture.Played[city].Refusals.Any(r => r.MessageId == id), $"{city} is told of the refusal");
        fixture.Played[city].Refusals.Single(r => r.MessageId == id).Reasons.ShouldContain(r => r.Code == code);
        (await FindAsync(HubOf(exchangeId), exchangeId))!.State.Version.ShouldBe(before.Version);
        (await FindAsync(HubOf(exchangeId), exchangeId))!.State.State.ShouldBe(before.State);
        return row;
    }

    /// <summary>Waits for the journal row of a refusal: with the code, and a Chinese sentence.</summary>
    public Task<JournalRow> RefusalAsync(string node, string messageId, string code) => RefusalAsync(fixture, node, r => r.MessageId == messageId, code);

    public static async Task<JournalRow> RefusalAsync(HostFixture fixture, string node, Func<JournalRow, bool> which, string code)
    {
        JournalRow? row = null;
        await HostFixture.UntilAsync(async () => (row = (await Conservation.JournalAsync(fixture.Host, node, EntryKind.Refused)).LastOrDefault(which)) is not null, $"{node} journals a refusal {code}");
        var reasons = ReasonList.Read(row!.Reasons!);
        reasons.Select(r => r.Code).ShouldContain(code, row.Reasons);
        reasons.ShouldAllBe(r => r.Message.Any(c => c >= '\u4e00' && c <= '\u9fff'));
        return row;
    }

    /// <summary>A case from Chengdu to Deyang, through all its steps until both sides confirm the outcome: the system is running.</summary>
    public async Task<string> GoodCaseAsync()
    {
        HonestCities();
        var id = await OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        await StepAsync(Samples.Deyang, id, Samples.Acceptance);
        await StepAsync(Samples.Deyang, id, Samples.Approval);
        await StepAsync(Samples.Chengdu, id, Samples.Delivery);
        await ReconciledAsync(id);
        return id;
    }

    public Task ReconciledAsync(string exchangeId) =>
        HostFixture.UntilAsync(async () => (await FindAsync(HubOf(exchangeId), exchangeId))?.ReconciledAt is not null, $"{exchangeId} is reconciled");

    /// <summary>The hub's node of an exchange: its shard.</summary>
    public string HubOf(string exchangeId) => fixture.Host.Shards.NodeOf(exchangeId);

    public Task KnownAsync(string city, string exchangeId) =>
        HostFixture.UntilAsync(async () => await FindAsync(city, exchangeId) is not null, $"{city} knows {exchangeId}");

    public async Task<ExchangeRow?> FindAsync(string node, string exchangeId) => (await fixture.Host.Store.ExchangesAsync(node, [exchangeId], default)).GetValueOrDefault(exchangeId);

    public async Task<ExchangeRow> HubAsync(string exchangeId) => (await FindAsync(HubOf(exchangeId), exchangeId)).ShouldNotBeNull();

    private void Note(string exchangeId, IPayload payload) =>
        references.AddOrUpdate(exchangeId, _ => OutcomeReader.Remember(null, payload), (_, kept) => OutcomeReader.Remember(kept, payload));
}
