using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Core.Validation;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Registry;

/// <summary>A catalogue whose rows follow each other in time: what was opened under one is judged by it to the end.</summary>
public sealed class CatalogueHistoryTests : IDisposable
{
    private const string Item = "library.loan";

    private static readonly DateOnly Change = new(2026, 7, 1);
    private static readonly DateTimeOffset Before = new(2026, 6, 24, 10, 0, 0, TimeSpan.FromHours(8));
    private static readonly DateTimeOffset After = new(2026, 7, 8, 10, 0, 0, TimeSpan.FromHours(8));

    private readonly SeedCopy seeds = new();

    public CatalogueHistoryTests()
    {
        // From July on the item takes longer, is no more decided at once, and asks for one material more.
        Edit("items.csv", $"{Item},", line => line.Replace(",2024-01-01,,", ",2024-01-01,2026-06-30,", StringComparison.Ordinal));
        seeds.Add("items.csv", $"{Item},图书文献通借通还,service.online,online,no,2,7,10,no,510100|510600|511400,2026-07-01,,成都都市圈发展规划");
        seeds.Add("item_materials.csv", $"{Item},deposit-receipt,押金收据,yes,2026-07-01,");
        Edit("hospitals.csv", "H510600001,", line => line.Replace(",三级甲等,,", ",三级,,2026-06-30", StringComparison.Ordinal));
        seeds.Add("hospitals.csv", "H510600001,德阳市人民医院,510600,三级甲等,2026-07-01,");
    }

    public void Dispose() => seeds.Dispose();

    [Fact]
    public void Each_day_has_its_own_version_and_the_last_is_the_one_that_is_loaded()
    {
        var registry = RegistrySnapshot.Load(seeds.Folder);

        registry.On(Change.AddDays(-1)).Item(Item)!.PromisedDays.ShouldBe(1);
        registry.On(Change).Item(Item)!.PromisedDays.ShouldBe(7);
        registry.Item(Item)!.PromisedDays.ShouldBe(7);
        registry.On(Change.AddDays(-1)).Hospital("H510600001")!.Grade.ShouldBe(HospitalGrade.Third);
        registry.On(Change).Hospital("H510600001")!.Grade.ShouldBe(HospitalGrade.ThirdA);
        registry.On(Change).ShouldBeSameAs(registry.On(Change.AddDays(5)));
        registry.On(Change).Items.Count.ShouldBe(registry.On(Change.AddDays(-1)).Items.Count);
    }

    [Fact]
    public void A_material_is_asked_for_from_its_day_on()
    {
        var registry = RegistrySnapshot.Load(seeds.Folder);
        var submission = Submission(registry.On(Change.AddDays(-1)));

        Codes(registry, submission, Before).ShouldBeEmpty();
        Codes(registry, submission, After).ShouldBe([ReasonCodes.MaterialMissing]);
    }

    [Fact]
    public void A_rule_of_a_pair_that_has_ended_leaves_its_place_to_the_general_one()
    {
        Edit("transfer_rules.csv", "pension.employee,510100,510600,", line => line + "2026-06-30");
        var registry = RegistrySnapshot.Load(seeds.Folder);

        registry.On(Change.AddDays(-1)).TransferRule("pension.employee", Samples.Chengdu, Samples.Deyang)!.MoneyMoves.ShouldBeTrue();
        registry.On(Change).TransferRule("pension.employee", Samples.Chengdu, Samples.Deyang)!.MoneyMoves.ShouldBeFalse();
    }

