using System.Text;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Native;
using DataHub.Core.Registry;
using DataHub.Core.Validation;
using DataHub.Simulators.Cases;
using DataHub.UnitTests.Registry;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Simulators;

public sealed class SampleCasesTests
{
    private static readonly string Seeds = RegistrySnapshot.FindSeeds();
    private static readonly RegistrySnapshot Registry = RegistrySnapshot.Load(Seeds);
    private static readonly SampleCases Samples = SampleCases.Load(Seeds, Registry);
    private static readonly Dictionary<string, NativeMapping> Mappings = Registry.Cities.ToDictionary(c => c.Code, c => NativeMapping.Load(Seeds, c.Key, Registry));
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    public static IEnumerable<TheoryDataRow<string>> Files => Samples.All.Select(s => new TheoryDataRow<string>(s.File));

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_sample_gets_the_verdict_that_its_row_lists(string file)
    {
        var sample = Samples.All.Single(s => s.File == file);
        var (codes, payload) = Verdict(sample);
        var expected = (sample.Expectation as Expectation.Refused)?.ReasonCode;
        if (expected is not null && !IsOfTheHub(expected))
        {
            codes.ShouldBe([expected]);
            return;
        }

        codes.ShouldBeEmpty();
        var against = Authorised(sample, payload!);
        if (expected is null)
            against.ShouldBeEmpty();
        else if (against.Count > 0)
            against.ShouldBe([expected]);
    }

    [Fact]
    public void Each_city_has_good_and_bad_samples_of_every_business()
    {
        foreach (var city in Registry.Cities)
        {
            var own = Samples.All.Where(s => s.City == city.Code).ToList();
            var good = own.Where(s => s.Expectation is Expectation.Reconciled).ToList();
            good.Count.ShouldBeGreaterThanOrEqualTo(6, city.Name);
            (own.Count - good.Count).ShouldBeGreaterThanOrEqualTo(8, city.Name);
            good.Select(s => s.Type).Distinct().ShouldBe(
                [MessageTypes.ServiceSubmission, MessageTypes.JointApplication, MessageTypes.PensionApplication, MessageTypes.ResultNotice, MessageTypes.RecognitionQuery], ignoreOrder: true, city.Name);
            var people = good.Select(s => Verdict(s).Payload).OfType<ServiceSubmission>().ToList();
            people.ShouldContain(p => p.Applicant.OriginalIdNumber != null, city.Name);
            people.ShouldContain(p => p.Organisation != null, city.Name);
            people.ShouldContain(p => p.Applicant.Name.Contains("𠮷", StringComparison.Ordinal) && p.Applicant.Name.Contains('䶮', StringComparison.Ordinal), city.Name);
        }
    }

    [Fact]
    public void A_comma_and_a_quote_within_a_quoted_cell_survive()
    {
        var (_, payload) = Verdict(Samples.All.Single(s => s.File == "samples/ziyang/good-quoted-comma.csv"));
        ((ServiceSubmission)payload!).Form!["houseAddress"].ShouldBe("简阳市样本路8号,3栋\"B\"座|2单元;甲=乙");
    }

    [Theory]
    [InlineData("510100", "2026-03-05T14:30:05+08:00", "2026-03-02T14:30:05+08:00", "2026-03-05T16:30:05+08:00")]
    [InlineData("510600", "2026年3月5日14时30分05秒", "2026年3月2日14时30分05秒", "2026年3月5日16时30分05秒")]
    [InlineData("511400", "20260305143005", "20260302143005", "20260305163005")]
    [InlineData("512000", "2026-03-05 14:30:05", "2026-03-02 14:30:05", "2026-03-05 16:30:05")]
    public void A_time_is_filled_in_as_the_city_writes_it_and_every_other_byte_stays(string city, string now, string earlier, string later)
    {
        byte[] odd = [0xff, 0x00, 0x7b, 0xe4];
        byte[] sample = [.. odd, .. "a{{now}} {{now-3d}} {{now+120m}} {{then}}"u8];
        byte[] expected = [.. odd, .. Encoding.UTF8.GetBytes($"a{now} {earlier} {later} {{{{then}}}}")];
        SampleForm.Fill(Mappings[city], sample, new DateTimeOffset(2026, 3, 5, 6, 30, 5, TimeSpan.Zero)).ShouldBe(expected);
        SampleForm.HasOddPlaceholder(sample).ShouldBeTrue();
    }

    [Fact]
    public void The_same_start_gives_the_same_bytes()
    {
        var first = Samples.Plan(Now);
        first.Select(p => Convert.ToHexString(p.Native!.Value.Span)).ShouldBe(Samples.Plan(Now).Select(p => Convert.ToHexString(p.Native!.Value.Span)));
        first.Count.ShouldBe(Samples.All.Count);
    }

