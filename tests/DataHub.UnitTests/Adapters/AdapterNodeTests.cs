using System.Collections.Concurrent;
using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Core.Journal;
using DataHub.Core.Messaging;
using DataHub.Core.Registry;
using DataHub.Core.Signing;
using DataHub.Core.Storage;
using DataHub.Core.Validation;
using DataHub.UnitTests.Flows;
using DataHub.UnitTests.Messaging;
using Microsoft.Extensions.Logging.Abstractions;
using NSubstitute;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Adapters;

public sealed class AdapterNodeTests : IDisposable
{
    private const string Exchange = Samples.Chengdu + "-20260304-0000000001";

    private static readonly ReplayRequest Request = new("r-1", Samples.Deyang, 3, 0, "王主任", "表单已更新", Samples.Now);

    private readonly string folder = Directory.CreateTempSubdirectory("datahub-node-").FullName;
    private readonly INodeStore store = Substitute.For<INodeStore>();
    private readonly ICityAdapter adapter = Substitute.For<ICityAdapter>();
    private readonly ConcurrentDictionary<string, bool> journalled = new();
    private readonly ConcurrentQueue<string> delivered = new();
    private int reads;

    public AdapterNodeTests()
    {
        store.LinkAsync("", "", default).ReturnsForAnyArgs(_ => ValueTask.FromResult(default(LinkState)));
        store.OutgoingAsync("", "", 0, 0, default).ReturnsForAnyArgs(_ => ValueTask.FromResult(new List<OutgoingMessage>()));
        store.ParkedDeliveriesAsync("", default).ReturnsForAnyArgs(_ => ValueTask.FromResult(new List<PendingDelivery>()));
        store.PendingDeliveriesAsync("", 0, 0, default).ReturnsForAnyArgs(_ =>
        {
            Interlocked.Increment(ref reads);
            return ValueTask.FromResult(new List<PendingDelivery>());
        });
        store.ParkedDeliveryAsync("", 0, 0, default).ReturnsForAnyArgs(call => ValueTask.FromResult(call.ArgAt<long>(1) == Request.Number ? Parked() : null));
        store.KnownAsync("", [], default).ReturnsForAnyArgs(call => ValueTask.FromResult(
            call.ArgAt<IReadOnlyCollection<string>>(1).Where(journalled.ContainsKey).ToDictionary(k => k, _ => new KnownMessage(9, Exchange, 0, default))));
        adapter.DeliverAsync(default!, default).ReturnsForAnyArgs(call =>
        {
            delivered.Enqueue(call.ArgAt<Delivery>(0).MessageId);
            return new DeliveryOutcome.Held(null);
        });
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_delivery_that_was_set_free_by_a_commit_whose_answer_was_lost_is_delivered()
    {
        var lost = 0;
        store.CommitAsync(default!, default).ReturnsForAnyArgs(call =>
        {
            foreach (var entry in call.ArgAt<NodeCommit>(0).Entries)
                journalled[entry.Key] = true;
            return Interlocked.Exchange(ref lost, 1) == 0
                ? Task.FromException<CommitResult>(new StoreUnavailableException("The answer was lost.", new IOException()))
                : Task.FromResult(new CommitResult(10));
        });
        await RunAsync(async node =>
        {
            (await node.ReplayAsync(Request, default)).ShouldBe(ReplayOutcome.Worked);
            await Until.HoldsAsync(() => !delivered.IsEmpty, "the delivery is made");
            delivered.ShouldBe(["m-3"]);
            (await node.ReplayAsync(Request, default)).ShouldBeNull();
        });
    }

    [Fact]
    public async Task A_request_whose_commit_was_not_written_stays_open_and_sets_nothing_free()
    {
        store.CommitAsync(default!, default).ReturnsForAnyArgs(Task.FromException<CommitResult>(new StoreUnavailableException("Away.", new IOException())));
        await RunAsync(async node =>
        {
            await Should.ThrowAsync<StoreUnavailableException>(() => node.ReplayAsync(Request, default));
            delivered.ShouldBeEmpty();
        });
    }

    [Fact]
    public async Task A_request_that_meets_a_defect_is_closed_as_failed_and_does_not_come_again()
    {
        List<NodeCommit> commits = [];
        store.CommitAsync(default!, default).ReturnsForAnyArgs(call =>
        {
            commits.Add(call.ArgAt<NodeCommit>(0));
            return Task.FromResult(new CommitResult(10));
        });
        store.ParkedDeliveryAsync("", 0, 0, default).ReturnsForAnyArgs<ValueTask<PendingDelivery?>>(_ => throw new InvalidOperationException("a defect"));
        await RunAsync(async node => (await node.ReplayAsync(Request, default)).ShouldBe(ReplayOutcome.Failed));
        commits.ShouldHaveSingleItem().Replayed.ShouldBe([("r-1", ReplayOutcome.Failed)]);
    }

    private async Task RunAsync(Func<AdapterNode, Task> test)
    {
        using var keys = KeyStore.LoadOrCreateDevelopment(folder, [Samples.Deyang], TimeProvider.System);
        var node = new AdapterNode(new City(Samples.Deyang, "deyang", "德阳市"), new HubShards(1), 0, store, Substitute.For<IFrameBus>(), keys, new PayloadCheck(null!), new AdapterOptions(),
            TimeProvider.System, NullLogger<AdapterNode>.Instance);
        using var stop = new CancellationTokenSource();
        await node.LoadAsync(default);
        var running = node.RunAsync(adapter, stop.Token);
        try
        {
            await Until.HoldsAsync(() => Volatile.Read(ref reads) > 0, "the table is read");
            await test(node);
        }
        finally
        {
            await stop.CancelAsync();
            await running;
        }
    }

    private static PendingDelivery Parked()
    {
        var e = new CloudEvent
        {
            Id = "m-3",
            Source = "/cities/" + Samples.Chengdu,
            Type = MessageTypes.ServiceSubmission,
            Time = Samples.Now,
            ExchangeId = Exchange,
            Sequence = 1,
            SenderCity = Samples.Chengdu,
            DataDigest = Samples.Digest,
            Data = "{}"u8.ToArray(),
        };
        var row = new JournalRow(3, EntryKind.Received, Samples.Chengdu + ":m-3", "m-3", e.Type, Exchange, Samples.Chengdu, 1, Samples.Now, [], null, []);
        return new PendingDelivery(row, Exchange, Refusal: false, 0, 50, Samples.Now, "down") { Known = e };
    }
}