    [Fact]
    public void What_a_mark_will_reach_from_a_later_day_on_changes_neither_a_list_nor_a_choice_of_today()
    {
        Edit("marks.csv", "川HR,", line => line.Replace(",2022-03-01,,", ",2022-03-01,2026-06-30,", StringComparison.Ordinal));
        seeds.Add("marks.csv", "川HR,四川省互认,hospitals,,H511400003|H512000002,2026-07-01,,国卫医发〔2022〕6号");
        var registry = RegistrySnapshot.Load(seeds.Folder);
        var other = Samples.Published with { ResultId = "R-2", Mark = "成德HR" };

        Listed(Before).ShouldBe(["R-1", "R-2"]);
        Listed(After).ShouldBe(["R-2"]);
        Chosen(Before).ShouldBe("R-1");
        Chosen(After).ShouldBe("R-2");

        List<string> Listed(DateTimeOffset at) => [.. RecognitionSearchFlow.ListFor(Samples.Search, [Samples.Published, other], registry, Samples.Chengdu, at).Entries.Select(e => e.ResultId)];
        string? Chosen(DateTimeOffset at) => RecognitionSearchFlow.Choose(Samples.Query, [Samples.Published, other], registry, Samples.Chengdu, at)?.ResultId;
    }

    [Fact]
    public void A_running_exchange_keeps_the_deadlines_it_was_opened_with_and_a_new_one_gets_the_new()
    {
        var registry = RegistrySnapshot.Load(seeds.Folder);
        var old = Open(registry, Before);
        var young = Open(registry, After);

        // Decided at once was allowed until June; the old exchange may still be.
        Decide(registry, old, Samples.Approval, After).ShouldBeOfType<Decision.Advanced>();
        Decide(registry, young, Samples.Approval, After).ShouldBeOfType<Decision.Refused>().Reasons.ShouldContain(r => r.Code == ReasonCodes.NotInstant);
        ((Decision.Advanced)Decide(registry, old, Samples.Acceptance, After)).State.Clock!.DueOn.ShouldBe(registry.Calendar.AddWorkingDays(DateOnly.FromDateTime(After.Date), 1).Date);
        ((Decision.Advanced)Decide(registry, young, Samples.Acceptance, After)).State.Clock!.DueOn.ShouldBe(registry.Calendar.AddWorkingDays(DateOnly.FromDateTime(After.Date), 7).Date);
    }

    private static ExchangeState Open(RegistrySnapshot registry, DateTimeOffset at) =>
        Decide(registry, null, Submission(registry.On(DateOnly.FromDateTime(at.Date))), at).ShouldBeOfType<Decision.Advanced>().State;

    private static Decision Decide(RegistrySnapshot registry, ExchangeState? state, IPayload payload, DateTimeOffset at) => FlowEngine.Decide(
        state,
        Journey.Message("m-1", "510100-20260624-0000000001", state is null ? Samples.Chengdu : Samples.Deyang, payload),
        new FlowContext(at, registry.Calendar, registry, Samples.Deyang, null));

    private static List<string> Codes(RegistrySnapshot registry, ServiceSubmission submission, DateTimeOffset at) =>
        [.. BusinessRules.Check(submission with { SubmittedAt = at }, new RuleContext(registry.On(DateOnly.FromDateTime(at.Date)), at)).Select(r => r.Code)];

    private static ServiceSubmission Submission(RegistrySnapshot registry)
    {
        var item = registry.Item(Item)!;
        return Samples.Submission with
        {
            ItemCode = Item,
            Mode = ServiceMode.Online,
            Materials = [.. item.Materials.Where(m => m.Required).Select(m => new Material { Code = m.Code, Name = m.Name, Digest = Samples.Digest, Size = 1, MediaType = "application/pdf" })],
            Form = item.Fields.Where(f => f.Required).ToDictionary(f => f.Code, _ => "按材料"),
        };
    }

    private void Edit(string file, string prefix, Func<string, string> change)
    {
        var path = seeds.PathTo(file);
        var lines = File.ReadAllLines(path);
        var index = Array.FindIndex(lines, l => l.StartsWith(prefix, StringComparison.Ordinal));
        var changed = change(lines[index]);
        changed.ShouldNotBe(lines[index]);
        lines[index] = changed;
        File.WriteAllLines(path, lines);
    }
}
