using System.Globalization;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Core.Validation;
using DataHub.Simulators.Behaviour;

namespace DataHub.Simulators.Cases;

/// <summary>
/// Makes cases as the four cities would have them: all flows, all pairs that have an agreement, some wrong on purpose, and
/// for each what has to become of it. The same knobs, seeds and start give the same cases.
/// </summary>
public sealed class CaseGenerator(Knobs knobs, RegistrySnapshot registry)
{
    /// <summary>A doctor asks this long after the result is published.</summary>
    private static readonly TimeSpan QueryAfter = TimeSpan.FromSeconds(3);

    /// <summary>What is submitted out of another case is so at the earliest this long after it.</summary>
    private static readonly TimeSpan FollowsAfter = TimeSpan.FromSeconds(1);

    private const int MaxCases = 1_000_000;

    /// <param name="count">1 to a million cases, of all cities together.</param>
    /// <param name="start">When the first is submitted. Also part of the case numbers: two runs on the same stores need different seconds.</param>
    /// <param name="over">Time over which they are spread evenly; zero for all at once.</param>
    /// <returns>In the order of submission.</returns>
    public IReadOnlyList<PlannedCase> Generate(int count, DateTimeOffset start, TimeSpan over)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaxCases);
        var begin = CaseDraft.WholeSecond(start);
        var on = WorkingDayCalendar.ShanghaiDate(begin);
        var catalogue = registry.On(on);
        var joint = new JointCases(catalogue, on);
        var (service, transfer, recognition) = (new ServiceCases(catalogue, on), new TransferCases(catalogue, on), new RecognitionCases(catalogue, on));
        var inquiry = new InquiryCases(catalogue, on);
        var cases = new List<PlannedCase>(count);
        for (var index = 0; cases.Count < count; index++)
        {
            var due = start + (over * ((double)cases.Count / count));
            var seed = Seed(begin, index, due);
            var kind = seed.Chance("kind");
            if (kind < 0.05)
                Add(cases, seed, due, joint.Make(seed));
            else if (kind < 0.6)
                Add(cases, seed, due, service.Make(seed));
            else if (kind < 0.76)
                Add(cases, seed, due, transfer.Make(seed));
            else if (kind < 0.8)
                Add(cases, seed, due, inquiry.Make(seed));
            else if (seed.OneIn(40, "consent taken back"))
                Add(cases, seed, due, RecognitionCases.TakeBack(seed));
            else if (recognition.Publish(seed) is { } pair)
                AddRecognition(cases, seed, due, recognition, pair, room: count - cases.Count);

            // Seeds without any agreement would give nothing for ever.
            if (index > 10 * (count + 100))
                throw new InvalidOperationException("The seeds allow hardly any case: look at agreements and catalogue.");
        }

        return [.. cases.OrderBy(c => c.DueAt).ThenBy(c => c.CaseNumber, StringComparer.Ordinal)];
    }

    private void AddRecognition(List<PlannedCase> cases, CaseSeed seed, DateTimeOffset due, RecognitionCases recognition, RecognitionCases.Pair pair, int room)
    {
        var askingNumber = NumberOf(pair.AskingCity, seed.Number[2..] + "Q");
        var takenBack = Script.ConsentTakenBack(knobs, askingNumber);
        var asked = pair.Notice.Expectation is Expectation.Reconciled && seed.Chance("asked") < 0.8 && room > (takenBack ? 3 : 1);
        if (!asked)
        {
            Add(cases, seed, due, pair.Notice);
            return;
        }

        var later = due + QueryAfter;
        var asking = seed with { Number = askingNumber, City = pair.AskingCity, At = CaseDraft.WholeSecond(later) };
        var (query, notice) = recognition.Ask(asking, (ResultNotice)pair.Notice.Payload);
        Add(cases, seed, due, notice);
        if (query.Expectation is not Expectation.Reconciled)
        {
            Add(cases, asking, later, query);
        }
        else if (room > 2 && (takenBack || asking.Chance("looks first") < 0.25))
        {
            var looking = asking with { Number = NumberOf(pair.AskingCity, seed.Number[2..] + "S") };
            (var search, query) = recognition.Look(looking, query, mayBeWrong: !takenBack);
            Add(cases, looking, later, search);
            // Who was not shown any list asks without one.
            Add(cases, asking, later + FollowsAfter, query, search.Expectation is Expectation.Reconciled ? looking.Number : null);
            if (takenBack)
                Add(cases, asking with { Number = NumberOf(pair.AskingCity, seed.Number[2..] + "W") }, later + (2 * FollowsAfter), RecognitionCases.TakeBack((RecognitionQuery)query.Payload), asking.Number);
        }
        else
        {
            Add(cases, asking, later, query);
        }
    }

    private CaseSeed Seed(DateTimeOffset begin, int index, DateTimeOffset due)
    {
        var tail = string.Create(CultureInfo.InvariantCulture, $"{begin:yyMMddHHmmss}-{index:D6}");
        var city = Draw.Pick(knobs.Seed, tail, "city", registry.Cities);
        return new CaseSeed(knobs, registry, NumberOf(city.Code, tail), city.Code, CaseDraft.WholeSecond(due));
    }

    private string NumberOf(string city, string tail) => registry.CityByCode(city)!.Key[..2].ToUpperInvariant() + tail;

    private static void Add(List<PlannedCase> cases, CaseSeed seed, DateTimeOffset due, Generated? made, string? outOf = null)
    {
        if (made is null)
            return;
        var type = PayloadReader.TypeOf(made.Payload);
        // A wrong item on purpose opens none of the flows that share its message.
        var flow = (FlowCatalogue.OpenedBy(type, made.Payload, seed.Registry) ?? FlowCatalogue.All.First(f => f.Opening.Type == type)).Code;
        cases.Add(new PlannedCase(seed.Number, seed.City, due, type, PayloadReader.Write(made.Payload), new ExpectedCase(seed.Number, seed.City, flow, made.Expectation)) { OutOf = outOf });
    }
}
