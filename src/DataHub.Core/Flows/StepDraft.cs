using System.Globalization;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Flows;

/// <summary>
/// What a step's rule works on: the message and the facts so far, in which it writes what it refuses, remembers and
/// causes. Lives for one <see cref="FlowEngine.Decide"/> only; a refusal discards it whole.
/// </summary>
public sealed class StepDraft
{
    private readonly List<Reason> reasons = [];
    private readonly List<Effect> effects = [];

    internal StepDraft(FlowDefinition flow, ExchangeState state, FlowMessage message, FlowContext context)
    {
        Flow = flow;
        StateTitle = flow.State(state.State)?.Title ?? "";
        Message = message;
        Context = context;
        SourceCity = state.SourceCity;
        TargetCity = state.TargetCity;
        Item = state.Item;
        Clock = state.Clock;
        // Sorted, so that two ways to the same state give the same text.
        Facts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in state.Facts)
            Facts[key] = value;
    }

    public FlowDefinition Flow { get; }

    /// <summary>Chinese name of the state before the step; empty at the opening.</summary>
    public string StateTitle { get; }

    public FlowMessage Message { get; }

    public FlowContext Context { get; }

    public string SourceCity { get; }

    public string TargetCity { get; }

    /// <summary>The deadline that was running when the message came.</summary>
    public Clock? Clock { get; }

    /// <summary>Set by the rule of an opening step.</summary>
    public string Item { get; set; }

    public SortedDictionary<string, string> Facts { get; }

    public IReadOnlyList<Reason> Reasons => reasons;

    public IReadOnlyList<Effect> Effects => effects;

    /// <summary>The payload; the engine has checked that it is the step's.</summary>
    public T Payload<T>()
        where T : IPayload => (T)Message.Payload;

    public void Refuse(string code, string path, params object[] args) => reasons.Add(Errors.Reasons.Of(code, path, args));

    public void Refuse(Reason reason) => reasons.Add(reason);

    public void Cause(Effect effect) => effects.Add(effect);

    public string? Fact(string key) => Facts.GetValueOrDefault(key);

    public long? Number(string key) =>
        Facts.TryGetValue(key, out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    public void Remember(string key, long number) => Facts[key] = number.ToString(CultureInfo.InvariantCulture);

    public void Remember(string key, string value) => Facts[key] = value;

    public void RememberIf(string key, bool holds)
    {
        if (holds)
            Facts[key] = "1";
    }
}
