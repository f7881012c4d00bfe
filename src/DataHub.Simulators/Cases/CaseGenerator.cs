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
        var (service, pension, recognition) = (new ServiceCases(registry, on), new PensionCases(registry, on), new RecognitionCases(registry, on));
        var cases = new List<PlannedCase>(count);
        for (var index = 0; cases.Count < count; index++)
        {
            var due = start + (over * ((double)cases.Count / count));
            var seed = Seed(begin, index, due);
            var kind = seed.Chance("kind");
            if (kind < 0.6)
                Add(cases, seed, due, service.Make(seed));
            else if (kind < 0.8)
                Add(cases, seed, due, pension.Make(seed));
            else if (recognition.Publish(seed) is { } pair)
                AddRecognition(cases, seed, due, recognition, pair, hasRoom: count - cases.Count > 1);

            // Seeds without any agreement would give nothing for ever.
            if (index > 10 * (count + 100))
                throw new InvalidOperationException("The seeds allow hardly any case: look at agreements and catalogue.");
        }

        return [.. cases.OrderBy(c => c.DueAt).ThenBy(c => c.CaseNumber, StringComparer.Ordinal)];
    }

    private void AddRecognition(List<PlannedCase> cases, CaseSeed seed, DateTimeOffset due, RecognitionCases recognition, RecognitionCases.Pair pair, bool hasRoom)
    {
        var asked = pair.Notice.Expectation is Expectation.Reconciled && seed.Chance("asked") < 0.8 && hasRoom;
        if (!asked)
        {
            Add(cases, seed, due, pair.Notice);
            return;
        }

        var later = due + QueryAfter;
        var asking = seed with { Number = NumberOf(pair.AskingCity, seed.Number[2..] + "Q"), City = pair.AskingCity, At = CaseDraft.WholeSecond(later) };
        var (query, notice) = recognition.Ask(asking, (ResultNotice)pair.Notice.Payload);
        Add(cases, seed, due, notice);
        Add(cases, asking, later, query);
    }

    private CaseSeed Seed(DateTimeOffset begin, int index, DateTimeOffset due)
    {
        var tail = string.Create(CultureInfo.InvariantCulture, $"{begin:yyMMddHHmmss}-{index:D6}");
        var city = Draw.Pick(knobs.Seed, tail, "city", registry.Cities);
        return new CaseSeed(knobs, registry, NumberOf(city.Code, tail), city.Code, CaseDraft.WholeSecond(due));
    }

    private string NumberOf(string city, string tail) => registry.CityByCode(city)!.Key[..2].ToUpperInvariant() + tail;

    private static void Add(List<PlannedCase> cases, CaseSeed seed, DateTimeOffset due, Generated? made)
    {
        if (made is null)
            return;
        var type = PayloadReader.TypeOf(made.Payload);
        var flow = FlowCatalogue.OpenedBy(type)!.Code;
        cases.Add(new PlannedCase(seed.Number, seed.City, due, type, PayloadReader.Write(made.Payload), new ExpectedCase(seed.Number, seed.City, flow, made.Expectation)));
    }
}
