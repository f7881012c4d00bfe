namespace DataHub.Simulators.Cases;

/// <summary>A case that a city is going to submit.</summary>
/// <param name="CaseNumber">The city's own number, unique in the city; also the beginning of its messages' numbers.</param>
/// <param name="City">GB/T 2260 code of the submitting city.</param>
/// <param name="DueAt">When it is submitted.</param>
/// <param name="Type">The type that opens the flow; of a sample that is to be refused also another.</param>
/// <param name="Data">The payload as canonical JSON; empty for a sample that cannot be read.</param>
/// <param name="Expected">What has to become of it.</param>
public sealed record PlannedCase(string CaseNumber, string City, DateTimeOffset DueAt, string Type, ReadOnlyMemory<byte> Data, ExpectedCase Expected)
{
    /// <summary>A sample in the city's own form, to be handed over byte for byte; null where the message is put into that form first.</summary>
    public ReadOnlyMemory<byte>? Native { get; init; }

    /// <summary>
    /// Number of another case of the city, planned before, out of which this one is submitted: the search from whose list the
    /// query is made, the query whose consent is taken back. Null where it is submitted when it is due.
    /// </summary>
    public string? OutOf { get; init; }
}

/// <summary>What has to become of a case. For a generated one it holds for the knobs of that moment.</summary>
public sealed record ExpectedCase(string CaseNumber, string City, string Flow, Expectation Expectation);

public abstract record Expectation
{
    private Expectation()
    {
    }

    /// <summary>Source, hub and target end with this outcome code.</summary>
    /// <param name="BreakCode">A 7xxx reason code of a break that the case opens on its way; null for none.</param>
    public sealed record Reconciled(string OutcomeCode, string? BreakCode = null) : Expectation;

    /// <summary>The submission is refused, by this reason among possible others.</summary>
    public sealed record Refused(string ReasonCode) : Expectation;
}
