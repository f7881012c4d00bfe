using DataHub.Contracts;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.Core.Storage;
using NSubstitute;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Storage;

public sealed class StepMemoryTests
{
    private readonly INodeStore store = Substitute.For<INodeStore>();
    private readonly Recent<ExchangeRow> recent = new(100);
    private readonly List<string> keysAsked = [];
    private readonly List<string> exchangesAsked = [];
    private readonly StepMemory memory;

    public StepMemoryTests()
    {
        store.KnownAsync("", [], default).ReturnsForAnyArgs(call =>
        {
            keysAsked.AddRange(call.ArgAt<IReadOnlyCollection<string>>(1));
            return ValueTask.FromResult(new Dictionary<string, KnownMessage> { ["there"] = new(7, "x", 1, default) });
        });
        store.ExchangesAsync("", [], default).ReturnsForAnyArgs(call =>
        {
            exchangesAsked.AddRange(call.ArgAt<IReadOnlyCollection<string>>(1));
            return ValueTask.FromResult(new Dictionary<string, ExchangeRow> { ["stored"] = Row("stored") });
        });
        memory = new StepMemory(Nodes.Hub, store, recent);
    }

    [Fact]
    public async Task Several_units_of_work_ask_the_store_once_and_for_each_key_once()
    {
        await memory.LoadAsync([new Wants(["there", "a"], ["one", "stored"]), new Wants(["a", "b"], ["stored", "new"])], default);

        keysAsked.ShouldBe(["there", "a", "b"], ignoreOrder: true);
        exchangesAsked.ShouldBe(["one", "stored", "new"], ignoreOrder: true);
        await store.ReceivedWithAnyArgs(1).KnownAsync("", [], default);
        await store.ReceivedWithAnyArgs(1).ExchangesAsync("", [], default);
        memory.Known("there").ShouldNotBeNull().JournalNumber.ShouldBe(7);
        memory.Known("a").ShouldBeNull();
        memory.Exchange("stored").ShouldNotBeNull();
        memory.Exchange("new").ShouldBeNull();

        await memory.LoadAsync(["a"], ["new"], default);
        await store.ReceivedWithAnyArgs(1).KnownAsync("", [], default);
        await store.ReceivedWithAnyArgs(1).ExchangesAsync("", [], default);
    }

    [Fact]
    public async Task What_the_group_decided_stands_whatever_is_loaded_later()
    {
        recent.Put("written", Row("written"));
        await memory.LoadAsync(["there"], ["stored", "written"], default);
        var (stored, written) = (Row("stored"), Row("written"));
        memory.Put(stored);
        memory.Put(written);
        var entry = new JournalEntry { Kind = EntryKind.Received, Key = "there", MessageId = "m", Type = "t", ExchangeId = "stored", Sender = "510100", Sequence = 3, At = DateTimeOffset.UnixEpoch, Body = "{}"u8.ToArray() };
        memory.Add(entry);

        await memory.LoadAsync(["there"], ["stored", "written"], default);

        memory.Exchange("stored").ShouldBeSameAs(stored);
        memory.Exchange("written").ShouldBeSameAs(written);
        memory.Known("there").ShouldBe(new KnownMessage(0, "stored", 3, entry.Body));
    }

    [Fact]
    public async Task What_the_node_wrote_lately_is_not_asked_for()
    {
        var written = Row("written");
        recent.Put("written", written);

        await memory.LoadAsync([], ["written", "stored"], default);

        exchangesAsked.ShouldBe(["stored"]);
        memory.Exchange("written").ShouldBeSameAs(written);
    }

    [Fact]
    public async Task Only_the_very_row_that_is_known_counts_as_unchanged()
    {
        await memory.LoadAsync([], ["stored"], default);
        var row = memory.Exchange("stored").ShouldNotBeNull();

        memory.Has(row).ShouldBeTrue();
        memory.Has(row with { NoticeStage = 1 }).ShouldBeFalse();
        memory.Has(Row("other")).ShouldBeFalse();
    }

    [Fact]
    public void What_was_never_loaded_is_not_taken_for_absent()
    {
        Should.Throw<InvalidOperationException>(() => memory.Known("a"));
        Should.Throw<InvalidOperationException>(() => memory.Exchange("a"));
    }

    [Fact]
    public async Task A_store_that_cannot_be_read_is_told_of()
    {
        store.KnownAsync("", [], default).ReturnsForAnyArgs<ValueTask<Dictionary<string, KnownMessage>>>(_ => throw new StoreUnavailableException("away", new IOException()));
        await Should.ThrowAsync<StoreUnavailableException>(() => memory.LoadAsync(["a"], ["b"], default));
    }

    private static ExchangeRow Row(string id) => new()
    {
        State = new ExchangeState
        {
            ExchangeId = id,
            Flow = "service.online",
            FlowVersion = 1,
            Item = "i",
            SourceCity = "510100",
            TargetCity = "510600",
            State = "submitted",
            Version = 1,
            OpenedAt = DateTimeOffset.UnixEpoch,
            ChangedAt = DateTimeOffset.UnixEpoch,
            Facts = new Dictionary<string, string>(),
        },
    };
}
