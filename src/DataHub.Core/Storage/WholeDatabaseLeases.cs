namespace DataHub.Core.Storage;

/// <summary>Leases where one process has the whole database (embedded): every node is its own, and no fence is needed.</summary>
public sealed class WholeDatabaseLeases : INodeLeases
{
    public ValueTask<long?> AcquireAsync(string node, string owner, TimeSpan ttl, CancellationToken cancel) => ValueTask.FromResult<long?>(0);

    public ValueTask<bool> RenewAsync(string node, long fence, TimeSpan ttl, CancellationToken cancel) => ValueTask.FromResult(true);

    public ValueTask ReleaseAsync(string node, long fence, CancellationToken cancel) => ValueTask.CompletedTask;

    public ValueTask AnnounceAsync(string role, string owner, TimeSpan ttl, CancellationToken cancel) => ValueTask.CompletedTask;

    public ValueTask<LeaseView> LeasesAsync(string role, CancellationToken cancel) => ValueTask.FromResult(new LeaseView([role], new Dictionary<string, string>()));

    public ValueTask<string> FixAsync(string setting, string value, CancellationToken cancel) => ValueTask.FromResult(value);
}
