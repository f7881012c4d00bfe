namespace DataHub.Core.Registry;

/// <summary>The catalogue of every day: one snapshot for each span of days in which nothing changes, made when it is first asked for.</summary>
internal sealed class CatalogueHistory
{
    private readonly DateOnly[] changes;
    private readonly Lazy<RegistrySnapshot>[] spans;

    public CatalogueHistory(RegistryData data)
    {
        var codes = new CodeTables(data.Codes);
        changes = Dated.Changes(data.Dated);
        spans = [.. Enumerable.Range(0, changes.Length + 1).Select(i => new Lazy<RegistrySnapshot>(() => new RegistrySnapshot(data, codes, i == 0 ? DateOnly.MinValue : changes[i - 1], this)))];
    }

    public RegistrySnapshot On(DateOnly day)
    {
        var found = Array.BinarySearch(changes, day);
        return spans[found >= 0 ? found + 1 : ~found].Value;
    }
}
