using System.Text;
using System.Text.Json.Nodes;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Registry;
using DataHub.Core.Schemas;
using DataHub.Core.Validation;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Validation;

public sealed class BusinessRulesTests
{
    private static readonly RegistrySnapshot Registry = RegistrySnapshot.Load(Repository.PathTo("seeds"));
    private static readonly RuleContext Context = new(Registry, new DateTimeOffset(2026, 3, 10, 20, 0, 0, TimeSpan.FromHours(8)));

    public static TheoryData<string, string> ValidSamples => [.. Shape.ByName.Keys
        .Select(SchemaWriter.ShortName)
        .Order(StringComparer.Ordinal)
        .SelectMany(message => Directory.GetFiles(Repository.PathTo("contracts", "samples", message, "valid"))
            .Order(StringComparer.Ordinal)
            .Select(path => (message, Path.GetFileNameWithoutExtension(path))))];

    [Theory]
    [MemberData(nameof(ValidSamples))]
    public void Every_valid_sample_keeps_the_rules(string message, string sample) => Check(message, sample, _ => { }).ShouldBeEmpty();

    [Theory]
    // Identifiers.
    [InlineData("service.submission.v1", "marriage", "applicant.idNumber", "\"510107199003071235\"", ReasonCodes.ResidentIdCheckDigit)]
    [InlineData("service.submission.v1", "marriage", "applicant.idNumber", "\"510107901307123\"", ReasonCodes.ResidentIdFormat)]
    [InlineData("service.submission.v1", "marriage", "applicant.idNumber", "\"510107199013071231\"", ReasonCodes.ResidentIdBirthDate)]
    [InlineData("service.submission.v1", "marriage", "applicant.sex", "\"female\"", ReasonCodes.SexDiffersFromId)]
    [InlineData("service.submission.v1", "marriage", "applicant.name", "\"张1\"", ReasonCodes.PersonNameInvalid)]
    [InlineData("service.submission.v1", "upgraded-id", "applicant.originalIdNumber", "\"511402560918032\"", ReasonCodes.OriginalIdDiffers)]
    [InlineData("service.submission.v1", "enterprise-with-agent", "agent.idNumber", "\"510681198506120020\"", ReasonCodes.ResidentIdCheckDigit)]
    [InlineData("service.submission.v1", "enterprise-with-agent", "organisation.creditCode", "\"91510113MA61XB1230\"", ReasonCodes.CreditCodeCheckDigit)]
    [InlineData("recognition.decision.v1", "recognised", "doctor.name", "\"王 \"", ReasonCodes.PersonNameInvalid)]
    // Times.
    [InlineData("service.submission.v1", "marriage", "submittedAt", "\"2026-03-10T20:05:01+08:00\"", ReasonCodes.TimeInFuture)]
    [InlineData("service.submission.v1", "marriage", "submittedAt", "\"2016-03-10T19:59:59+08:00\"", ReasonCodes.TimeTooOld)]
    [InlineData("hub.holder-report.v1", "one", "entries[0].heldAt", "\"2027-01-01T00:00:00Z\"", ReasonCodes.TimeInFuture)]
    [InlineData("recognition.result-notice.v1", "laboratory", "reportedAt", "\"2026-03-01T09:59:59+08:00\"", ReasonCodes.PeriodReversed)]
    [InlineData("recognition.result.v1", "image", "deliveredAt", "\"2026-03-01T00:00:00+08:00\"", ReasonCodes.PeriodReversed)]
    // Service.
    [InlineData("service.submission.v1", "marriage", "materials[1].code", "\"passport-photo\"", ReasonCodes.MaterialUnknown, ReasonCodes.MaterialMissing)]
    [InlineData("service.submission.v1", "enterprise-with-agent", "materials[3].code", "\"articles\"", ReasonCodes.DuplicateEntry)]
    [InlineData("service.submission.v1", "marriage", "form.Colour", "\"red\"", ReasonCodes.FormFieldUnknown)]
    [InlineData("service.submission.v1", "marriage", "form.spouseName", "\" \"", ReasonCodes.FormFieldMissing)]
    [InlineData("service.submission.v1", "marriage", "form.appointmentDate", "\"2026-03-20 上午\"", ReasonCodes.LengthOutOfBounds)]
    [InlineData("service.acceptance.v1", "accepted", "handlingAgency.code", "\"A999999-XX\"", ReasonCodes.UnknownAgency)]
    [InlineData("service.decision.v1", "refused", "reason", null, ReasonCodes.ReasonRequired)]
    [InlineData("service.decision.v1", "approved", "reason", "\"   \"", ReasonCodes.ReasonRequired)]
    [InlineData("service.delivery.v1", "post", "trackingNumber", null, ReasonCodes.TrackingNumberRequired)]
    [InlineData("service.submission.v1", "collected-on-behalf", "collection", null, ReasonCodes.CollectionRequired)]
    [InlineData("service.submission.v1", "collected-on-behalf", "mode", "\"online\"", ReasonCodes.CollectionUnexpected, "$.collection")]
    [InlineData("service.submission.v1", "collected-on-behalf", "collection.agency.code", "\"A0\"", ReasonCodes.UnknownAgency)]
    [InlineData("service.submission.v1", "collected-on-behalf", "collection.identityCheckedAt", "\"2027-01-01T00:00:00Z\"", ReasonCodes.TimeInFuture)]
    [InlineData("service.decision.v1", "paper-by-post", "dispatch.trackingNumber", null, ReasonCodes.TrackingNumberRequired)]
    [InlineData("service.submission.v1", "joint-part", "joint", null, ReasonCodes.JointPartUnfit)]
    [InlineData("service.submission.v1", "joint-part", "joint.number", "4", ReasonCodes.JointPartUnfit, "$.joint")]
    [InlineData("service.submission.v1", "joint-part", "mode", "\"online\"", ReasonCodes.JointPartUnfit, "$.joint")]
    [InlineData("service.joint-application.v1", "newborn", "parts[1].number", "1", ReasonCodes.DuplicateEntry)]
    [InlineData("service.joint-application.v1", "newborn", "parts[2].number", "5", ReasonCodes.JointPartUnfit)]
    [InlineData("service.joint-application.v1", "newborn", "parts[1].itemCode", "\"no.such-item\"", ReasonCodes.UnknownItem)]
    [InlineData("service.joint-application.v1", "newborn", "parts[1].itemCode", "\"pension.employee\"", ReasonCodes.UnknownItem)]
    [InlineData("service.joint-application.v1", "newborn", "form.bank", null, ReasonCodes.FormFieldMissing)]
    [InlineData("service.joint-application.v1", "newborn", "form.colour", "\"red\"", ReasonCodes.FormFieldUnknown)]
    [InlineData("service.joint-application.v1", "newborn", "materials[3].code", "\"articles\"", ReasonCodes.MaterialUnknown, ReasonCodes.MaterialMissing)]
    [InlineData("service.joint-application.v1", "newborn", "applicant.idNumber", "\"510107199003071235\"", ReasonCodes.ResidentIdCheckDigit)]
    [InlineData("service.handover.v1", "post", "trackingNumber", null, ReasonCodes.TrackingNumberRequired)]
    [InlineData("service.handover.v1", "post", "materials[1].code", "\"id-card\"", ReasonCodes.DuplicateEntry)]
    [InlineData("service.follow-up.v1", "substantiated", "measure", null, ReasonCodes.MeasureRequired)]
    [InlineData("service.follow-up.v1", "unsubstantiated", "measure", "\"   \"", ReasonCodes.MeasureRequired)]
    // Administrative family.
    [InlineData("case.return.v1", "unreadable", "reason", "\"  \"", ReasonCodes.ReasonRequired)]
    [InlineData("case.forwarding.v1", "within-city", "toAgency.code", "\"A510600-CA\"", ReasonCodes.SameAgency)]
    [InlineData("case.forwarding.v1", "within-city", "toAgency.code", "\"A999999-XX\"", ReasonCodes.UnknownAgency)]
    [InlineData("case.supplement-request.v1", "two-items", "items[1].materialCode", "\"photo\"", ReasonCodes.DuplicateEntry)]
    [InlineData("case.supplement.v1", "with-note", "materials[1].code", "\"photo\"", ReasonCodes.DuplicateEntry)]
    [InlineData("case.correction.v1", "two-changes", "changes[1].path", "\"$.applicant.mobile\"", ReasonCodes.DuplicateEntry)]
    [InlineData("case.correction.v1", "two-changes", "changes[1].path", "\"mobile\"", ReasonCodes.PatternMismatch)]
    // Pension.
    [InlineData("transfer.pension.application.v1", "employee", "certificate.period.from", "\"2025-09\"", ReasonCodes.PeriodReversed, "$.certificate.period.to")]
    [InlineData("transfer.pension.application.v1", "employee", "certificate.period.to", "\"2026-04\"", ReasonCodes.TimeInFuture)]
    [InlineData("transfer.pension.application.v1", "employee", "certificate.months", "351", ReasonCodes.NumberOutOfBounds)]
    [InlineData("transfer.pension.application.v1", "employee", "newAgency.code", "\"A0\"", ReasonCodes.UnknownAgency)]
    [InlineData("transfer.pension.contact-letter.v1", "with-held-period", "heldPeriods[1]", """{"from":"2026-02","to":"2026-03"}""", ReasonCodes.DuplicateEntry)]
    [InlineData("transfer.pension.information-table.v1", "five-years", "years[1].year", "1996", ReasonCodes.YearLineInvalid, "$.years[1]")]
    [InlineData("transfer.pension.information-table.v1", "five-years", "years[0].firstMonth", "8", ReasonCodes.YearLineInvalid, "$.years[0]")]
    [InlineData("transfer.pension.information-table.v1", "five-years", "years[4].year", "2026", ReasonCodes.TimeInFuture, "$.years[4]")]
    [InlineData("transfer.pension.information-table.v1", "five-years", "totalMonths", "51", ReasonCodes.MonthsDiffer)]
    [InlineData("transfer.pension.information-table.v1", "one-month", "personalAccountFen", "19999", ReasonCodes.PersonalAmountDiffers, ReasonCodes.TotalAmountDiffers)]
    [InlineData("transfer.pension.information-table.v1", "one-month", "pooledFen", "30001", ReasonCodes.PooledAmountDiffers, ReasonCodes.TotalAmountDiffers)]
    [InlineData("transfer.pension.information-table.v1", "one-month", "totalFen", "1", ReasonCodes.TotalAmountDiffers)]
    [InlineData("transfer.pension.information-table.v1", "five-years", "relationEndedOn", "\"2026-03-11\"", ReasonCodes.TimeInFuture)]
    // Recognition.
    [InlineData("recognition.result-notice.v1", "laboratory", "mark", "\"四川省\"", ReasonCodes.MarkMissing)]
    [InlineData("recognition.result-notice.v1", "laboratory", "mark", "\"  HR\"", ReasonCodes.MarkMissing)]
    [InlineData("recognition.result-notice.v1", "laboratory", "category", "\"examination\"", ReasonCodes.UnknownValue)]
    [InlineData("recognition.query.v1", "two-items-consented", "itemCode", "\"img.chest-ct\"", ReasonCodes.ConsentScope)]
    [InlineData("recognition.query.v1", "one-second-of-consent", "queriedAt", "\"2026-03-03T10:00:02+08:00\"", ReasonCodes.ConsentExpired)]
    [InlineData("recognition.query.v1", "one-second-of-consent", "queriedAt", "\"2026-03-03T09:59:59+08:00\"", ReasonCodes.ConsentExpired)]
    [InlineData("recognition.query.v1", "one-second-of-consent", "consent.expiresAt", "\"2026-03-03T10:00:00+08:00\"", ReasonCodes.PeriodReversed)]
    [InlineData("recognition.query.v1", "consent-for-two-hospitals", "hospital.code", "\"H510600003\"", ReasonCodes.ConsentHospital)]
    [InlineData("recognition.search.v1", "two-items", "itemCodes[1]", "\"img.chest-ct\"", ReasonCodes.ConsentScope)]
    [InlineData("recognition.search.v1", "two-items", "itemCodes[1]", "\"lab.hba1c\"", ReasonCodes.DuplicateEntry)]
    [InlineData("recognition.search.v1", "two-items", "searchedAt", "\"2026-03-11T00:00:00+08:00\"", ReasonCodes.ConsentExpired, ReasonCodes.TimeInFuture)]
    [InlineData("recognition.consent-withdrawal.v1", "with-reason", "reason", "\"   \"", ReasonCodes.ReasonRequired)]
    // Laboratory and images.
    [InlineData("recognition.result.v1", "with-observations", "observations[1].code", "\"4548-4\"", ReasonCodes.DuplicateEntry, ReasonCodes.LaboratoryUnitDiffers)]
    [InlineData("recognition.result.v1", "laboratory-with-range", "observations[0].code", "\"6690-2\"", ReasonCodes.LaboratoryCodeUnknown)]
    [InlineData("recognition.result.v1", "laboratory-with-range", "observations[0].unit", "\"mmol/mol\"", ReasonCodes.LaboratoryUnitDiffers)]
    [InlineData("recognition.result.v1", "laboratory-with-range", "observations[0].unit", null, ReasonCodes.LaboratoryUnitDiffers)]
    [InlineData("recognition.result.v1", "laboratory-with-range", "observations[0].value", "\"5.6e0\"", ReasonCodes.LaboratoryValueNotDecimal)]
    [InlineData("recognition.result.v1", "laboratory-with-range", "observations[0].value", "\"<5.6\"", ReasonCodes.LaboratoryValueNotDecimal)]
    [InlineData("recognition.result.v1", "laboratory-with-range", "observations[0].referenceLow", "\"6.01\"", ReasonCodes.ReferenceRangeReversed)]
    [InlineData("recognition.result.v1", "laboratory-with-range", "itemCode", "\"img.chest-ct\"", ReasonCodes.ResultPartOfOtherCategory, "$.observations")]
    [InlineData("recognition.result.v1", "image-with-reference", "itemCode", "\"lab.hba1c\"", ReasonCodes.ResultPartOfOtherCategory, "$.image")]
    [InlineData("recognition.result.v1", "image-with-reference", "image.expiresAt", "\"2026-03-01T00:00:00+08:00\"", ReasonCodes.ImageAddressExpired)]
    [InlineData("recognition.decision.v1", "not-recognised-emergency", "reason", null, ReasonCodes.ReasonRequired)]
    [InlineData("recognition.decision.v1", "not-recognised-other", "reasonText", null, ReasonCodes.ReasonTextRequired)]
    public void A_broken_rule_is_named_with_its_field(string message, string sample, string path, string? value, string code, string? also = null)
    {
        var reasons = Check(message, sample, root => Set(root, path, value));

        var expectedPath = also is { } text && text.StartsWith('$') ? text : "$." + path;
        reasons.ShouldContain(reason => reason.Code == code && reason.Path == expectedPath);
        reasons.Count.ShouldBe(also is null || also.StartsWith('$') ? 1 : 2);
        if (reasons.Count == 2)
            reasons.ShouldContain(reason => reason.Code == also);
    }

