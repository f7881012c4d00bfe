namespace DataHub.Contracts.Payloads;

/// <summary>退回 / 不予受理: the target refuses to take the case.</summary>
public sealed record CaseReturn : IPayload
{
    /// <summary>A code of the catalogue's return reasons.</summary>
    [Pattern(Patterns.Identifier)] public required string ReasonCode { get; init; }

    [Text(2, 500)] public required string Reason { get; init; }

    /// <summary>The city that the returning side holds competent: a hint for the applicant, who may submit there.</summary>
    [Pattern(Patterns.CityCode)] public string? CompetentCity { get; init; }

    public required DateTimeOffset ReturnedAt { get; init; }
}

/// <summary>撤回: the applicant takes the case back before a decision.</summary>
public sealed record CaseWithdrawal : IPayload
{
    [Text(2, 500)] public required string Reason { get; init; }

    public required DateTimeOffset WithdrawnAt { get; init; }
}

public sealed record SupplementItem
{
    [Pattern(Patterns.Identifier)] public required string MaterialCode { get; init; }

    [Text(1, 100)] public required string Name { get; init; }

    [Text(2, 500)] public required string Requirement { get; init; }
}

/// <summary>补正通知: everything that is missing, asked for once; the deadline clock stops meanwhile.</summary>
public sealed record CaseSupplementRequest : IPayload
{
    [Count(1, 40)] public required IReadOnlyList<SupplementItem> Items { get; init; }

    /// <summary>Working days that the applicant has.</summary>
    [Range(1, 60)] public required int WorkingDays { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }
}

/// <summary>补正材料: what was asked for; the clock goes on.</summary>
public sealed record CaseSupplement : IPayload
{
    [Count(1, 40)] public required IReadOnlyList<Material> Materials { get; init; }

    [Text(1, 500)] public string? Note { get; init; }

    public required DateTimeOffset SuppliedAt { get; init; }
}

/// <summary>催办: a reminder to the side that has to act.</summary>
public sealed record CaseReminder : IPayload
{
    [Text(2, 500)] public required string Text { get; init; }

    public required DateTimeOffset RemindedAt { get; init; }
}

public sealed record FieldChange
{
    /// <summary>JSON path of the changed field in the corrected message, such as <c>$.applicant.mobile</c>.</summary>
    [Text(2, 200)] public required string Path { get; init; }

    [Text(0, 500)] public string? Before { get; init; }

    [Text(0, 500)] public required string After { get; init; }
}

/// <summary>更正: the sender corrects a message that it sent earlier in this exchange.</summary>
public sealed record CaseCorrection : IPayload
{
    [Pattern(Patterns.Identifier)] public required string CorrectedMessageId { get; init; }

    [Count(1, 40)] public required IReadOnlyList<FieldChange> Changes { get; init; }

    [Text(2, 500)] public required string Reason { get; init; }

    public required DateTimeOffset CorrectedAt { get; init; }
}

/// <summary>撤销: the target takes back an outcome that it had reached.</summary>
public sealed record CaseRevocation : IPayload
{
    [Text(2, 500)] public required string Reason { get; init; }

    public required DateTimeOffset RevokedAt { get; init; }
}

/// <summary>重新办理: a finished case is taken up again.</summary>
public sealed record CaseReopening : IPayload
{
    [Text(2, 500)] public required string Reason { get; init; }

    public required DateTimeOffset ReopenedAt { get; init; }
}

/// <summary>终止: the case ends without an outcome, with a reason.</summary>
public sealed record CaseClosure : IPayload
{
    [Text(2, 500)] public required string Reason { get; init; }

    public required DateTimeOffset ClosedAt { get; init; }
}

/// <summary>转办: the sender hands the case to another agency of its own city. To another city it is returned instead.</summary>
public sealed record CaseForwarding : IPayload
{
    /// <summary>The agency that has handled the case so far.</summary>
    public required Agency FromAgency { get; init; }

    /// <summary>A registered agency of the sender's city; not the one before.</summary>
    public required Agency ToAgency { get; init; }

    [Text(2, 500)] public required string Reason { get; init; }

    public required DateTimeOffset ForwardedAt { get; init; }
}
