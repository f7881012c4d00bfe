namespace DataHub.Adapters.Pipeline;

/// <summary>Where a city's system is reached and how the two sides know each other. Each city uses what its interface needs.</summary>
public sealed record CityEndpoint
{
    /// <summary>Chengdu, Deyang: root of the city's own system, such as <c>http://127.0.0.1:18081/</c>.</summary>
    public Uri? BaseUrl { get; init; }

    /// <summary>Chengdu, Deyang: names the caller; sent in the header <c>X-Api-Key</c> in both directions.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Chengdu, Deyang: HMAC-SHA256 key of both directions, at least 16 characters.</summary>
    public string? Secret { get; init; }

    /// <summary>Meishan: the exchange database as a SQLite file. Ziyang: root of the drop folders.</summary>
    public string? Path { get; init; }

    /// <summary>Meishan: the exchange database as a PostgreSQL schema, instead of <see cref="Path"/>. Holds a password: never logged.</summary>
    public string? ConnectionString { get; init; }

    /// <summary>Meishan, Ziyang: pause between two looks at tables or folders when nothing was found.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    public CityResilienceOptions Resilience { get; init; } = new();
}