    [Fact]
    public void A_missing_material_is_named_as_the_catalogue_names_it()
    {
        var reason = Check("service.submission.v1", "upgraded-id", root => root["materials"] = new JsonArray()).ShouldHaveSingleItem();

        reason.Path.ShouldBe("$.materials");
        reason.Message.ShouldBe("缺少必需材料“居民户口簿”（代码 household-book）。");
    }

    [Fact]
    public void All_broken_rules_are_told_at_once()
    {
        var reasons = Check("service.submission.v1", "marriage", root =>
        {
            Set(root, "applicant.idNumber", "\"510107199003071235\"");
            Set(root, "form.spouseName", null);
            Set(root, "submittedAt", "\"2027-01-01T00:00:00Z\"");
        });

        reasons.Select(reason => reason.Code).ShouldBe(
            [ReasonCodes.ResidentIdCheckDigit, ReasonCodes.FormFieldMissing, ReasonCodes.TimeInFuture], ignoreOrder: true);
    }

    [Fact]
    public void No_sentence_repeats_what_the_sender_wrote_about_the_person()
    {
        var reasons = Check("service.submission.v1", "marriage", root =>
        {
            Set(root, "applicant.idNumber", "\"510107199003071235\"");
            Set(root, "applicant.name", "\"张晓明1\"");
        });

        reasons.ShouldAllBe(reason => !reason.Message.Contains("1990", StringComparison.Ordinal) && !reason.Message.Contains("张晓明", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1997, 0)]
    [InlineData(1998, 1)]
    public void The_pooled_fund_counts_from_1998_and_rounds_half_up_to_the_fen(int year, long pooled)
    {
        // 12% of 4 fen is 0.48 and rounds down, of 5 fen is 0.60 and rounds up.
        foreach (var (baseFen, expected) in new[] { (4L, 0L), (5L, pooled) })
        {
            var table = new PensionInformationTable
            {
                TableNumber = "X",
                LetterNumber = "L",
                Years = [new ContributionYear { Year = year, FirstMonth = 1, Months = 1, BaseFen = baseFen, PersonalFen = 0 }],
                TotalMonths = 1,
                PersonalAccountFen = 0,
                PooledFen = expected,
                TotalFen = expected,
                RelationEndedOn = new DateOnly(2026, 3, 1),
                IssuedAt = Context.Now,
            };
            BusinessRules.Check(table, Context).ShouldBeEmpty();
            BusinessRules.Check(table with { PooledFen = expected + 1, TotalFen = expected + 1 }, Context)
                .ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.PooledAmountDiffers);
        }
    }

