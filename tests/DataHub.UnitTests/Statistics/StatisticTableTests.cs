using DataHub.Core.Flows;
using DataHub.Core.Statistics;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Statistics;

public sealed class StatisticTableTests
{
    private const string Chengdu = "510100";
    private const string Deyang = "510600";
    private const string Meishan = "511400";

    [Fact]
    public void Legs_give_their_number_the_share_on_time_and_percentiles_by_step_and_pair()
    {
        // Chengdu to Deyang, acceptance: 12 legs in 1 1 1 1 2 2 2 3 3 5 8 9 days, the last two late.
        var counts = Legs(Chengdu, Deyang, (1, 4), (2, 3), (3, 2), (5, 1)).Concat(Legs(Chengdu, Deyang, LegStatistics.Late, (8, 1), (9, 1))).Concat(Legs(Meishan, Deyang, (4, 20)));
        var table = StatisticTable.Of(Query("steps", "source", "target"), counts);

        table.Rows.Select(r => string.Join(' ', r.Group)).ShouldBe([Chengdu + " " + Deyang, Meishan + " " + Deyang]);
        table.Rows[0].Figures.ShouldBe(new StatisticFigures { Count = 12, Part = 10, Rate = 0.8333m, MedianDays = 2, P90Days = 8 });
        table.Rows[1].Figures.ShouldBe(new StatisticFigures { Count = 20, Part = 20, Rate = 1, MedianDays = 4, P90Days = 4 });
        table.Total.ShouldBe(new StatisticFigures { Count = 32, Part = 30, Rate = 0.9375m, MedianDays = 4, P90Days = 4 });
    }

    [Fact]
    public void Recognitions_give_the_rate_and_the_repeats_and_fen_avoided()
    {
        var table = StatisticTable.Of(Query("recognition", "item"),
        [
            Recognition("lab.blood-count", "H1", "recognised", "", 30, 60_000),
            Recognition("lab.blood-count", "H2", "recognised", "", 10, 20_000),
            Recognition("lab.blood-count", "H1", "not-recognised", "emergency", 10, 0),
            Recognition("lab.urinalysis", "H1", "recognised", "", 20, 30_000),
        ]);
        table.Rows[0].Figures.ShouldBe(new StatisticFigures { Count = 50, Part = 40, Rate = 0.8m, AmountFen = 80_000 });
        table.Total.ShouldBe(new StatisticFigures { Count = 70, Part = 60, Rate = 0.8571m, AmountFen = 110_000 });
    }

    [Fact]
    public void A_part_that_could_be_asked_for_as_a_group_is_kept_as_small_as_one()
    {
        KeyValuePair<StatisticKey, StatisticValue>[] counts =
        [
            Recognition("a", "H1", "recognised", "", 30, 30_000), Recognition("a", "H1", "not-recognised", "emergency", 4, 0),
            Recognition("b", "H1", "recognised", "", 40, 40_000), Recognition("b", "H1", "not-recognised", "emergency", 15, 0),
            Recognition("c", "H1", "recognised", "", 50, 50_000), Recognition("c", "H1", "not-recognised", "emergency", 20, 0),
        ];
        var table = StatisticTable.Of(Query("recognition", "item"), counts);
        // The four of a are not told, and with the total in sight neither are the fifteen of b.
        table.Rows.Select(r => r.Figures!.Part).ShouldBe([null, null, 50]);
        table.Rows.Select(r => r.Figures!.AmountFen).ShouldBe([null, null, 50_000]);
        table.Total!.Part.ShouldBe(120);
        StatisticTable.Of(Query("recognition", "item", "verdict"), counts).Rows.Count(r => r.Figures is null).ShouldBeGreaterThanOrEqualTo(4);
    }

    [Fact]
    public void The_money_of_a_few_is_not_told_beside_the_many_who_have_none()
    {
        // Twelve transfers of which one carried money, and twenty that all did.
        KeyValuePair<StatisticKey, StatisticValue>[] counts = [Paid("withdrawn", "x", 11, 0), Paid("completed", "x", 1, 88_000), Paid("completed", "y", 20, 900_000), Paid("completed", "z", 30, 990_000)];
        var items = StatisticTable.Of(Query("outcomes", "item"), counts);
        items.Rows.Select(r => r.Figures!.Count).ShouldBe([12, 20, 30]);
        // One is not told, and with the total in sight neither is another.
        items.Rows.Select(r => r.Figures!.AmountFen).ShouldBe([null, null, 990_000]);
        items.Total!.AmountFen.ShouldBe(1_978_000);

        // Hidden as a count, its money is not what the total lacks either.
        StatisticTable.Of(Query("outcomes", "outcome") with { Threshold = 2 }, [counts[0], counts[1]]).Total!.AmountFen.ShouldBeNull();
        StatisticTable.Of(Query("outcomes", "item"), [counts[0]]).Total!.AmountFen.ShouldBe(0);

        // Nor what is left when a city takes away its own.
        KeyValuePair<StatisticKey, StatisticValue>[] all = [counts[2], Foreign(counts[0]), Foreign(counts[1])];
        var read = StatisticTable.Of(Query("outcomes", "flow") with { Reader = Chengdu }, all);
        (read.Total!.Count, read.Total.AmountFen).ShouldBe((32, null));
    }

