namespace DataHub.Host;

public enum RoleKind
{
    /// <summary>Runs shards of the hub.</summary>
    Broker,

    /// <summary>A city's native interface and its node.</summary>
    Adapter,

    /// <summary>The HTTP API for looking things up; later the pages.</summary>
    Console,

    /// <summary>A simulated city system.</summary>
    Simulator,
}

/// <summary>A role of a process.</summary>
/// <param name="City">Key of the city, for an adapter and a simulator.</param>
public sealed record HostRole(RoleKind Kind, string? City = null)
{
    public override string ToString() => City is null ? Kind.ToString().ToLowerInvariant() : $"{Kind.ToString().ToLowerInvariant()}:{City}";
}

/// <summary>What a process runs: every role (embedded), or those that are named.</summary>
public sealed record HostRoles
{
    public static readonly HostRoles Everything = new() { Named = null };

    /// <summary>Null: every role.</summary>
    public IReadOnlyList<HostRole>? Named { get; private init; }

    public bool All => Named is null;

    public bool Console => Has(new HostRole(RoleKind.Console));

    public bool Broker => Has(new HostRole(RoleKind.Broker));

    public static HostRoles Of(params IReadOnlyList<HostRole> roles) => new() { Named = roles };

    public bool Adapter(string cityKey) => Has(new HostRole(RoleKind.Adapter, cityKey));

    public bool Simulator(string cityKey) => Has(new HostRole(RoleKind.Simulator, cityKey));

    /// <summary>True where the process works on the journal: only a simulator does not.</summary>
    public bool NeedsStore => Named is null || Named.Any(r => r.Kind != RoleKind.Simulator);

    public bool NeedsBus => Named is null || Named.Any(r => r.Kind is RoleKind.Broker or RoleKind.Adapter);

    private bool Has(HostRole role) => Named is null || Named.Contains(role);

    public override string ToString() => Named is null ? "all" : string.Join('+', Named);
}
