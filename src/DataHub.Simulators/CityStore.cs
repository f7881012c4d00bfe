namespace DataHub.Simulators;

/// <summary>The durable memory of one simulated city: an SQLite file.</summary>
public sealed class CityStore : IAsyncDisposable
{
    private CityStore(string file) => File = file;

    public string File { get; }

    public static CityStore Open(string file) => new(file);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
