namespace DataHub.Core.Materials;

/// <summary>How long files are kept. Pure.</summary>
public static class MaterialRules
{
    /// <summary>Refused fetches that are recorded per city in 24 hours: enough to see an attempt, too few to fill a disk.</summary>
    public const int RefusedAccesses = 1000;

    /// <summary>A file in use is looked at again after this: its exchange says nothing to it when it ends.</summary>
    private const int LookAgainDays = 30;

    /// <summary>When to look at a held file again; null where it is not kept any longer.</summary>
    public static DateTimeOffset? LookAgain(DueContent content, MaterialOptions options, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(options);
        var latest = now.AddDays(LookAgainDays);
        if (content.InUse)
            return latest;
        var until = content.TouchedAt.AddDays(options.UnnamedDays);
        if (content.Named && content.LastChange is { } changed && changed.AddDays(options.KeepDays) is var kept && kept > until)
            until = kept;
        return until <= now ? null : until < latest ? until : latest;
    }
}
