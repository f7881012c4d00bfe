using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

public sealed class RecognitionFlowTests
{
    private static Journey Asked => new(Chengdu, Deyang, Query, Published);

    private static Journey Delivered => Asked.Accept(Deyang, Result);

    [Fact]
    public void A_published_result_enters_the_index_and_is_final()
    {
        var journey = Noticed().ShouldBeIn(RecognitionNoticeFlow.Published, final: true);
        journey.State.TargetCity.ShouldBe("");
        journey.State.Outcome.ShouldBe(new Outcome("published", null, "R-1"));
        var indexed = journey.Effects.ShouldHaveSingleItem().ShouldBeOfType<Effect.IndexResult>();
        indexed.Result.ExchangeId.ShouldBe(journey.ExchangeId);
        indexed.PatientIdNumber.ShouldBe(Citizen.IdNumber);
    }

    [Fact]
    public void A_notice_that_no_city_may_rely_on_is_refused_with_its_reason()
    {
        OpenNotice(Notice, Published).ShouldBe([ReasonCodes.ResultIdTaken]);
        OpenNotice(Notice with { ItemCode = "lab.none" }).ShouldBe([ReasonCodes.UnknownItem]);
        OpenNotice(Notice with { Hospital = Notice.Hospital with { Code = "H0" } }).ShouldBe([ReasonCodes.UnknownHospital]);
        OpenNotice(Notice with { Hospital = Query.Hospital }).ShouldBe([ReasonCodes.HospitalNotOfCity]);
        OpenNotice(Notice with { Mark = "成眉HR" }).ShouldBe([ReasonCodes.MarkDoesNotCover]);
        OpenNotice(Notice with { Mark = "无HR" }).ShouldBe([ReasonCodes.MarkDoesNotCover]);
    }

    [Fact]
    public void A_hospital_below_the_items_grade_is_refused()
    {
        var low = Journey.Registry.Hospitals.First(h => h.CityCode == Deyang);
        var item = Journey.Registry.RecognitionItems.FirstOrDefault(i => i.LowestGrade > low.Grade);
        foreach (var hospital in Journey.Registry.Hospitals.Where(h => h.CityCode == Deyang))
        {
            item = Journey.Registry.RecognitionItems.FirstOrDefault(i => i.LowestGrade > hospital.Grade);
            low = hospital;
            if (item is not null)
                break;
        }

        item.ShouldNotBeNull("the seeds hold no hospital of Deyang that is below any item's grade");
        OpenNotice(Notice with { ItemCode = item.Code, Hospital = new Hospital { Code = low.Code, Name = low.Name } }).ShouldBe([ReasonCodes.HospitalGradeTooLow]);
    }

    [Fact]
    public void A_mark_or_an_item_out_of_its_validity_is_refused()
    {
        OpenNotice(Notice with { ItemCode = "img.chest-fluoroscopy" }).ShouldBe([ReasonCodes.ItemNotInForce]);
        Codes(Chengdu, Notice with { Hospital = Query.Hospital, Mark = "成眉试点HR" }, "", null).ShouldBe([ReasonCodes.MarkNotInForce]);
        Codes(Meishan, Query with { Hospital = Hospital("H511400001") }, Chengdu, PublishedIn(Chengdu, "H510100001", "成眉试点HR")).ShouldBe([ReasonCodes.MarkNotInForce]);
    }

    [Fact]
    public void A_mark_of_two_hospitals_counts_for_these_two_only()
    {
        new Journey(Deyang, "", Notice with { Mark = "华西德阳HR" }).ShouldBeIn(RecognitionNoticeFlow.Published, final: true);
        OpenNotice(Notice with { Mark = "华西德阳HR", Hospital = Hospital("H510600002") }).ShouldBe([ReasonCodes.MarkDoesNotCover]);
        new Journey(Chengdu, Deyang, Query, Published with { Mark = "华西德阳HR" }).ShouldBeIn(RecognitionUseFlow.Asked);
        OpenQuery(Query with { Hospital = Hospital("H510100002") }, Published with { Mark = "华西德阳HR" }).ShouldBe([ReasonCodes.MarkDoesNotCover]);
    }