    [Fact]
    public void Faults_of_the_list_name_the_file_and_the_row()
    {
        using var seeds = new SeedCopy();
        File.WriteAllText(seeds.PathTo("samples", "chengdu", "extra.json"), "{}");
        File.WriteAllText(seeds.PathTo("samples", "chengdu", "late.json"), "{ \"sendTime\": \"{{tomorrow}}\" }");
        File.AppendAllLines(seeds.PathTo("samples", "samples.csv"),
        [
            "nowhere,a.json,X-1,service.submission.v1,approved,,unknown city",
            "chengdu,missing.json,X-2,service.submission.v1,approved,,missing file",
            "chengdu,good-rare-name-refused.json,X-3,transfer.pension.application.v1,approved,DH-9999,other number and kind; both outcome and reason; twice",
            "deyang,bad-dtd.xml,CD-SAMPLE-01,service.submission.v1,never,,number taken; unreadable; no outcome; twice",
            "chengdu,late.json,X-5,service.submission.v1,,DH-6003,odd time",
            "chengdu,../x.json,X-6,hub.receipt.v1,,DH-1001,path; no flow",
        ]);
        var start = File.ReadAllLines(seeds.PathTo("samples", "samples.csv")).Length - 6;

        var faults = Should.Throw<SeedException>(() => SampleCases.Load(seeds.Folder, Registry)).Faults;
        string[] Of(int row) => [.. faults.Where(f => f.File == "samples/samples.csv" && f.Row == start + row).Select(f => f.Reason)];
        Of(1).ShouldHaveSingleItem().ShouldContain("key of a city");
        Of(2).ShouldHaveSingleItem().ShouldContain("missing");
        Of(3).ShouldBe(
            ["either outcome or reason must be given", "reason is no reason code of the hub", "the message's own number must be X-3-01", "the file holds a service.submission.v1", "the file stands in another row too"],
            ignoreOrder: true);
        Of(4).ShouldBe(["the case number stands in another row too", "outcome is no outcome code of the hub", "a sample that has an outcome must be readable", "the file stands in another row too"], ignoreOrder: true);
        Of(5).ShouldHaveSingleItem().ShouldContain("{{");
        Of(6).ShouldBe(["type is no message of a flow", "file must be a plain file name"], ignoreOrder: true);
        faults.ShouldContain(f => f.File == "samples/chengdu/extra.json" && f.Row == 0);
    }

    [Fact]
    public void Seeds_without_samples_have_none()
    {
        using var seeds = new SeedCopy();
        Directory.Delete(seeds.PathTo("samples"), recursive: true);
        SampleCases.Load(seeds.Folder, Registry).All.ShouldBeEmpty();
    }

    /// <summary>What reading and validation say, before flow and authority are asked.</summary>
    private static (IReadOnlyList<string> Codes, IPayload? Payload) Verdict(SampleCase sample)
    {
        var mapping = Mappings[sample.City];
        if (SampleForm.Read(mapping, SampleForm.Fill(mapping, sample.Template.Span, Now)) is not NativeReadOutcome.Ok { Message: var message })
        {
            var refused = (NativeReadOutcome.Refused)SampleForm.Read(mapping, SampleForm.Fill(mapping, sample.Template.Span, Now));
            return ([.. refused.Reasons.Select(r => r.Code)], null);
        }

        return new ValidationPipeline(Registry, TimeProvider.System).Validate(message.Type, message.Data) switch
        {
            ValidationOutcome.Ok(var payload) => ([], payload),
            ValidationOutcome.Refused(var reasons) => ([.. reasons.Select(r => r.Code)], null),
            _ => throw new InvalidOperationException("Validation has two outcomes."),
        };
    }

    /// <summary>Reasons of routing and authority, as far as they do not depend on what was published before.</summary>
    private static IReadOnlyList<string> Authorised(SampleCase sample, IPayload payload)
    {
        if (payload is not (ServiceSubmission or PensionApplication))
            return [];
        var (target, reason) = Routing.TargetOf(payload, Registry, published: null);
        if (reason is not null)
            return [reason.Code];
        var item = payload is ServiceSubmission service ? service.ItemCode : ((PensionApplication)payload).ItemCode;
        return [.. Authority.Check(Registry, sample.Flow, item, sample.City, target!, WorkingDayCalendar.ShanghaiDate(Now)).Select(r => r.Code)];
    }

    private static bool IsOfTheHub(string code) => code.StartsWith("DH-4", StringComparison.Ordinal) || (code.StartsWith("DH-3", StringComparison.Ordinal) && code != ReasonCodes.UnknownAgency);
}