    [Fact]
    public void The_pipeline_asks_business_rules_only_of_what_has_its_shape()
    {
        var pipeline = new ValidationPipeline(Registry, TimeProvider.System);
        var type = MessageTypes.Prefix + "service.delivery.v1";

        Refused("""{"channel":"post"}""").ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.RequiredMissing);
        Refused("""{"channel":"post","deliveredAt":"2099-01-01T00:00:00Z"}""").Select(reason => reason.Code)
            .ShouldBe([ReasonCodes.TrackingNumberRequired, ReasonCodes.TimeInFuture], ignoreOrder: true);

        IReadOnlyList<Reason> Refused(string json) =>
            pipeline.Validate(type, Encoding.UTF8.GetBytes(json)).ShouldBeOfType<ValidationOutcome.Refused>().Reasons;
    }

    private static IReadOnlyList<Reason> Check(string message, string sample, Action<JsonObject> change)
    {
        var root = JsonNode.Parse(File.ReadAllText(Repository.PathTo("contracts", "samples", message, "valid", sample + ".json")))!.AsObject();
        change(root);
        var read = PayloadReader.Read(MessageTypes.Prefix + message, Encoding.UTF8.GetBytes(root.ToJsonString()));
        return BusinessRules.Check(read.ShouldBeOfType<ReadOutcome.Ok>().Payload, Context);
    }

    // Sets or removes the value at a path such as years[1].year; the entry after a list's last one is added.
    private static void Set(JsonNode root, string path, string? json)
    {
        var keys = path.Replace("]", "", StringComparison.Ordinal).Split('.', '[');
        var parent = keys[..^1].Aggregate(root, (node, key) => node is JsonArray ? node[int.Parse(key)]! : node[key]!);
        var value = json is null ? null : JsonNode.Parse(json);
        if (parent is JsonArray list && int.Parse(keys[^1]) is var index && index == list.Count)
            list.Add(value);
        else if (parent is JsonArray entries)
            entries[int.Parse(keys[^1])] = value;
        else if (value is null)
            parent.AsObject().Remove(keys[^1]);
        else
            parent[keys[^1]] = value;
    }
}
