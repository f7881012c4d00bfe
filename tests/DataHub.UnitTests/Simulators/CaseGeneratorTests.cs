using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Core.Validation;
using DataHub.Simulators;
using DataHub.Simulators.Cases;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Simulators;

public sealed class CaseGeneratorTests
{
    private static readonly DateTimeOffset Start = TimeProvider.System.GetUtcNow();

    private readonly RegistrySnapshot registry = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds());

    [Fact]
    public void The_same_seed_and_start_give_the_same_cases()
    {
        static string Text(IReadOnlyList<PlannedCase> cases) => string.Join('\n', cases.Select(c => $"{c.CaseNumber} {c.DueAt:O} {Convert.ToHexString(c.Data.Span)} {c.Expected}"));
        var generator = new CaseGenerator(Knobs.Default, registry);
        Text(generator.Generate(200, Start, TimeSpan.FromMinutes(1))).ShouldBe(Text(generator.Generate(200, Start, TimeSpan.FromMinutes(1))));
        Text(new CaseGenerator(Knobs.Default with { Seed = 2 }, registry).Generate(200, Start, TimeSpan.FromMinutes(1)))
            .ShouldNotBe(Text(generator.Generate(200, Start, TimeSpan.FromMinutes(1))));
    }

    [Fact]
    public void A_run_covers_all_cities_flows_ends_and_pairs()
    {
        var cases = new CaseGenerator(Knobs.Default with { InvalidRate = 0.2 }, registry).Generate(5000, Start, TimeSpan.FromMinutes(10));
        cases.Count.ShouldBe(5000);
        cases.Select(c => c.CaseNumber).Distinct().Count().ShouldBe(5000);
        cases.Select(c => c.City).Distinct().Count().ShouldBe(4);
        cases.Select(c => c.Expected.Flow).Distinct().Order().ShouldBe(FlowCatalogue.All.Select(f => f.Code).Order());
        var ends = cases.Select(c => c.Expected.Expectation).OfType<Expectation.Reconciled>().Select(r => r.OutcomeCode).Distinct().Order();
        ends.ShouldBe(["answered", "approved", "closed", "completed", "consent-withdrawn", "corrected", "listed", "none", "not-completed", "not-qualified", "not-recognised", "partially-completed", "published", "qualified", "recognised", "refused", "returned", "revoked", "unable", "withdrawn"]);
        cases.Select(c => c.Expected.Expectation).OfType<Expectation.Refused>().Select(r => r.ReasonCode).Distinct().Count().ShouldBeGreaterThan(12);
        cases.Zip(cases.Skip(1)).ShouldAllBe(p => p.First.DueAt <= p.Second.DueAt);
    }

    [Fact]
    public void What_is_right_passes_the_rules_and_what_is_wrong_fails_by_the_expected_one_or_later()
    {
        var cases = new CaseGenerator(Knobs.Default with { InvalidRate = 0.3 }, registry).Generate(3000, Start, TimeSpan.Zero);
        // Found by authority, routing or the flow, not by the rules of the message alone.
        string[] later =
        [
            ReasonCodes.UnknownDistrict, ReasonCodes.SameCity, ReasonCodes.ItemNotInForce, ReasonCodes.ItemNotOffered, ReasonCodes.NoAgreement,
            ReasonCodes.UnknownHospital, ReasonCodes.HospitalNotOfCity, ReasonCodes.NoSharedResult, ReasonCodes.MarkDoesNotCover, ReasonCodes.MarkNotInForce,
            ReasonCodes.AgencyNotOfCity,
            ReasonCodes.TransferConditionNotMet, ReasonCodes.EmployeeMonthsRequired, ReasonCodes.ReceivingAccountRequired, ReasonCodes.ReceivingAccountMisplaced,
        ];
        foreach (var c in cases)
        {
            var payload = PayloadReader.Read(c.Type, c.Data.Span).ShouldBeOfType<ReadOutcome.Ok>().Payload;
            var codes = BusinessRules.Check(payload, new RuleContext(registry, c.DueAt)).Select(r => r.Code).ToList();
            if (c.Expected.Expectation is Expectation.Refused refused && !later.Contains(refused.ReasonCode))
                codes.ShouldBe([refused.ReasonCode], $"{c.Type}");
            else
                codes.ShouldBeEmpty($"{c.Type}");
        }
    }

    [Fact]
    public void Persons_have_rare_characters_and_first_generation_numbers()
    {
        var cases = new CaseGenerator(Knobs.Default, registry).Generate(3000, Start, TimeSpan.Zero);
        var people = cases.Select(c => PayloadReader.Read(c.Type, c.Data.Span)).OfType<ReadOutcome.Ok>().Select(o => o.Payload).OfType<ServiceSubmission>().Select(s => s.Applicant).ToList();
        people.ShouldContain(p => p.Name.Contains('·'));
        people.ShouldContain(p => p.Name.Contains("𠮷"));
        people.ShouldContain(p => p.Name.Contains('䶮'));
        people.ShouldContain(p => p.OriginalIdNumber != null);
        people.ShouldContain(p => p.IdType == IdentityType.Passport);
        people.Where(p => p.OriginalIdNumber is not null).ShouldAllBe(p => Identifiers.UpgradeResidentId(p.OriginalIdNumber!) == p.IdNumber);
    }
}
