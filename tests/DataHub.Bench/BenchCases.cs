using System.Globalization;
using System.Security.Cryptography;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Registry;
using DataHub.Core.Validation;

namespace DataHub.Bench;

/// <summary>A case of the load: who applies where for what.</summary>
internal readonly record struct BenchRoute(string Source, string Target, string District, ServiceItem Item);

/// <summary>
/// The load's cases: applications for items that are decided at once (即办件), over every pair of cities whose agreement
/// covers them, about 1.5 KB each. Case number → case is a pure function, so nothing of a case has to be kept.
/// </summary>
internal sealed class BenchCases
{
    private const string Flow = "service.online";
    private const string ResidentCheck = "10X98765432";

    private static readonly string[] Digests = [.. Enumerable.Range(0, 64).Select(i => Convert.ToHexStringLower(SHA256.HashData([(byte)i])))];

    private static readonly Organisation Firm = new()
    {
        Name = "四川成都都市圈同城化发展测试样例信息技术服务集团有限责任公司东部新区第一分公司综合业务受理中心跨区域通办事项集中申报与材料流转服务部(测试用名称,不对应任何真实单位)",
        CreditCode = "91510113MA61XB1235",
    };

    private readonly RegistrySnapshot registry;
    private readonly BenchRoute[] routes;

    public BenchCases(RegistrySnapshot registry, DateTimeOffset now)
    {
        this.registry = registry;
        var today = WorkingDayCalendar.ShanghaiDate(now);
        var pairs = from source in registry.Cities
                    from target in registry.Cities
                    where source != target
                    select (Source: source.Code, Target: target.Code);
        // Items first, then pairs: consecutive cases go to different cities.
        routes = [.. from item in registry.Items.Where(i => i.Instant && i.Flow == Flow)
                     from pair in pairs
                     where Authority.Check(registry, Flow, item.Code, pair.Source, pair.Target, today).Count == 0
                     select new BenchRoute(pair.Source, pair.Target, registry.Districts.First(d => d.CityCode == pair.Target).Code, item)];
        if (routes.Length == 0)
            throw new InvalidOperationException("The seeds hold no item that is decided at once and that an agreement covers.");
    }

    public int Pairs => routes.Select(r => (r.Source, r.Target)).Distinct().Count();

    public BenchRoute Route(int number) => routes[number % routes.Length];

    /// <summary>The message's number in the source's own system.</summary>
    public static string SubmissionId(int number) => string.Create(CultureInfo.InvariantCulture, $"sub-{number:D9}");

    public static string DecisionId(int number) => string.Create(CultureInfo.InvariantCulture, $"dec-{number:D9}");

    public static int NumberOf(string messageId) => int.Parse(messageId.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture);

    public byte[] Submission(int number, DateTimeOffset now)
    {
        var route = Route(number);
        return PayloadReader.Write(new ServiceSubmission
        {
            ItemCode = route.Item.Code,
            Mode = ServiceMode.Online,
            CaseNumber = string.Create(CultureInfo.InvariantCulture, $"BENCH-{route.Source}-{number:D9}"),
            Applicant = PersonOf(number, "阿依古丽·买买提江·吐尔逊·阿不都热合曼·艾合买提·测试人员甲·样例"),
            Agent = PersonOf(number + 500_000_000, "买买提吐尔逊·阿不都热合曼·艾合买提江·沙塔尔·代办人员乙·样例"),
            Organisation = Firm,
            TargetDistrict = route.District,
            Form = route.Item.Fields.Where(f => f.Required).ToDictionary(f => f.Code, f => Fill("全程网办办件测试内容,用于测量端到端处理能力", f.MaxLength), StringComparer.Ordinal),
            Materials = [.. route.Item.Materials.Select((m, i) => new Material
            {
                Code = m.Code,
                Name = Fill(m.Name + ":正反面彩色扫描件,由收件窗口核对原件后上传并加盖电子印章,像素清晰,四角齐全,与申请人信息一致,供异地办理机关审查时使用;原件由窗口退还申请人", 100),
                Digest = Digests[(number + i) & 63],
                Size = 204_800 + (number % 1_000),
                MediaType = "application/pdf",
            })],
            SubmittedAt = now,
        });
    }

    public static byte[] Decision(int number, DateTimeOffset now) => PayloadReader.Write(new ServiceDecision
    {
        Result = DecisionResult.Approved,
        CertificateNumber = CertificateOf(number),
        FileDigest = Digests[number & 63],
        DecidedAt = now,
    });

    public static string CertificateOf(int number) => string.Create(CultureInfo.InvariantCulture, $"川测证字第{number:D9}号");

    private Person PersonOf(int number, string name)
    {
        var district = registry.Districts[number % registry.Districts.Count].Code;
        var born = new DateOnly(1950, 1, 1).AddDays(number % 18_000);
        var body = string.Create(CultureInfo.InvariantCulture, $"{district}{born:yyyyMMdd}{1 + (number / 18_000 % 998):D3}");
        ReadOnlySpan<int> weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        var sum = 0;
        for (var i = 0; i < 17; i++)
            sum += (body[i] - '0') * weights[i];
        return new Person
        {
            Name = name,
            IdType = IdentityType.ResidentId,
            IdNumber = body + ResidentCheck[sum % 11],
            Sex = (body[16] - '0') % 2 == 1 ? Sex.Male : Sex.Female,
            Mobile = string.Create(CultureInfo.InvariantCulture, $"139{number % 100_000_000:D8}"),
        };
    }

    private static string Fill(string text, int length) => text.Length <= length ? text : text[..length];
}
