using DataHub.Contracts;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.Core.Storage;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Compliance;

/// <summary>
/// What every store must do. A provider inherits this class and gives its own way to open the database; the tests are the
/// same for all, so that a node cannot tell providers apart.
/// </summary>
public abstract partial class NodeStoreCompliance : IAsyncLifetime
{
    protected const string Hub = Nodes.Hub;
    protected const string Chengdu = "510100";
    protected const string Deyang = "510600";

    /// <summary>Whole milliseconds, as stores keep times.</summary>
    protected static readonly DateTimeOffset Now = new(2026, 3, 4, 2, 0, 0, 123, TimeSpan.Zero);

    protected INodeStore Store { get; private set; } = null!;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Opens the test's own database, which is empty at first.</summary>
    protected abstract Task<INodeStore> OpenAsync();

    /// <summary>Opens what would be there if the process had been killed at this moment, while <see cref="Store"/> stays open.</summary>
    protected abstract Task<INodeStore> OpenAsAfterAKillAsync();

    protected abstract ValueTask RemoveAsync();

    public async ValueTask InitializeAsync() => Store = await OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await RemoveAsync();
        GC.SuppressFinalize(this);
    }

    protected async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = await OpenAsync();
    }

    protected Task<CommitResult> CommitAsync(string node, Action<NodeCommit> fill)
    {
        var commit = new NodeCommit(node);
        fill(commit);
        return Store.CommitAsync(commit, Cancel);
    }

    protected async Task<List<JournalRow>> JournalAsync(string node) => await Store.JournalAsync(node, 0, null, 100_000, Cancel);

    protected static string Key(string id) => Chengdu + ":" + id;

    protected static string ExchangeId(int number) => $"{Chengdu}-20260304-{number:D10}";

    protected static JournalEntry Entry(string id, EntryKind kind = EntryKind.Received) => new()
    {
        Kind = kind,
        Key = Key(id),
        MessageId = id,
        Type = MessageTypes.ServiceAcceptance,
        ExchangeId = Nodes.NoExchange,
        Sender = Chengdu,
        Sequence = 1,
        At = Now,
        Body = "body"u8.ToArray(),
    };

    /// <summary>Every row follows from the one before it.</summary>
    internal static void ShouldBeChained(string node, List<JournalRow> rows)
    {
        var previous = JournalHash.Genesis(node);
        for (var i = 0; i < rows.Count; i++)
        {
            var r = rows[i];
            r.Number.ShouldBe(i + 1);
            var entry = new JournalEntry
            {
                Kind = r.Kind,
                Key = r.Key,
                MessageId = r.MessageId,
                Type = r.Type,
                ExchangeId = r.ExchangeId,
                Sender = r.Sender,
                Sequence = r.Sequence,
                At = r.At,
                Body = r.Body,
                Reasons = r.Reasons,
            };
            r.Hash.ShouldBe(JournalHash.Next(previous, r.Number, entry), $"row {r.Number}");
            previous = r.Hash;
        }
    }

    private async Task<List<string>> UnreconciledAsync(int limit) =>
        [.. (await Store.UnreconciledAsync(Hub, Now.AddMinutes(-5), limit, Cancel)).Select(r => r.State.ExchangeId)];

    private static void ShouldBeSame(ExchangeRow read, ExchangeRow written)
    {
        (read with { State = read.State with { Facts = written.State.Facts } }).ShouldBe(written);
        read.State.Facts.ShouldBe(written.State.Facts, ignoreOrder: true);
    }

    private static ExchangeState State(int number) => new()
    {
        ExchangeId = ExchangeId(number),
        Flow = "service.online",
        FlowVersion = 1,
        Item = "marriage.registration",
        SourceCity = Chengdu,
        TargetCity = Deyang,
        State = "submitted",
        Version = 1,
        OpenedAt = Now,
        ChangedAt = Now,
        Facts = new Dictionary<string, string>(),
    };

    private static ExchangeRow Exchange(int number) => new() { State = State(number) };

    protected static ExchangeRow DueExchange(int number) =>
        new() { State = State(number) with { Clock = new Clock(Deyang, new DateOnly(2026, 3, 9), null, null, true) }, NoticeOn = new DateOnly(2026, 3, 9) };

    protected static ExchangeRow UnreconciledExchange(int number) => WithOutcome(number, Now);

    private static ExchangeRow WithOutcome(int number, DateTimeOffset changedAt) => new()
    {
        State = State(number) with { Outcome = new Outcome("approved", null, null), ChangedAt = changedAt },
        OutcomeDigest = new string('d', 64),
    };

    private static BreakChange.Opened Opened(int number, string code, string detail = "") => new(new BreakRow(ExchangeId(number), code, detail, Now, null));

    private static NativeDeliveryRow Delivery(int entryIndex, string exchangeId) => new(0, entryIndex, exchangeId, false, 0, 0, Now, null);

    private static PublishedRow Result(string id, DateTimeOffset performedAt) =>
        new(new PublishedResult(id, ExchangeId(1), Chengdu, "CT", "H510100001", "全国HR", performedAt, new string('a', 64), false, []), "patient");
}
