using System.Security.Cryptography;
using DataHub.Contracts.Payloads;
using DataHub.Core.Materials;
using DataHub.Simulators.Cases;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Simulators;

public sealed class SimulatedFileTests
{
    [Fact]
    public void A_file_is_the_same_whoever_draws_it_and_another_for_another_case_seed_or_code()
    {
        var file = SimulatedFile.Submitted(1, "CD-000001", "id-card");
        SimulatedFile.Submitted(1, "CD-000001", "id-card").Bytes.ShouldBe(file.Bytes);
        new[] { SimulatedFile.Submitted(2, "CD-000001", "id-card"), SimulatedFile.Submitted(1, "CD-000002", "id-card"), SimulatedFile.Submitted(1, "CD-000001", "photo"), SimulatedFile.Supplemented(1, "CD-000001", "id-card") }
            .Select(f => f.Digest).Append(file.Digest).Distinct().Count().ShouldBe(5);
    }

    [Fact]
    public void A_file_is_small_and_what_the_material_says_of_it()
    {
        foreach (var number in Enumerable.Range(0, 200).Select(i => $"CD-{i:D6}"))
        {
            var file = SimulatedFile.Submitted(1, number, "id-card");
            var material = file.As("id-card", "居民身份证");
            material.Digest.ShouldBe(Convert.ToHexStringLower(SHA256.HashData(file.Bytes)));
            material.Size.ShouldBe(file.Bytes.Length);
            file.Bytes.Length.ShouldBeInRange(400, 5000);
            MediaKinds.Matches(MediaKinds.Find(material.MediaType)!, file.Bytes).ShouldBeTrue();
        }
    }

    [Fact]
    public void The_files_of_a_message_are_found_by_those_who_know_the_seed_and_a_digest_of_another_s_is_none()
    {
        var (own, foreign) = (SimulatedFile.Submitted(1, "CD-000001", "id-card"), SimulatedFile.Submitted(9, "CD-000001", "photo"));
        var supplement = new CaseSupplement { Materials = [SimulatedFile.Supplemented(1, "CD-000001", "id-card").As("id-card", "居民身份证"), foreign.As("photo", "照片")], SuppliedAt = default };
        SimulatedFile.NamedBy(supplement, 1, "CD-000001").Select(f => f.Digest).ShouldBe([supplement.Materials[0].Digest]);
        own.Digest.ShouldNotBe(supplement.Materials[0].Digest);
    }
}
