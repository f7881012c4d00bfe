using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Registry;
using FluentValidation;

namespace DataHub.Core.Validation.Rules;

/// <summary>Measured quantities against the catalogue: which codes an item has, in which unit, as numbers or words. Decimal, never floating point.</summary>
internal static class ObservationRules
{
    public static void Check(ValidationContext<RecognitionResult> context, string itemCode, IReadOnlyList<Observation> observations)
    {
        var registry = context.Rules().Registry;
        // An item that the catalogue does not have is refused by the flow, which knows the exchange's item.
        if (registry.RecognitionItem(itemCode) is not { } item || observations.Count == 0)
            return;
        if (item.Category != ResultCategory.Laboratory)
        {
            context.RefuseAt(nameof(RecognitionResult.Observations), ReasonCodes.ResultPartOfOtherCategory);
            return;
        }

        for (var index = 0; index < observations.Count; index++)
            Check(context, registry.LaboratoryCode(itemCode, observations[index].Code), observations[index], $"{nameof(RecognitionResult.Observations)}[{index}].");
    }

    private static void Check(ValidationContext<RecognitionResult> context, LaboratoryCode? code, Observation observation, string at)
    {
        if (code is null)
        {
            context.RefuseAt(at + nameof(observation.Code), ReasonCodes.LaboratoryCodeUnknown, observation.Code);
            return;
        }

        if ((observation.Unit ?? "") != code.Unit)
            context.RefuseAt(at + nameof(observation.Unit), ReasonCodes.LaboratoryUnitDiffers, code.Unit.Length == 0 ? "无单位" : code.Unit);
        var numeric = code.Value == LaboratoryValue.Numeric;
        if (numeric && Decimal(observation.Value) is null)
            context.RefuseAt(at + nameof(observation.Value), ReasonCodes.LaboratoryValueNotDecimal);
        if (!numeric && observation.Comparator is not null)
            context.RefuseAt(at + nameof(observation.Comparator), ReasonCodes.LaboratoryValueNotDecimal);
        if (Decimal(observation.ReferenceLow) is { } low && Decimal(observation.ReferenceHigh) is { } high && low > high)
            context.RefuseAt(at + nameof(observation.ReferenceLow), ReasonCodes.ReferenceRangeReversed);
    }

    private static decimal? Decimal(string? text) =>
        decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;
}
