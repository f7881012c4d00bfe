using System.Security.Cryptography;
using System.Text;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Core.Validation;

namespace DataHub.Simulators.Behaviour;

/// <summary>What a reaction works on: the case, what the city knows, and the messages that it decides to make.</summary>
internal sealed class CaseDraft(CityCase its, string city, RegistrySnapshot registry, Knobs knobs, DateTimeOffset now, IOwnResults results)
{
    private const string ReferenceKey = "reference";

    private static readonly TimeSpan Shanghai = TimeSpan.FromHours(8);

    private readonly List<PlannedStep> steps = [];

    public CityCase Case => its;

    /// <summary>GB/T 2260 code of the city whose system this is.</summary>
    public string City => city;

    public RegistrySnapshot Registry => registry;

    public Knobs Knobs => knobs;

    public DateTimeOffset Now => now;

    public IOwnResults Results => results;

    public IReadOnlyList<PlannedStep> Steps => steps;

    /// <summary>The number in the opening message by which both cities draw the case's script.</summary>
    public string Number => Recall("number") ?? its.Number;

    public string? Recall(string key) => its.Memory.GetValueOrDefault(key);

    public void Remember(string key, string value) => its.Memory[key] = value;

    public void Done() => its.State = CaseStates.Done;

    /// <summary>A clerk makes this message after the clerk's delay; its time is when it is made.</summary>
    public void Then(Func<DateTimeOffset, IPayload> make, TimeSpan later = default) => ThenIn(its.Number, make, later);

    public void ThenIn(string caseNumber, Func<DateTimeOffset, IPayload> make, TimeSpan later = default)
    {
        var delay = knobs.ClerkDelay(Draw.Of(knobs.Seed, caseNumber, $"delay {its.Steps + steps.Count}"));
        var due = now + delay + later;
        var payload = make(WholeSecond(due));
        // When it is made, not when its answer has come: by then the other city may have gone on.
        if (caseNumber == its.Number)
            KeepReference(payload);
        steps.Add(new PlannedStep(caseNumber, PayloadReader.TypeOf(payload), due, PayloadReader.Write(payload)));
    }

    /// <summary>Keeps what a later outcome will quote of this message, made or received.</summary>
    public void KeepReference(IPayload payload)
    {
        if (OutcomeReader.Remember(Recall(ReferenceKey), payload) is { } reference)
            Remember(ReferenceKey, reference);
        else
            its.Memory.Remove(ReferenceKey);
    }

    public Outcome? OutcomeOf(string type, IPayload payload) => OutcomeReader.From(type, payload, its.Flow, Recall(ReferenceKey));

    public T Pick<T>(string question, IReadOnlyList<T> from) => Draw.Pick(knobs.Seed, Number, question, from);

    public int Below(string question, int count) => Draw.Below(knobs.Seed, Number, question, count);

    /// <summary>Stands for the SHA-256 of a file that no one has.</summary>
    public string FileDigest(string what) => DigestOf($"{city} {Number} {what}");

    public static string DigestOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Cities' systems keep times to the second, in China's time.</summary>
    public static DateTimeOffset WholeSecond(DateTimeOffset moment) => DateTimeOffset.FromUnixTimeSeconds(moment.ToUnixTimeSeconds()).ToOffset(Shanghai);
}
