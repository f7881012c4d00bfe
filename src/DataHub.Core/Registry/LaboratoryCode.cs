namespace DataHub.Core.Registry;

/// <summary>What the value of a measured quantity is.</summary>
public enum LaboratoryValue
{
    /// <summary>A decimal number in the catalogue's unit.</summary>
    Numeric,

    /// <summary>Words, such as 阴性.</summary>
    Text,
}

/// <summary>A quantity that a laboratory item measures, by a code in the written form of LOINC.</summary>
/// <param name="Unit">The one unit in which it travels; empty for a number without unit and for text.</param>
public sealed record LaboratoryCode(string Code, string Name, string Item, string Unit, LaboratoryValue Value);
