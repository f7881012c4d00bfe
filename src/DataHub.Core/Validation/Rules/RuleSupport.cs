using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using FluentValidation;
using FluentValidation.Results;

namespace DataHub.Core.Validation.Rules;

/// <summary>The rules that several payloads share, and the way a rule reaches its context and gives its reason.</summary>
internal static class RuleSupport
{
    private const string ContextKey = "rules";

    public static ValidationContext<T> Begin<T>(T payload, RuleContext rules)
    {
        var context = new ValidationContext<T>(payload);
        context.RootContextData[ContextKey] = rules;
        return context;
    }

    public static RuleContext Rules<T>(this ValidationContext<T> context) => (RuleContext)context.RootContextData[ContextKey];

    /// <summary>Adds a reason at the rule's own member.</summary>
    public static void Refuse<T>(this ValidationContext<T> context, string code, params object[] args) =>
        context.AddFailure(new ValidationFailure(context.PropertyPath, code) { ErrorCode = code, CustomState = args });

    /// <summary>Adds a reason at another member of the same object, such as <c>Materials[2].Code</c>.</summary>
    public static void RefuseAt<T>(this ValidationContext<T> context, string member, string code, params object[] args) =>
        context.AddFailure(new ValidationFailure(context.PropertyChain.BuildPropertyPath(member), code) { ErrorCode = code, CustomState = args });

    /// <summary>A document's own time: not ahead of the clock, not ancient.</summary>
    public static void IsRecent<T>(this IRuleBuilder<T, DateTimeOffset> rule) => rule.Custom((time, context) =>
    {
        var rules = context.Rules();
        if (time > rules.Now + rules.FutureTolerance)
            context.Refuse(ReasonCodes.TimeInFuture);
        else if (time < rules.Now.AddYears(-rules.MaxAgeYears))
            context.Refuse(ReasonCodes.TimeTooOld, rules.MaxAgeYears);
    });

    /// <summary>A reason in words that says something.</summary>
    public static void HasWords<T>(this IRuleBuilder<T, string> rule) => rule.Custom((text, context) =>
    {
        if (string.IsNullOrWhiteSpace(text))
            context.Refuse(ReasonCodes.ReasonRequired);
    });

    /// <summary>A recognition mark is a range followed by <c>HR</c> (国卫医发〔2022〕6号).</summary>
    public static void IsMark<T>(this IRuleBuilder<T, string> rule) => rule.Custom((mark, context) =>
    {
        if (!mark.EndsWith("HR", StringComparison.Ordinal) || string.IsNullOrWhiteSpace(mark[..^2]))
            context.Refuse(ReasonCodes.MarkMissing);
    });

    public static void IsName<T>(this IRuleBuilder<T, string> rule) => rule.Custom((name, context) =>
    {
        if (Identifiers.CheckName(name) is { } code)
            context.Refuse(code);
    });

    public static void IsRegistered<T>(this IRuleBuilder<T, Agency> rule) => rule.Custom((agency, context) =>
    {
        if (context.Rules().Registry.Agency(agency.Code) is null)
            context.RefuseAt($"{context.PropertyPath[(context.PropertyPath.LastIndexOf('.') + 1)..]}.{nameof(Agency.Code)}", ReasonCodes.UnknownAgency);
    });

    /// <summary>No month stands in two of the spans.</summary>
    public static void AreApart<T>(this IRuleBuilder<T, IReadOnlyList<MonthSpan>> rule) => rule.Custom((periods, context) =>
    {
        // Months are written so that their texts order as they do.
        static bool Overlap(MonthSpan one, MonthSpan other) =>
            string.CompareOrdinal(one.From, other.To) <= 0 && string.CompareOrdinal(other.From, one.To) <= 0;

        for (var index = 1; index < periods?.Count; index++)
        {
            if (periods.Take(index).Any(earlier => Overlap(earlier, periods[index])))
                context.RefuseAt($"{context.PropertyPath}[{index}]", ReasonCodes.DuplicateEntry);
        }
    });

    /// <summary>Refuses the second and every further entry of the same key.</summary>
    public static void RefuseRepeated<T, TEntry>(this ValidationContext<T> context, IReadOnlyList<TEntry> entries, string list, string member, Func<TEntry, string> key)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < entries.Count; index++)
        {
            if (!seen.Add(key(entries[index])))
                context.RefuseAt($"{list}[{index}].{member}", ReasonCodes.DuplicateEntry);
        }
    }
}

internal sealed class PersonRules : AbstractValidator<Person>
{
    public static readonly PersonRules Instance = new();

    private PersonRules()
    {
        RuleFor(person => person.Name).IsName();
        RuleFor(person => person.IdNumber).Custom((number, context) =>
        {
            var person = context.InstanceToValidate;
            if (person.IdType != IdentityType.ResidentId)
                return;
            if (Identifiers.CheckResidentId(number, context.Rules().Today) is { } code)
                context.Refuse(code);
            else if (person.Sex is Sex.Male or Sex.Female && person.Sex != Identifiers.SexOf(number))
                context.RefuseAt(nameof(Person.Sex), ReasonCodes.SexDiffersFromId);
        });
        RuleFor(person => person.OriginalIdNumber).Custom((original, context) =>
        {
            var person = context.InstanceToValidate;
            if (original is not null && (person.IdType != IdentityType.ResidentId || Identifiers.UpgradeResidentId(original) != person.IdNumber))
                context.Refuse(ReasonCodes.OriginalIdDiffers);
        });
    }
}

internal sealed class DoctorRules : AbstractValidator<Doctor>
{
    public static readonly DoctorRules Instance = new();

    private DoctorRules() => RuleFor(doctor => doctor.Name).IsName();
}

internal sealed class OrganisationRules : AbstractValidator<Organisation>
{
    public static readonly OrganisationRules Instance = new();

    private OrganisationRules() => RuleFor(organisation => organisation.CreditCode).Custom((number, context) =>
    {
        if (Identifiers.CheckCreditCode(number) is { } code)
            context.Refuse(code);
    });
}
