using System.Collections.Concurrent;
using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Core.Journal;
using DataHub.Core.Storage;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging.Abstractions;
using NSubstitute;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Adapters;

/// <summary>Deliveries taken over from memory, and what sends them back to the table.</summary>
public sealed class NativeDeliveriesTests : IAsyncDisposable
{
    private readonly INodeStore store = Substitute.For<INodeStore>();
    private readonly ConcurrentDictionary<long, PendingDelivery> table = new();
    private readonly ConcurrentQueue<long> delivered = new();
    private readonly CancellationTokenSource stop = new();
    private readonly NativeDeliveries deliveries;
    private Task running = Task.CompletedTask;
    private int reads;
    private Exception? failing;
    private volatile TaskCompletionSource? hold;
    private volatile TaskCompletionSource? reading;

    public NativeDeliveriesTests()
    {
        store.ParkedDeliveriesAsync("", default).ReturnsForAnyArgs(_ => ValueTask.FromResult(new List<PendingDelivery>()));
        store.PendingDeliveriesAsync("", 0, 0, default).ReturnsForAnyArgs(call => ReadAsync(call.ArgAt<long>(1), call.ArgAt<int>(2)));
        deliveries = new NativeDeliveries("510600", store, new AdapterOptions(), TimeProvider.System, NullLogger.Instance,
            (held, _) =>
            {
                if (Interlocked.Exchange(ref failing, null) is { } fault)
                    return Task.FromException(fault);
                foreach (var h in held)
                    delivered.Enqueue(h.JournalNumber);
                return Task.CompletedTask;
            },
            (_, _) => Task.CompletedTask);
    }

    [Fact]
    public async Task What_was_just_committed_is_delivered_without_being_read_back()
    {
        await StartAsync();

        // The read at the start may still be under way when the first come; then these wait for another.
        List<long> committed = [];
        int before;
        do
        {
            committed.Count.ShouldBeLessThan(100, "the table is read each time");
            committed.Add(committed.Count + 1);
            before = Volatile.Read(ref reads);
            Commit(committed[^1]);
            await DeliveredAsync([.. committed]);
        }
        while (Volatile.Read(ref reads) != before);
    }

    [Fact]
    public async Task A_report_whose_commit_was_cancelled_is_made_again_and_holds_up_no_later_one()
    {
        await StartAsync();
        failing = new OperationCanceledException("a command of the group was cancelled");
        Commit(1);
        await DeliveredAsync(1);
        Commit(2);
        await DeliveredAsync(1, 2);
    }

    [Fact]
    public async Task What_lies_in_the_table_at_the_start_is_delivered_and_then_what_comes()
    {
        Store(1, 2);
        await StartAsync();
        await DeliveredAsync(1, 2);

        Commit(3);
        await DeliveredAsync(1, 2, 3);
    }

    [Fact]
    public async Task What_is_committed_while_the_table_is_read_is_neither_lost_nor_delivered_twice()
    {
        (hold, reading) = (new TaskCompletionSource(), new TaskCompletionSource());
        running = deliveries.RunAsync(new Taker(), stop.Token);
        await reading.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        // The read under way has its answer already, without these.
        Commit(1, 2);
        hold.SetResult();

        await DeliveredAsync(1, 2);
        Commit(3);
        await DeliveredAsync(1, 2, 3);
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_found_in_the_table()
    {
        await StartAsync();
        Store(1);

        deliveries.Recheck();

        await DeliveredAsync(1);
        Commit(2);
        await DeliveredAsync(1, 2);
    }

    [Fact]
    public async Task More_than_memory_holds_waits_in_the_table_and_comes_in_its_turn()
    {
        await StartAsync();
        var all = Enumerable.Range(1, 3_000).Select(n => (long)n).ToArray();
        foreach (var some in all.Chunk(700))
            Commit(some);
        await DeliveredAsync(all);
    }

    private async Task StartAsync()
    {
        running = deliveries.RunAsync(new Taker(), stop.Token);
        await UntilAsync(() => Volatile.Read(ref reads) > 0);
    }

    private void Commit(params long[] numbers)
    {
        Store(numbers);
        deliveries.Offer([.. numbers.Select(n => table.GetValueOrDefault(n)).OfType<PendingDelivery>()]);
    }

    private void Store(params long[] numbers)
    {
        foreach (var number in numbers)
            table[number] = Delivery(number);
    }

    private async ValueTask<List<PendingDelivery>> ReadAsync(long after, int limit)
    {
        var rows = table.Where(r => r.Key > after).OrderBy(r => r.Key).Take(limit).Select(r => r.Value).ToList();
        Interlocked.Increment(ref reads);
        reading?.TrySetResult();
        if (hold is { } held)
            await held.Task;
        return rows;
    }

    private async Task DeliveredAsync(params long[] numbers)
    {
        await UntilAsync(() => delivered.Count >= numbers.Length);
        delivered.Order().ShouldBe(numbers);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!holds())
            await Task.Delay(5, deadline.Token);
    }

    private static PendingDelivery Delivery(long number)
    {
        var id = $"510100-20260304-{number:D10}";
        var body = EventFormat.Write(new CloudEvent
        {
            Id = $"m-{number}",
            Source = "/cities/510100",
            Type = MessageTypes.ServiceSubmission,
            Time = DateTimeOffset.UnixEpoch,
            ExchangeId = id,
            Sequence = number,
            SenderCity = "510100",
            DataDigest = new string('a', 64),
            Data = "{}"u8.ToArray(),
        });
        var row = new JournalRow(number, EntryKind.Received, $"510100:m-{number}", $"m-{number}", MessageTypes.ServiceSubmission, id, "510100", number, DateTimeOffset.UnixEpoch, body, null, []);
        return new PendingDelivery(row, id, Refusal: false, 0, 0, DateTimeOffset.UnixEpoch, null);
    }

    public async ValueTask DisposeAsync()
    {
        hold?.TrySetResult();
        await stop.CancelAsync();
        await running;
        stop.Dispose();
    }

    private sealed class Taker : ICityAdapter
    {
        public string City => "510600";

        public Task<DeliveryOutcome> DeliverAsync(Delivery delivery, CancellationToken cancellationToken) => Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Held(null));

        public Task<DeliveryOutcome> NotifyRefusalAsync(RefusalNotice notice, CancellationToken cancellationToken) => Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Held(null));

        public void MapEndpoints(IEndpointRouteBuilder routes)
        {
        }

        public Task RunAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
