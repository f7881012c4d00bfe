using System.Reflection;
using DataHub.Contracts;
using DataHub.Core.Flows;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Flows;

/// <summary>What every definition must hold, whoever writes the next one.</summary>
public sealed class FlowDefinitionTests
{
    public static TheoryData<string> Codes => [.. FlowCatalogue.All.Select(f => f.Code)];

    [Theory]
    [MemberData(nameof(Codes))]
    public void Every_move_goes_between_declared_states(string code)
    {
        var flow = FlowCatalogue.Find(code)!;
        foreach (var move in flow.Steps.SelectMany(s => s.Moves))
        {
            flow.State(move.To).ShouldNotBeNull(move.ToString());
            if (move.From.Length > 0)
                flow.State(move.From).ShouldNotBeNull(move.ToString());
        }

        foreach (var refused in flow.Steps.SelectMany(s => s.RefusedIn.Keys))
            flow.State(refused).ShouldNotBeNull(refused);
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void Every_state_is_reached_and_a_final_one_can_be_reached_from_it(string code)
    {
        var flow = FlowCatalogue.Find(code)!;
        var moves = flow.Steps.SelectMany(s => s.Moves).ToList();
        Closure([flow.Opening.Moves[0].To], s => moves.Where(m => m.From == s).Select(m => m.To)).Count.ShouldBe(flow.States.Count);
        Closure([.. flow.States.Where(s => s.Final).Select(s => s.Name)], s => moves.Where(m => m.To == s && m.From.Length > 0).Select(m => m.From))
            .Count.ShouldBe(flow.States.Count);
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void Only_the_opening_step_has_no_state_to_start_from(string code)
    {
        var flow = FlowCatalogue.Find(code)!;
        flow.Steps.Count(s => s.Moves.Any(m => m.From.Length == 0)).ShouldBe(1);
        flow.Opening.Senders.ShouldBe([Party.Source]);
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void State_names_fit_into_a_receipt_and_final_states_have_no_deadline(string code)
    {
        foreach (var state in FlowCatalogue.Find(code)!.States)
        {
            state.Name.Length.ShouldBeLessThanOrEqualTo(40);
            (state.Final && (state.Leg is not null || state.StopsClock)).ShouldBeFalse(state.Name);
        }
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void A_stopped_clock_goes_on_in_the_leg_in_which_it_was_stopped(string code)
    {
        var flow = FlowCatalogue.Find(code)!;
        var moves = flow.Steps.SelectMany(s => s.Moves).Where(m => m.From.Length > 0).ToList();
        foreach (var state in flow.States.Where(s => s.StopsClock))
        {
            var into = moves.Where(m => m.To == state.Name && m.From != state.Name).Select(m => flow.State(m.From)!.Leg).Distinct().ShouldHaveSingleItem();
            foreach (var outOf in moves.Where(m => m.From == state.Name && m.To != state.Name).Select(m => flow.State(m.To)!))
                (outOf.Final || outOf.Leg == into).ShouldBeTrue(outOf.Name);
        }
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void In_every_state_that_is_not_final_somebody_has_a_deadline_or_the_definition_says_why_nobody_has(string code)
    {
        foreach (var state in FlowCatalogue.Find(code)!.States)
            (state.Final || state.StopsClock || state.Leg is not null).ShouldBe(state.NoDeadline is null, state.Name);
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void A_term_names_one_leg_so_that_legs_are_told_apart_by_it(string code) =>
        FlowCatalogue.Find(code)!.States.Select(s => s.Leg).OfType<Leg>().Distinct().GroupBy(l => l.Term).ShouldAllBe(g => g.Count() == 1);

    [Theory]
    [MemberData(nameof(Codes))]
    public void What_is_missing_is_supplied_by_the_source_and_its_days_stand_in_the_facts(string code)
    {
        var flow = FlowCatalogue.Find(code)!;
        foreach (var state in flow.States.Where(s => s.StopsClock))
        {
            flow.Steps.Where(s => s.Moves.Any(m => m.To == state.Name && m.From != state.Name)).ShouldAllBe(s => s.Type == MessageTypes.CaseSupplementRequest);
            flow.StepsOf(MessageTypes.CaseSupplement).Where(s => s.Moves.Any(m => m.From == state.Name)).ShouldHaveSingleItem().Senders.ShouldBe([Party.Source]);
        }
    }

    [Fact]
    public void Every_business_message_belongs_to_a_flow()
    {
        var all = typeof(MessageTypes).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(f => (string)f.GetRawConstantValue()!)
            .Where(t => t != MessageTypes.Prefix && !t.StartsWith(MessageTypes.Prefix + "hub.", StringComparison.Ordinal));
        FlowCatalogue.All.SelectMany(f => f.Steps).Select(s => s.Type).ToHashSet().SetEquals(all).ShouldBeTrue();
    }

    [Fact]
    public void A_flow_is_found_by_its_code_and_by_the_message_and_item_that_open_it()
    {
        var registry = Journey.Registry;
        foreach (var flow in FlowCatalogue.All)
        {
            FlowCatalogue.Find(flow.Code, flow.Version).ShouldBeSameAs(flow);
            FlowCatalogue.Opens(flow.Opening.Type).ShouldBeTrue(flow.Code);
        }

        foreach (var item in registry.Items.Where(i => FlowCatalogue.Find(i.Flow)!.Opening.Type == MessageTypes.TransferApplication))
            FlowCatalogue.OpenedBy(MessageTypes.TransferApplication, Samples.HousingApplication with { ItemCode = item.Code }, registry)!.Code.ShouldBe(item.Flow);
        FlowCatalogue.OpenedBy(MessageTypes.ServiceSubmission, Samples.Submission with { ItemCode = "no.such-item" }, registry).ShouldBeSameAs(ServiceFlow.Definition);
        FlowCatalogue.OpenedBy(MessageTypes.TransferApplication, Samples.HousingApplication with { ItemCode = "pension.employee" }, registry).ShouldBeNull();
        FlowCatalogue.Opens(MessageTypes.ServiceAcceptance).ShouldBeFalse();
        FlowCatalogue.OpenedBy(MessageTypes.ServiceAcceptance, Samples.Acceptance, registry).ShouldBeNull();
        FlowCatalogue.Find("no.such-flow").ShouldBeNull();
    }

    private static HashSet<string> Closure(IEnumerable<string> start, Func<string, IEnumerable<string>> next)
    {
        var found = new HashSet<string>(start);
        var open = new Queue<string>(found);
        while (open.TryDequeue(out var state))
        {
            foreach (var other in next(state).Where(found.Add))
                open.Enqueue(other);
        }

        return found;
    }
}
