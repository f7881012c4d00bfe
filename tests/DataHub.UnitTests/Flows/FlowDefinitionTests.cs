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

    [Fact]
    public void Every_business_message_belongs_to_a_flow()
    {
        var all = typeof(MessageTypes).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(f => (string)f.GetRawConstantValue()!)
            .Where(t => t != MessageTypes.Prefix && !t.StartsWith(MessageTypes.Prefix + "hub.", StringComparison.Ordinal));
        FlowCatalogue.All.SelectMany(f => f.Steps).Select(s => s.Type).ToHashSet().SetEquals(all).ShouldBeTrue();
    }

    [Fact]
    public void A_type_opens_at_most_one_flow_and_is_found_by_it()
    {
        foreach (var flow in FlowCatalogue.All)
        {
            FlowCatalogue.OpenedBy(flow.Opening.Type).ShouldBeSameAs(flow);
            FlowCatalogue.Find(flow.Code, flow.Version).ShouldBeSameAs(flow);
        }

        FlowCatalogue.OpenedBy(MessageTypes.ServiceAcceptance).ShouldBeNull();
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
