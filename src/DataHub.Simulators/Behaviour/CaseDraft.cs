using System.Security.Cryptography;
using System.Text;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Core.Validation;
using DataHub.Simulators.Cases;

namespace DataHub.Simulators.Behaviour;

/// <summary>What a reaction works on: the case, what the city knows, and the messages that it decides to make.</summary>
internal sealed class CaseDraft(CityCase its, string city, RegistrySnapshot registry, Knobs knobs, DateTimeOffset now, IOwnResults results)
{
    private const string ReferenceKey = "reference";
    private const string HeldKey = "held";

    private static readonly TimeSpan Shanghai = TimeSpan.FromHours(8);

    private readonly List<PlannedStep> steps = [];
    private readonly List<(string CaseNumber, string Key, string Value)> notes = [];

    public CityCase Case => its;

    /// <summary>GB/T 2260 code of the city whose system this is.</summary>
    public string City => city;

    public RegistrySnapshot Registry => registry;

    public Knobs Knobs => knobs;

    public DateTimeOffset Now => now;

    public IOwnResults Results => results;

    public IReadOnlyList<PlannedStep> Steps => steps;

    /// <summary>The number in the opening message by which both cities draw the case's script.</summary>
    public string Number => NumberOf(its);

    /// <inheritdoc cref="Number"/>
    public static string NumberOf(CityCase its) => its.Memory.GetValueOrDefault("number") ?? its.Number;

    public string? Recall(string key) => its.Memory.GetValueOrDefault(key);

    public void Remember(string key, string value) => its.Memory[key] = value;

    public void Forget(string key) => its.Memory.Remove(key);

    /// <summary>What an outcome quotes of the messages so far.</summary>
    public string? Reference => Recall(ReferenceKey);

    /// <summary>Number of the city's own message of this case, from 1.</summary>
    public string OwnMessage(int step) => CityDesk.MessageId(its.Number, step);

    /// <summary>Keeps something with another case of the city.</summary>
    public void RememberIn(string caseNumber, string key, string value) => notes.Add((caseNumber, key, value));

    public IReadOnlyList<(string CaseNumber, string Key, string Value)> Notes => notes;

    /// <summary>Leaves this case's opening message with another case of the city, out of which it will be submitted.</summary>
    public void Hold(string otherCase, ReadOnlySpan<byte> opening)
    {
        RememberIn(otherCase, HeldKey, its.Number);
        RememberIn(otherCase, HeldKey + "-message", Encoding.UTF8.GetString(opening));
    }

    /// <summary>The case that waits for this one, and its opening message.</summary>
    /// <returns>Null where none waits, or a message of another type.</returns>
    public (string CaseNumber, T Opening)? Held<T>(string type)
        where T : class, IPayload
    {
        if (Recall(HeldKey) is not { } number || Recall(HeldKey + "-message") is not { } text
            || PayloadReader.Read(type, Encoding.UTF8.GetBytes(text)) is not ReadOutcome.Ok { Payload: T opening })
        {
            return null;
        }

        return (number, opening);
    }

    /// <summary>The case that waits is submitted now.</summary>
    public void LetGo()
    {
        Forget(HeldKey);
        Forget(HeldKey + "-message");
    }

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

    /// <summary>A file of this case, which the city hands in under its digest.</summary>
    public SimulatedFile File(string what) => SimulatedFile.Of(knobs.Seed, Number, what);

    /// <summary>Stands for the SHA-256 of a document that stays where it is.</summary>
    public string FileDigest(string what) => DigestOf($"{city} {Number} {what}");

    /// <summary>Stands for the SHA-256 of what does not travel.</summary>
    public static string DigestOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Cities' systems keep times to the second, in China's time.</summary>
    public static DateTimeOffset WholeSecond(DateTimeOffset moment) => DateTimeOffset.FromUnixTimeSeconds(moment.ToUnixTimeSeconds()).ToOffset(Shanghai);
}
