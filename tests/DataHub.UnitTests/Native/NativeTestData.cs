using System.Text;
using System.Text.Json.Nodes;
using DataHub.Contracts;
using DataHub.Core.Native;
using DataHub.Core.Registry;
using DataHub.Core.Validation;

namespace DataHub.UnitTests.Native;

/// <summary>The committed mappings, and payloads of every shape made from the contracts themselves.</summary>
internal static class NativeTestData
{
    public const string ExchangeId = "510100-20261122-0000000001";

    public static readonly string Seeds = RegistrySnapshot.FindSeeds();
    public static readonly RegistrySnapshot Registry = RegistrySnapshot.Load(Seeds);
    public static readonly string[] Cities = ["chengdu", "deyang", "meishan", "ziyang"];

    public static readonly IReadOnlyDictionary<string, NativeMapping> Mappings =
        Cities.ToDictionary(c => c, c => NativeMapping.Load(Seeds, c, Registry));

    /// <summary>Every message that a city's system speaks.</summary>
    public static readonly string[] Types =
        [.. Shape.ByName.Keys.Where(t => t == MessageTypes.DeadlineNotice || !t.StartsWith(MessageTypes.Prefix + "hub.", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private static readonly Dictionary<string, string> ByPattern = new(StringComparer.Ordinal)
    {
        [Patterns.CityCode] = "510681",
        [Patterns.Sha256] = new string('a', 64),
        [Patterns.Decimal] = "3.90",
        ["^[A-Z]{2,4}$"] = "CT",
        [Patterns.Month] = "2008-03",
        [Patterns.Date] = "2026-03-05",
        [Patterns.DateTime] = "2026-03-05T14:30:05+08:00",
        [Patterns.Mobile] = "13800000000",
        [Patterns.IdentityNumber] = "11010519491231002X",
        [Patterns.CreditCode] = "91510100MA61U0000A",
        [Patterns.HttpsUrl] = "https://his.example.cn/reports/1?k=a,b",
        [Patterns.MediaType] = "application/pdf",
        [Patterns.Account] = "6222-0000-0001",
        ["^[0-9]{15}$"] = "110105491231002",
        ["^[0-9A-Za-z-]{6,40}$"] = "SF1234567890",
        [Patterns.ExchangeId] = "510100-20260305-0000000001",
    };

    /// <summary>A payload of this type with all its members, or with the required ones only.</summary>
    public static JsonObject Payload(string type, bool all) => Object(type, Shape.ByName[type], all);

    public static byte[] Utf8(JsonNode node) => Encoding.UTF8.GetBytes(node.ToJsonString());

    private static JsonObject Object(string type, Shape shape, bool all)
    {
        var result = new JsonObject();
        foreach (var member in shape.Members.Where(m => all || m.Required))
            result[member.Name] = Value(type, member.Name, member.Shape, all);
        return result;
    }

    private static JsonNode Value(string type, string name, Shape shape, bool all) => shape.Kind switch
    {
        ShapeKind.Object => Object(type, shape, all),
        ShapeKind.List => new JsonArray([.. Enumerable.Range(0, (int)Math.Max(shape.Min, all ? 2 : 0)).Select(_ => Value(type, name, shape.Entry!, all))]),
        ShapeKind.Map => new JsonObject { ["fieldA"] = "甲,\"乙\"", ["fieldB"] = "" },
        ShapeKind.Flag => true,
        ShapeKind.Choice => shape.Choices[^1],
        ShapeKind.Whole => Math.Max(shape.Min, 1),
        _ => Text(type, name, shape),
    };

    private static string Text(string type, string name, Shape shape) => (type, name) switch
    {
        (MessageTypes.ServiceSubmission, "itemCode") => "library.loan",
        (MessageTypes.JointApplication, "itemCode") => "joint.newborn",
        (MessageTypes.JointCompletion, "outcome") => "not-opened",
        (MessageTypes.PensionApplication, "itemCode") => "pension.employee",
        (MessageTypes.TransferApplication, "itemCode") or (MessageTypes.ContributionQuery, "insuranceKind") => "medical.employee",
        (MessageTypes.QualificationRequest, "itemCode") => "pension.qualification",
        (MessageTypes.ContributionQuery, "itemCode") => "contribution.record",
        (_, "itemCode" or "itemCodes") => Registry.RecognitionItems[0].Code,
        (MessageTypes.CaseReturn, "reasonCode") => "not-competent",
        (_, "mark") => "成德眉资HR",
        (_, "name") when shape.Pattern is null => "买买提·𠮷㛃䶮",
        _ when shape.Pattern is { } pattern => ByPattern.GetValueOrDefault(pattern, "A1"),
        _ => "备注:第一行\n第二行,\"引号\"𠮷",
    };
}
