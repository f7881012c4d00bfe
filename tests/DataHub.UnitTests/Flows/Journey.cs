using System.Globalization;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Core.Validation;
using Shouldly;

namespace DataHub.UnitTests.Flows;

/// <summary>One exchange driven through the engine; message ids are <c>m-1</c>, <c>m-2</c>, … by attempt.</summary>
internal sealed class Journey
{
    public static readonly RegistrySnapshot Registry = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds());
    private int attempts;

    public Journey(string source, string target, IPayload opener, PublishedResult? published = null, DateTimeOffset? now = null)
    {
        Now = now ?? Samples.Now;
        Target = target;
        Published = published;
        ExchangeId = source + "-20260304-0000000001";
        Accept(source, opener);
    }

    public ExchangeState State { get; private set; } = null!;

    public IReadOnlyList<Effect> Effects { get; private set; } = [];

    public PublishedResult? Published { get; set; }

    public string Target { get; }

    public bool ConsentWithdrawn { get; set; }

    public string ExchangeId { get; }

    public DateTimeOffset Now { get; set; }

    public string LastMessageId => "m-" + attempts.ToString(CultureInfo.InvariantCulture);

    public static FlowMessage Message(string id, string exchangeId, string sender, IPayload payload) =>
        new(id, PayloadReader.TypeOf(payload), exchangeId, sender, Samples.Now, payload);

    public static FlowContext Context(string target, PublishedResult? published, DateTimeOffset? now = null) =>
        new(now ?? Samples.Now, Registry.Calendar, Registry, target, published);

    public Journey Accept(string sender, IPayload payload)
    {
        var version = State?.Version ?? 0;
        var advanced = Decide(sender, payload).ShouldBeOfType<Decision.Advanced>();
        advanced.State.Version.ShouldBe(version + 1);
        State = advanced.State;
        Effects = advanced.Effects;
        return this;
    }

    public Journey Refuse(string sender, IPayload payload, params string[] codes)
    {
        Decide(sender, payload).ShouldBeOfType<Decision.Refused>().Reasons.Select(r => r.Code).ShouldBe(codes, ignoreOrder: true);
        return this;
    }

    public Journey ShouldBeIn(string state, bool final = false)
    {
        State.State.ShouldBe(state);
        State.Final.ShouldBe(final);
        return this;
    }

    private Decision Decide(string sender, IPayload payload)
    {
        attempts++;
        return FlowEngine.Decide(State, Message(LastMessageId, ExchangeId, sender, payload), Context(Target, Published, Now) with { ConsentWithdrawn = ConsentWithdrawn });
    }
}