    [Fact]
    public void Both_hospitals_need_the_grade_that_their_cities_agreed_on()
    {
        // Between Meishan and Ziyang electrocardiograms start with 二级甲等; elsewhere 二级 will do.
        var query = Query with { ItemCode = "exam.ecg", Consent = Query.Consent with { ItemCodes = ["exam.ecg"] } };
        var ofMeishan = PublishedIn(Meishan, "H511400001", "川HR") with { ItemCode = "exam.ecg" };
        Codes(Ziyang, query with { Hospital = Hospital("H512000005") }, Meishan, ofMeishan).ShouldBe([ReasonCodes.GradeNotAgreed]);
        Codes(Ziyang, query with { Hospital = Hospital("H512000004") }, Meishan, ofMeishan with { HospitalCode = "H511400006" }).ShouldBe([ReasonCodes.GradeNotAgreed]);
        new Journey(Ziyang, Meishan, query with { Hospital = Hospital("H512000004") }, ofMeishan).ShouldBeIn(RecognitionUseFlow.Asked);
        new Journey(Ziyang, Chengdu, query with { Hospital = Hospital("H512000005") }, ofMeishan with { City = Chengdu, HospitalCode = "H510100001" }).ShouldBeIn(RecognitionUseFlow.Asked);
    }

    [Fact]
    public void A_correction_goes_to_every_holder_and_stays_open_until_all_have_acknowledged()
    {
        var journey = Noticed(Chengdu, Meishan).Accept(Deyang, Correction).ShouldBeIn(RecognitionNoticeFlow.CorrectionOpen);
        journey.Effects.ShouldBe([new Effect.ChangeResult("R-1", Correction.CorrectedDigest, Revoked: false), new Effect.Forward(Chengdu), new Effect.Forward(Meishan)]);
        journey.State.Outcome!.Code.ShouldBe("corrected");
        (journey.State.Clock!.ResponsibleCity, journey.State.Clock.DueOn).ShouldBe((Chengdu, new DateOnly(2026, 3, 5)));

        journey.Accept(Chengdu, Acknowledgement).ShouldBeIn(RecognitionNoticeFlow.CorrectionOpen);
        journey.Effects.ShouldBe([new Effect.Forward(Deyang)]);
        journey.State.Clock!.ResponsibleCity.ShouldBe(Meishan);
        journey.Refuse(Chengdu, Acknowledgement, ReasonCodes.AlreadyAcknowledged);

        journey.Accept(Deyang, Reminder);
        journey.Effects.ShouldBe([new Effect.Forward(Meishan)]);

        journey.Accept(Meishan, Acknowledgement).ShouldBeIn(RecognitionNoticeFlow.Corrected, final: true);
        journey.Effects.OfType<Effect.CloseBreak>().ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.BreakUnacknowledgedCorrection);
        journey.State.Clock.ShouldBeNull();
        journey.Refuse(Meishan, Acknowledgement, ReasonCodes.AlreadyAcknowledged);
    }

    [Fact]
    public void Without_holders_a_correction_or_revocation_is_done_at_once()
    {
        Noticed().Accept(Deyang, Correction).ShouldBeIn(RecognitionNoticeFlow.Corrected, final: true)
            .Accept(Deyang, Revocation).ShouldBeIn(RecognitionNoticeFlow.Revoked, final: true);
    }

    [Fact]
    public void A_revocation_overtakes_a_correction_and_every_holder_acknowledges_both() => Noticed(Chengdu)
        .Accept(Deyang, Correction)
        .Accept(Deyang, Revocation).ShouldBeIn(RecognitionNoticeFlow.RevocationOpen)
        .Accept(Chengdu, Acknowledgement).ShouldBeIn(RecognitionNoticeFlow.RevocationOpen)
        .Accept(Chengdu, Acknowledgement with { MessageId = "m-3" }).ShouldBeIn(RecognitionNoticeFlow.Revoked, final: true);

    [Fact]
    public void A_revoked_result_is_neither_corrected_nor_revoked_again() => Noticed()
        .Accept(Deyang, Revocation)
        .Refuse(Deyang, Correction, ReasonCodes.ResultRevoked)
        .Refuse(Deyang, Revocation, ReasonCodes.ResultRevoked);

    [Fact]
    public void Only_the_publisher_corrects_and_only_holders_acknowledge() => Noticed(Chengdu)
        .Refuse(Chengdu, Correction, ReasonCodes.SenderOutOfRole)
        .Refuse(Chengdu, Revocation, ReasonCodes.SenderOutOfRole)
        .Accept(Deyang, Correction)
        .Refuse(Ziyang, Acknowledgement, ReasonCodes.NotAHolder)
        .Refuse(Deyang, Acknowledgement, ReasonCodes.NotAHolder);

    [Fact]
    public void A_correction_or_an_acknowledgement_of_something_else_is_refused() => Noticed(Chengdu)
        .Refuse(Deyang, Correction with { ResultId = "R-2" }, ReasonCodes.ResultIdDiffers)
        .Refuse(Deyang, Revocation with { ResultId = "R-2" }, ReasonCodes.ResultIdDiffers)
        .Accept(Deyang, Correction)
        .Refuse(Chengdu, Acknowledgement with { MessageId = "m-9" }, ReasonCodes.UnknownMessageReferred)
        .Refuse(Chengdu, Acknowledgement with { MessageId = "m-4", ResultId = "R-2" }, ReasonCodes.ResultIdDiffers);

    [Fact]
    public void A_result_that_the_index_does_not_have_cannot_be_corrected()
    {
        var journey = Noticed();
        journey.Published = null;
        journey.Refuse(Deyang, Correction, ReasonCodes.NoSharedResult);
    }

    [Fact]
    public void Corrections_that_pile_up_are_bounded()
    {
        var journey = Noticed(Chengdu, Meishan, Ziyang);
        for (var i = 0; i < 40; i++)
            journey.Accept(Deyang, Correction);
        journey.Refuse(Deyang, Correction, ReasonCodes.TooManyEntries);
    }

    [Fact]
    public void A_result_is_asked_for_delivered_and_recognised()
    {
        var journey = Asked.ShouldBeIn(RecognitionUseFlow.Asked);
        journey.Effects.ShouldBe([new Effect.Forward(Deyang)]);
        journey.State.Clock!.ResponsibleCity.ShouldBe(Deyang);

        journey.Accept(Deyang, Result).ShouldBeIn(RecognitionUseFlow.Delivered);
        journey.Effects.ShouldBe([new Effect.AddHolder("R-1", Chengdu), new Effect.Forward(Chengdu)]);

        journey.Accept(Chengdu, Recognised).ShouldBeIn(RecognitionUseFlow.Decided, final: true);
        journey.State.Outcome.ShouldBe(new Outcome("recognised", 2_000, "R-1"));
    }

    [Fact]
    public void A_query_that_may_not_be_answered_is_refused_with_its_reason()
    {
        OpenQuery(Query, null).ShouldBe([ReasonCodes.NoSharedResult]);
        OpenQuery(Query, Published with { ItemCode = "lab.urinalysis" }).ShouldBe([ReasonCodes.NoSharedResult]);
        OpenQuery(Query, Published with { City = Meishan }).ShouldBe([ReasonCodes.NoSharedResult]);
        OpenQuery(Query, Published with { Revoked = true }).ShouldBe([ReasonCodes.ResultRevoked]);
        OpenQuery(Query, Published with { Mark = "成眉HR" }).ShouldBe([ReasonCodes.MarkDoesNotCover]);
        OpenQuery(Query with { Hospital = Notice.Hospital }, Published).ShouldBe([ReasonCodes.HospitalNotOfCity]);
    }

    [Fact]
    public void Only_the_published_version_is_delivered()
    {
        Asked.Refuse(Deyang, Result with { ResultId = "R-2" }, ReasonCodes.ResultIdDiffers)
            .Refuse(Deyang, Result with { ResultDigest = Correction.CorrectedDigest }, ReasonCodes.DigestMismatch)
            .Refuse(Deyang, Result with { ItemCode = "lab.urinalysis" }, ReasonCodes.ResultIdDiffers)
            .Refuse(Chengdu, Result, ReasonCodes.SenderOutOfRole)
            .Refuse(Chengdu, Recognised, ReasonCodes.StepNotAllowed);

        var revoked = Asked;
        revoked.Published = Published with { Revoked = true };
        revoked.Refuse(Deyang, Result, ReasonCodes.ResultRevoked).Accept(Deyang, Samples.Return).ShouldBeIn("returned", final: true);
    }

    [Fact]
    public void An_expired_result_is_delivered_but_not_recognised()
    {
        // Blood counts are valid for 7 days; the seventh still counts.
        var journey = Delivered;
        journey.Refuse(Chengdu, Recognised with { DecidedAt = Now.AddDays(8) }, ReasonCodes.ResultExpired);
        Delivered.Accept(Chengdu, Recognised with { DecidedAt = Now.AddDays(7) });
        journey.Accept(Chengdu, NotRecognised() with { DecidedAt = Now.AddDays(8) });
        journey.State.Outcome.ShouldBe(new Outcome("not-recognised", null, "R-1"));
    }

    [Fact]
    public void A_revoked_result_is_not_recognised()
    {
        var journey = Delivered;
        journey.Published = Published with { Revoked = true };
        journey.Refuse(Chengdu, Recognised, ReasonCodes.ResultRevoked).Accept(Chengdu, NotRecognised());
    }

    [Fact]
    public void A_decision_on_another_result_is_refused()
    {
        var journey = Delivered.Refuse(Chengdu, Recognised with { ResultId = "R-2" }, ReasonCodes.ResultIdDiffers).Refuse(Deyang, Recognised, ReasonCodes.SenderOutOfRole);
        journey.Published = null;
        journey.Refuse(Chengdu, Recognised, ReasonCodes.NoSharedResult);
    }

    [Fact]
    public void The_doctor_may_withdraw_close_revoke_and_ask_again()
    {
        Asked.Accept(Chengdu, Withdrawal).Accept(Chengdu, Reopening).ShouldBeIn(RecognitionUseFlow.Asked).Accept(Deyang, Result)
            .Accept(Chengdu, Closure).ShouldBeIn("closed", final: true).Accept(Chengdu, Reopening).Accept(Deyang, Result)
            .Accept(Chengdu, Recognised).Accept(Chengdu, TakingBack).ShouldBeIn("revoked", final: true);
    }

    private static RecognitionDecision NotRecognised() =>
        Recognised with { Verdict = RecognitionVerdict.NotRecognised, Reason = RepeatReason.Emergency, AvoidedFen = null };

    private static Journey Noticed(params string[] holders)
    {
        var journey = new Journey(Deyang, "", Notice);
        journey.Published = Published with { Holders = holders };
        return journey;
    }

    private static IEnumerable<string> OpenNotice(ResultNotice notice, PublishedResult? published = null) => Codes(Deyang, notice, "", published);

    private static Hospital Hospital(string code) => new() { Code = code, Name = Journey.Registry.Hospital(code)!.Name };

    private static PublishedResult PublishedIn(string city, string hospital, string mark) => Published with { City = city, HospitalCode = hospital, Mark = mark };

    private static IEnumerable<string> OpenQuery(RecognitionQuery query, PublishedResult? published) => Codes(Chengdu, query, Deyang, published);

    private static IEnumerable<string> Codes(string sender, IPayload payload, string target, PublishedResult? published) =>
        FlowEngine.Decide(null, Journey.Message("m-1", sender + "-20260304-0000000001", sender, payload), Journey.Context(target, published))
            .ShouldBeOfType<Decision.Refused>().Reasons.Select(r => r.Code);
}
