using System.Collections;
using DataHub.Contracts.Json;
using DataHub.Contracts.Payloads;
using DataHub.Core.Materials;
using DataHub.Core.Validation;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Materials;

public sealed class NamedMaterialsTests
{
    public static TheoryData<string> Samples =>
        [.. Directory.EnumerateFiles(Repository.PathTo("contracts", "samples"), "*.json", SearchOption.AllDirectories)
            .Where(f => Path.GetFileName(Path.GetDirectoryName(f)) == "valid" && !f.Contains("cloudevent", StringComparison.Ordinal)).Select(f => Path.GetRelativePath(Repository.PathTo("contracts", "samples"), f))];

    [Theory]
    [MemberData(nameof(Samples))]
    public void Every_file_that_a_message_names_is_found(string sample)
    {
        var name = sample.Split(Path.DirectorySeparatorChar)[0];
        var type = PayloadTypes.ByName.Keys.Single(t => t.EndsWith("." + name, StringComparison.Ordinal) && t.Split('.').Length == "cn.chengdu-metro.datahub".Split('.').Length + name.Split('.').Length);
        var payload = ((ReadOutcome.Ok)PayloadReader.Read(type, File.ReadAllBytes(Repository.PathTo("contracts", "samples", sample)))).Payload;

        NamedMaterials.Of(payload, "exchange", "message", "510100", default).Select(m => m.Digest).ShouldBe(DigestsIn(payload), ignoreOrder: true);
    }

    [Fact]
    public void A_material_keeps_what_the_message_says_of_it()
    {
        var material = new Material { Code = "id-card", Name = "居民身份证", Digest = new string('a', 64), Size = 17, MediaType = "image/jpeg" };
        NamedMaterials.Of(new CaseSupplement { Materials = [material], SuppliedAt = default }, "exchange", "message", "510100", DateTimeOffset.UnixEpoch)
            .ShouldBe([new NamedMaterial("exchange", "message", "510100", "id-card", "居民身份证", new string('a', 64), 17, "image/jpeg", DateTimeOffset.UnixEpoch)]);
    }

    [Theory]
    [InlineData("$.fileDigest", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", true)]
    [InlineData("$.fileDigest", "another", false)]
    [InlineData("$.reason", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", false)]
    public void A_correction_of_the_result_file_names_the_new_one(string path, string after, bool names) =>
        NamedMaterials.Of(new CaseCorrection { CorrectedMessageId = "m", Changes = [new FieldChange { Path = path, After = after }], Reason = "错", CorrectedAt = default }, "exchange", "message", "510100", default)
            .Select(m => (m.Code, m.Digest)).ShouldBe(names ? [(NamedMaterials.ResultCode, after)] : []);

    /// <summary>Whatever is a material, or the digest of a file, anywhere in a payload: also in messages that are added later.</summary>
    private static IEnumerable<string> DigestsIn(object? value)
    {
        switch (value)
        {
            case null or string or ValueType:
                return [];
            case Material material:
                return [material.Digest];
            case IEnumerable list:
                return list.Cast<object?>().SelectMany(DigestsIn);
            default:
                return value.GetType().GetProperties().SelectMany(p => p.Name == "FileDigest" ? p.GetValue(value) is string digest ? [digest] : [] : DigestsIn(p.GetValue(value)));
        }
    }
}
