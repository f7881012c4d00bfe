using System.Text.Json;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Validation;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

/// <summary>Thousands of random sequences of mostly senseless messages, by seed: a failure names the seed that shows it again.</summary>
public sealed class FlowPropertyTests
{
    /// <summary>Sequences of each opener.</summary>
    private const int SequencesEach = 2000;

    /// <summary>The comparison of texts costs ten decisions: one step in so many has it.</summary>
    private const int CompareEvery = 10;
    private static readonly string[] Senders = [Chengdu, Deyang, Meishan, Ziyang, Nodes.Hub, ""];

    private static readonly (string Source, string Target, IPayload Opener)[] Openers =
    [
        (Chengdu, Deyang, Submission),
        (Chengdu, Deyang, Submission with { ItemCode = "marriage.record" }),
        (Chengdu, Deyang, Collected),
        (Chengdu, Deyang, Application),
        (Meishan, Ziyang, Application with { OldCity = Ziyang }),
        (Chengdu, Deyang, HousingApplication),
        (Chengdu, Deyang, MedicalApplication),
        (Chengdu, Deyang, UnemploymentApplication),
        (Chengdu, Deyang, ToEmployeeApplication),
        (Chengdu, Deyang, Verification),
        (Chengdu, Deyang, MonthsQuery),
        (Deyang, "", Notice),
        (Chengdu, Deyang, Query),
        (Chengdu, "", Search),
    ];

    private static readonly IPayload[] Payloads =
    [
        Submission, Acceptance, Approval, Approval with { Result = DecisionResult.Refused, CertificateNumber = null }, Delivery, Evaluation,
        PaperApproval, Handover, Handover with { Materials = [new HandedMaterial { Code = "photo", Digest = Digest }] }, FollowUp, Evaluation with { Score = 1 },
        Application, Letter, Letter with { HeldPeriods = [new MonthSpan { From = "2020-05", To = "2020-07" }] }, Letter with { LetterNumber = "L-2" },
        Table, Table with { TotalFen = 7 }, Table with { LetterNumber = "L-2" }, Advice, Advice with { AmountFen = 7 }, Completion,
        Completion with { PostedFen = 0 }, Completion with { JoinedMonths = 1 }, Notice, Correction, Revocation, Correction with { ResultId = "R-2" },
        Verification, Verified, MonthsQuery, MonthsAnswer, HousingApplication, FundLetter, FundLetter with { HeldPeriods = [new MonthSpan { From = "2020-11", To = "2021-02" }] }, FundTable,
        FundTable with { LetterNumber = null }, FundTable with { TotalFen = 7, PrincipalFen = 7 }, FundAdvice, FundAdvice with { AdviceNumber = "B-2", AmountFen = 7, Part = 1 },
        FundAdvice with { AdviceNumber = "B-3", AmountFen = 31_000 }, Advice with { AdviceNumber = "B-2", AmountFen = 7, Part = 2 }, Bounced,
        Bounced with { ReturnNumber = "TH-2", AdviceNumber = "B-3", AmountFen = 1_000 }, FundCompletion, Resolution, TableRecall, WholeRecall, AccountCorrection("m-2", "6222-0001"),
        Query, Search, ConsentBack, Result, Result with { ResultDigest = Correction.CorrectedDigest }, Recognised, Recognised with { Verdict = RecognitionVerdict.NotRecognised },
        Recognised with { DecidedAt = Now.AddYears(1) }, Samples.Return, Withdrawal, SupplementRequest, SupplementRequest with { WorkingDays = int.MaxValue },
        Supplement, Supplement with { Materials = [] }, Reminder, Closure, Forwarding, Forwarding with { FromAgency = Forwarding.ToAgency, ToAgency = Samples.Agency }, TakingBack, Reopening, CorrectionOf("m-1", "$.applicant.mobile"),
        CorrectionOf("m-2", "$.itemCode"),
    ];

    public static TheoryData<int> EachOpener => [.. Enumerable.Range(0, Openers.Length)];

