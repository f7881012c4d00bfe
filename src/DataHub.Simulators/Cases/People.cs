using System.Globalization;
using DataHub.Contracts.Payloads;

namespace DataHub.Simulators.Cases;

/// <summary>Synthetic persons and organisations with right check characters. None of them exists.</summary>
internal static class People
{
    private const string ResidentCheck = "10X98765432";
    private const string CreditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";

    private static readonly string[] Surnames =
        ["王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "罗", "高", "欧阳", "司马", "𠮷", "䶮"];

    private static readonly string[] Given =
        ["伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "涛", "明", "超", "秀英", "霞", "平", "刚", "桂英", "子涵", "浩然", "㛃", "雪䶮", "文𠮷"];

    private static readonly string[] Minority = ["阿依古丽·买买提", "扎西·顿珠", "吉克·阿木", "沙马·尔布", "买买提·吐尔逊"];

    private static readonly string[] Firms = ["都市圈", "锦江", "岷江", "沱江", "龙泉", "青城", "雁江", "东坡"];

    private static readonly string[] Trades = ["餐饮管理", "食品", "机械制造", "物流", "信息技术", "养老服务"];

    public static Person Of(CaseSeed seed, string who)
    {
        if (seed.OneIn(40, who + " foreign"))
        {
            return new Person
            {
                Name = "Anna Maria O'Neil",
                IdType = IdentityType.Passport,
                IdNumber = "E" + (10_000_000 + seed.Below(who + " passport", 80_000_000)).ToString(CultureInfo.InvariantCulture),
                Sex = Sex.Female,
                Mobile = Mobile(seed, who),
            };
        }

        var number = ResidentId(seed, who);
        var old = number[6..8] == "19" && seed.OneIn(12, who + " old number");
        return new Person
        {
            Name = Name(seed, who),
            IdType = IdentityType.ResidentId,
            IdNumber = number,
            OriginalIdNumber = old ? string.Concat(number.AsSpan(0, 6), number.AsSpan(8, 9)) : null,
            Sex = (number[16] - '0') % 2 == 1 ? Sex.Male : Sex.Female,
            Mobile = Mobile(seed, who),
        };
    }

    public static string Name(CaseSeed seed, string who) => seed.OneIn(25, who + " minority")
        ? seed.Pick(who + " name", Minority)
        : seed.Pick(who + " surname", Surnames) + seed.Pick(who + " given", Given);

    public static Organisation Firm(CaseSeed seed)
    {
        var district = seed.Pick("firm district", seed.Registry.Districts).Code;
        var body = "91" + district + (100_000_000 + seed.Below("firm number", 800_000_000)).ToString(CultureInfo.InvariantCulture);
        return new Organisation { Name = $"四川{seed.Pick("firm", Firms)}{seed.Pick("trade", Trades)}有限公司", CreditCode = body + CreditCheck(body) };
    }

    /// <summary>The same number with a check character that is wrong.</summary>
    public static string WithWrongCheck(string residentId)
        => residentId[..17] + (residentId[17] == '1' ? '2' : '1');

    private static string ResidentId(CaseSeed seed, string who)
    {
        var district = seed.Pick(who + " district", seed.Registry.Districts).Code;
        var born = new DateOnly(1948, 1, 1).AddDays(seed.Below(who + " born", 57 * 365));
        var body = string.Create(CultureInfo.InvariantCulture, $"{district}{born:yyyyMMdd}{1 + seed.Below(who + " order", 998):D3}");
        ReadOnlySpan<int> weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        var sum = 0;
        for (var i = 0; i < 17; i++)
            sum += (body[i] - '0') * weights[i];
        return body + ResidentCheck[sum % 11];
    }

    private static char CreditCheck(string body)
    {
        var (sum, weight) = (0, 1);
        foreach (var c in body)
        {
            sum += CreditAlphabet.IndexOf(c, StringComparison.Ordinal) * weight;
            weight = weight * 3 % 31;
        }

        return CreditAlphabet[(31 - (sum % 31)) % 31];
    }

    private static string Mobile(CaseSeed seed, string who) => string.Create(
        CultureInfo.InvariantCulture, $"1{3 + seed.Below(who + " mobile a", 7)}{seed.Below(who + " mobile b", 1_000_000_000):D9}");
}