    [Fact]
    public void Online_counts_decided_applications_only()
    {
        var table = StatisticTable.Of(Query("online"),
        [
            Outcome("approved", "online", 45), Outcome("refused", "online", 15), Outcome("approved", "collect-on-behalf", 20), Outcome("returned", "online", 99), Outcome("withdrawn", "joint", 99),
        ]);
        table.Rows.ShouldBeEmpty();
        table.Total.ShouldBe(new StatisticFigures { Count = 80, Part = 60, Rate = 0.75m });
    }

    [Fact]
    public void Evaluations_give_the_mean_score()
    {
        KeyValuePair<StatisticKey, StatisticValue> Scored(int score, long count) =>
            new(new StatisticKey(Counters.Evaluation, 202603, ServiceFlow.Code, "x", Chengdu, Deyang) { Bucket = score }, new StatisticValue(count, 0));
        StatisticTable.Of(Query("evaluations", "flow"), [Scored(5, 30), Scored(4, 10), Scored(1, 10)]).Rows[0].Figures.ShouldBe(new StatisticFigures { Count = 50, AverageScore = 4 });
        var scores = StatisticTable.Of(Query("evaluations", "score"), [Scored(5, 30), Scored(4, 10), Scored(1, 3)]);
        scores.Rows.Select(r => r.Figures?.Count).ShouldBe([null, null, 30]);
        // With the mean of all 43, the two that are hidden could be reckoned.
        scores.Total.ShouldBe(new StatisticFigures { Count = 43 });
    }

    [Fact]
    public void A_city_sees_the_exchanges_in_which_it_takes_part()
    {
        KeyValuePair<StatisticKey, StatisticValue>[] counts = [Opened(Chengdu, Deyang, 20), Opened(Deyang, Meishan, 30), Opened(Meishan, Chengdu, 40)];
        StatisticTable.Of(Query("opened", "source") with { City = Chengdu }, counts).Rows.Select(r => (r.Group[0], r.Figures!.Count)).ShouldBe([(Chengdu, 20), (Meishan, 40)]);
    }

    [Fact]
    public void Of_all_cities_a_city_is_not_told_what_would_be_small_without_its_own_cases()
    {
        KeyValuePair<StatisticKey, StatisticValue>[] counts = [Opened(Chengdu, Deyang, 200), Opened(Deyang, Meishan, 3)];
        StatisticTable.Of(Query("opened", "flow") with { Reader = Chengdu }, counts).Rows.Concat([new StatisticRow([], null)]).ShouldAllBe(r => r.Figures == null);
        StatisticTable.Of(Query("opened", "flow") with { Reader = Chengdu }, counts).Total.ShouldBeNull();
        StatisticTable.Of(Query("opened", "flow") with { Reader = Chengdu }, [counts[0], Opened(Deyang, Meishan, 10)]).Total!.Count.ShouldBe(210);
    }

    [Fact]
    public void Reasons_are_asked_of_the_counter_that_knows_them()
    {
        var measure = StatisticMeasure.Find("administrative")!;
        measure.CounterFor(["kind"]).ShouldBe(Counters.Administrative);
        measure.CounterFor(["kind", "reason"]).ShouldBe(Counters.AdministrativeReason);
    }

    private static StatisticQuery Query(string measure, params string[] groups) => new() { Measure = StatisticMeasure.Find(measure)!, Groups = groups };

    private static IEnumerable<KeyValuePair<StatisticKey, StatisticValue>> Legs(string source, string target, params (int Days, long Count)[] legs) => Legs(source, target, LegStatistics.OnTime, legs);

    private static IEnumerable<KeyValuePair<StatisticKey, StatisticValue>> Legs(string source, string target, string variant, params (int Days, long Count)[] legs) =>
        legs.Select(l => KeyValuePair.Create(
            new StatisticKey(Counters.Leg, 202603, ServiceFlow.Code, "x", source, target) { Detail = "accept", Variant = variant, Bucket = l.Days }, new StatisticValue(l.Count, 0)));

    private static KeyValuePair<StatisticKey, StatisticValue> Recognition(string item, string hospital, string verdict, string reason, long count, long fen) =>
        new(new StatisticKey(Counters.Recognition, 202603, RecognitionUseFlow.Code, item, Chengdu, Deyang) { Hospital = hospital, Detail = verdict, Variant = reason }, new StatisticValue(count, fen));

    private static KeyValuePair<StatisticKey, StatisticValue> Outcome(string code, string mode, long count) =>
        new(new StatisticKey(Counters.Outcome, 202603, ServiceFlow.Code, "x", Chengdu, Deyang) { Detail = code, Variant = mode }, new StatisticValue(count, 0));

    private static KeyValuePair<StatisticKey, StatisticValue> Paid(string code, string item, long count, long fen) =>
        new(new StatisticKey(Counters.Outcome, 202603, PensionFlow.Code, item, Chengdu, Deyang) { Detail = code }, new StatisticValue(count, fen));

    private static KeyValuePair<StatisticKey, StatisticValue> Foreign(KeyValuePair<StatisticKey, StatisticValue> count) =>
        new(count.Key with { SourceCity = Deyang, TargetCity = Meishan }, count.Value);

    private static KeyValuePair<StatisticKey, StatisticValue> Opened(string source, string target, long count) =>
        new(new StatisticKey(Counters.Opened, 202603, ServiceFlow.Code, "x", source, target), new StatisticValue(count, 0));
}