    [Theory]
    [MemberData(nameof(EachOpener))]
    public void Whatever_comes_every_decision_keeps_the_rules(int opener)
    {
        var advanced = 0;
        for (var seed = opener; seed < SequencesEach * Openers.Length; seed += Openers.Length)
            advanced += Run(seed, steps: 25).Accepted;

        // A generator whose messages are all refused would prove nothing; a search is over with its answer.
        if (Openers[opener].Opener is not RecognitionSearch)
            advanced.ShouldBeGreaterThan(SequencesEach / 4);
    }

    [Theory]
    [MemberData(nameof(EachOpener))]
    public void From_wherever_a_sequence_ended_both_sides_can_still_bring_the_case_to_its_end(int opener)
    {
        for (var seed = opener; seed < SequencesEach * Openers.Length; seed += Openers.Length)
        {
            var run = Run(seed, steps: new Random(seed).Next(30));
            var state = run.State;
            for (var step = 0; !state.Final; step++)
            {
                step.ShouldBeLessThan(40, $"seed {seed} stays in {state.State}");
                var (sender, payload) = Willing(state);
                var message = Journey.Message($"w-{step}", state.ExchangeId, sender, payload);
                var decision = FlowEngine.Decide(state, message, Journey.Context(state.TargetCity, run.Published));
                state = decision.ShouldBeOfType<Decision.Advanced>($"seed {seed} in {state.State}").State;
            }

            state.Outcome.ShouldNotBeNull($"seed {seed}");
        }
    }

    /// <summary>Plays a random sequence and hands over each accepted message with the exchange before and after it.</summary>
    internal static void Play(int seed, int steps, Action<ExchangeState?, FlowMessage, ExchangeState> accepted) => Run(seed, steps, accepted);

    private static (ExchangeState State, PublishedResult? Published, int Accepted) Run(int seed, int steps, Action<ExchangeState?, FlowMessage, ExchangeState>? advanced = null)
    {
        var random = new Random(seed);
        var (source, target, opener) = Openers[seed % Openers.Length];
        var published = opener is RecognitionQuery ? Published : null;
        var now = Now;
        var exchangeId = source + "-20260304-0000000001";
        var opening = Journey.Message("m-1", exchangeId, source, opener);
        var opened = FlowEngine.Decide(null, opening, Journey.Context(target, published, now));
        var state = opened.ShouldBeOfType<Decision.Advanced>($"seed {seed}").State;
        advanced?.Invoke(null, opening, state);
        if (opener is ResultNotice)
            published = Published with { Holders = [Chengdu, Meishan], Uses = [new ResultUse("510100-20260304-0000000007", Chengdu)] };

        var accepted = 0;
        for (var i = 2; i < steps + 2; i++)
        {
            now = now.AddHours(random.Next(100));
            // Mostly one of the parties, so that sequences get somewhere.
            var sender = random.Next(3) == 0 ? Senders[random.Next(Senders.Length)] : random.Next(2) == 0 || target.Length == 0 ? source : target;
            var payload = random.Next(20) == 0
                ? Acknowledgement with { MessageId = "m-" + random.Next(2, i + 1) }
                : random.Next(4) == 0 && state.State != "" && !state.Final ? Willing(state).Payload : Payloads[random.Next(Payloads.Length)];
            var message = Journey.Message("m-" + i, exchangeId, sender, payload);
            var context = Journey.Context(target, published, now);
            var before = i % CompareEvery == 0 ? Text(state) : null;

            var decision = FlowEngine.Decide(state, message, context);

            var where = $"seed {seed}, step {i}: {PayloadReader.TypeOf(payload)} from '{sender}' in {state.State}";
            if (before is not null)
            {
                Text(FlowEngine.Decide(state, message, context)).ShouldBe(Text(decision), where);
                Text(state).ShouldBe(before, where);
            }

            Check(state, sender, decision, context, where);
            if (decision is not Decision.Advanced next)
                continue;

            accepted++;
            advanced?.Invoke(state, message, next.State);
            state = next.State;
            foreach (var change in next.Effects.OfType<Effect.ChangeResult>())
                published = published! with { ResultDigest = change.ResultDigest, Revoked = change.Revoked };
        }

        return (state, published, accepted);
    }

    private static void Check(ExchangeState state, string sender, Decision decision, FlowContext context, string where)
    {
        if (decision is Decision.Refused refused)
        {
            refused.Reasons.ShouldNotBeEmpty(where);
            refused.Reasons.Count.ShouldBeLessThanOrEqualTo(50, where);
            return;
        }

        var next = ((Decision.Advanced)decision).State;
        var flow = FlowCatalogue.Find(next.Flow)!;
        next.Version.ShouldBe(state.Version + 1, where);
        next.ChangedAt.ShouldBe(context.Now, where);
        next.Final.ShouldBe(flow.State(next.State)!.Final, where);
        (next with { State = state.State, Version = state.Version, ChangedAt = state.ChangedAt, Clock = state.Clock, Outcome = state.Outcome, Final = state.Final, Facts = state.Facts })
            .ShouldBe(state, where);
        (sender == state.SourceCity || sender == state.TargetCity || FactKeys.IsHolder(state.Facts, sender)).ShouldBeTrue(where);
        sender.ShouldNotBeEmpty(where);
        (next.Final ? next.Outcome : new Outcome("", null, null)).ShouldNotBeNull(where);
        (next.Final && next.Clock is not null).ShouldBeFalse(where);
        if (next.State == TransferFlow.Completed && state.State == TransferFlow.Transferred)
            WillingTransfer.MoneyIsConserved(next, where);
        if (next.Flow.StartsWith("transfer.", StringComparison.Ordinal))
            WillingTransfer.MoneyAfterTheEndIsABreakAsLongAsItDiffers(state, next, ((Decision.Advanced)decision).Effects, where);
        next.Facts.Sum(f => f.Key.Length + f.Value.Length).ShouldBeLessThan(16_384, where);
        foreach (var forward in ((Decision.Advanced)decision).Effects.OfType<Effect.Forward>())
            forward.City.ShouldNotBe(sender, where);
    }

    /// <summary>What the side whose turn it is would send in this state.</summary>
    private static (string Sender, IPayload Payload) Willing(ExchangeState state)
    {
        var (source, target) = (state.SourceCity, state.TargetCity);
        return (state.Flow, state.State) switch
        {
            (_, ServiceFlow.Submitted) => (target, Acceptance),
            (_, ServiceFlow.SupplementBeforeAcceptance or ServiceFlow.Supplementing) => (source, Supplement),
            (_, ServiceFlow.Accepted) => (target, state.Facts.ContainsKey(FactKeys.PaperResult) ? PaperApproval : Approval),
            (_, ServiceFlow.FollowUpOpen) => (target, FollowUp),
            (ServiceFlow.Code, ServiceFlow.Decided) => (source, Delivery),
            (_, TransferFlow.Applied or TransferFlow.LetterSent or TransferFlow.Requested or TransferFlow.TableReceived or TransferFlow.RemittanceReceived
                or TransferFlow.Transferred or TransferFlow.Overpaid or TransferFlow.Recalled) => WillingTransfer.Next(state),
            (InquiryFlows.QualificationCode, InquiryFlows.Inquired) => (target, Verified),
            (InquiryFlows.ContributionCode, InquiryFlows.Inquired) => (target, MonthsAnswer),
            (_, RecognitionNoticeFlow.CorrectionOpen or RecognitionNoticeFlow.RevocationOpen) => Acknowledge(state),
            (_, RecognitionUseFlow.Asked) => (target, Result),
            (_, RecognitionUseFlow.Delivered) => (source, Recognised),
            _ => throw new InvalidOperationException(state.State),
        };
    }

    private static (string Sender, IPayload Payload) Acknowledge(ExchangeState state)
    {
        var open = state.Facts.First(f => f.Value == FactKeys.Open).Key[FactKeys.AcknowledgementPrefix.Length..].Split(' ');
        return (open[1], Acknowledgement with { MessageId = open[0], Reassessment = Reassessment.Unaffected });
    }

    private static string Text(ExchangeState state) => JsonSerializer.Serialize(state);

    private static string Text(Decision decision) => decision switch
    {
        Decision.Advanced a => Text(a.State) + string.Join('|', a.Effects.Select(e => JsonSerializer.Serialize(e, e.GetType()))),
        Decision.Refused r => JsonSerializer.Serialize(r),
        _ => "",
    };
}
