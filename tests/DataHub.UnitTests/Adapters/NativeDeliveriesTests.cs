using System.Collections.Concurrent;
using System.Diagnostics;
using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Core.Journal;
using DataHub.Core.Storage;
using DataHub.UnitTests.Messaging;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging.Abstractions;
using NSubstitute;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Adapters;

/// <summary>Deliveries taken over from memory, and what sends them back to the table.</summary>
public sealed class NativeDeliveriesTests : IAsyncDisposable
{
    /// <summary>A minute and a quarter, and a little.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(76);

    private readonly INodeStore store = Substitute.For<INodeStore>();
    private readonly ConcurrentDictionary<long, PendingDelivery> table = new();
    private readonly ConcurrentQueue<long> delivered = new();
    private readonly ConcurrentQueue<Delivery> calls = new();
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentQueue<NativeDeliveryRow> postponed = new();
    private readonly ManualClock clock = new();
    private NativeDeliveries deliveries;
    private Task running = Task.CompletedTask;
    private int reads;
    private Exception? failing;
    private Exception? failingCall;
    private Exception? failingRead;
    private volatile TaskCompletionSource? hold;
    private volatile TaskCompletionSource? holdCalls;
    private volatile TaskCompletionSource? reading;
    private volatile Func<string, bool> takes = static _ => true;
    private volatile TaskCompletionSource? holdReports;

    // Rows from here on are receipts that refuse two messages: two deliveries each.
    private long doubledFrom = long.MaxValue;

    public NativeDeliveriesTests()
    {
        store.ParkedDeliveriesAsync("", default).ReturnsForAnyArgs(_ => ValueTask.FromResult(new List<PendingDelivery>()));
        store.PendingDeliveriesAsync("", 0, 0, default).ReturnsForAnyArgs(call => ReadAsync(call.ArgAt<long>(1), call.ArgAt<int>(2)));
        deliveries = Make(new AdapterOptions(), TimeProvider.System);
    }

    private NativeDeliveries Make(AdapterOptions options, TimeProvider time) => new("510600", store, options, time, NullLogger.Instance,
        async (held, _) =>
        {
            if (Interlocked.Exchange(ref failing, null) is { } fault)
                throw fault;
            if (holdReports is { } hold)
                await hold.Task;
            foreach (var h in held)
                delivered.Enqueue(h.JournalNumber);
        },
        (row, _) =>
        {
            postponed.Enqueue(row);
            return Task.CompletedTask;
        });

    [Fact]
    public async Task What_was_just_committed_is_delivered_without_being_read_back()
    {
        await StartAsync();
        await TakenOverAsync();
    }

    [Fact]
    public async Task What_was_just_committed_is_handed_over_as_it_was_received()
    {
        await StartAsync();
        var last = await TakenOverAsync();
        var read = Delivery(last + 1);
        deliveries.Offer([read with { Row = read.Row with { Body = [] }, Known = read.Read() }]);
        await DeliveredAsync(Numbers(last + 1));
        calls.ShouldContain(new Delivery($"m-{last + 1}", MessageTypes.ServiceSubmission, read.ExchangeId, "", "", DateTimeOffset.UnixEpoch, read.Read()!.Data));
    }

    [Fact]
    public async Task What_the_read_has_found_already_is_not_delivered_a_second_time_when_it_is_offered()
    {
        await StartAsync();
        var last = await TakenOverAsync();
        deliveries.Offer([Delivery(1), Delivery(last)]);
        await UntilAsync(() => deliveries.Oldest == TimeSpan.Zero);
        await DeliveredAsync(Numbers(last));
    }

    [Fact]
    public async Task What_memory_has_no_room_for_is_left_to_the_table_until_there_is_room()
    {
        await StartAsync();
        var last = await TakenOverAsync();
        holdCalls = new TaskCompletionSource();
        Commit([.. Numbers(last + 1000)[(int)last..]]);
        var before = Volatile.Read(ref reads);
        Commit([.. Numbers(last + 1100)[(int)(last + 1000)..]]);
        holdCalls.SetResult();
        await DeliveredAsync(Numbers(last + 1100));
        Volatile.Read(ref reads).ShouldBeGreaterThan(before);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Where_the_table_has_more_it_is_read_at_once(bool offered)
    {
        await StartAsync();
        var last = await TakenOverAsync();
        // Left alone it is looked at every second. Of several tries one suffices: a busy machine makes some of them late.
        var soon = TimeSpan.FromMilliseconds(500);
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < 20 && best >= soon; i++)
        {
            var (before, begin) = (Volatile.Read(ref reads), Stopwatch.GetTimestamp());
            if (offered)
                Commit([.. Numbers(last += 1100)[^1100..]]);
            else
                deliveries.Recheck();
            await UntilAsync(() => Volatile.Read(ref reads) > before);
            var took = Stopwatch.GetElapsedTime(begin);
            best = took < best ? took : best;
            await DeliveredAsync(Numbers(last));
        }

        best.ShouldBeLessThan(soon);
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
    public async Task An_exchange_does_not_wait_for_the_reports_of_what_was_delivered()
    {
        await StartAsync();
        holdReports = new TaskCompletionSource();
        // Whichever of the two is reported first, the next of its exchange is delivered.
        Store(1, 2);
        table[3] = Delivery(3) with { ExchangeId = table[1].ExchangeId };
        table[4] = Delivery(4) with { ExchangeId = table[2].ExchangeId };
        Commit(Numbers(4));
        await UntilAsync(() => calls.Count == 4);
        delivered.ShouldBeEmpty();

        holdReports.SetResult();
        await DeliveredAsync(1, 2, 3, 4);
    }

    [Fact]
    public async Task A_call_that_was_cancelled_by_another_than_us_is_made_again()
    {
        await StartAsync();
        failingCall = new TaskCanceledException("no connection", new TimeoutException());
        Commit(1);
        await DeliveredAsync(1);
        Commit(2);
        await DeliveredAsync(1, 2);
    }

    [Fact]
    public async Task A_read_of_the_table_that_was_cancelled_by_another_than_us_is_made_again()
    {
        Store(1);
        failingRead = new OperationCanceledException("a command was cancelled");
        await StartAsync();
        await DeliveredAsync(1);
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
        running = deliveries.RunAsync(new Taker(this), stop.Token);
        await reading.Task.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

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
    public async Task A_commit_whose_answer_was_lost_while_the_table_is_read_is_found_by_another_read()
    {
        (hold, reading) = (new TaskCompletionSource(), new TaskCompletionSource());
        running = deliveries.RunAsync(new Taker(this), stop.Token);
        await reading.Task.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

        // The read under way has its answer already, without this.
        Store(1);
        deliveries.Recheck();
        hold.SetResult();

        await DeliveredAsync(1);
    }

    [Fact]
    public async Task A_row_that_the_end_of_a_page_has_cut_in_two_is_delivered_whole()
    {
        // One of one, then only of two: a page of an even number of deliveries ends between two of a row.
        doubledFrom = 2;
        Store(Numbers(600));
        await StartAsync();
        await DeliveredAsync([1, .. Numbers(600)[1..].SelectMany(n => new[] { n, n })]);
    }

    [Fact]
    public async Task More_than_memory_holds_waits_in_the_table_and_comes_in_its_turn()
    {
        await StartAsync();
        var all = Numbers(3_000);
        foreach (var some in all.Chunk(700))
            Commit(some);
        await DeliveredAsync(all);
    }

    [Fact]
    public async Task An_outage_however_long_parks_nothing_and_what_waited_is_delivered_when_the_city_is_back()
    {
        deliveries = Make(new AdapterOptions { MaxAttempts = 3 }, clock);
        takes = static _ => false;
        await StartAsync();
        Commit(1, 2, 3, 4);
        for (var attempt = 1; attempt <= 60; attempt++)
        {
            await UntilAsync(() => calls.Count == 4 * attempt && clock.Waiting == 4);
            var last = attempt == 60;
            takes = _ => last;
            clock.Advance(LongestPause);
        }

        postponed.ShouldAllBe(row => row.ParkedCause == null && row.Attempts == 0);
        await DeliveredAsync(1, 2, 3, 4);
    }

    [Fact]
    public async Task A_message_that_fails_while_the_city_takes_others_is_parked_after_its_attempts()
    {
        deliveries = Make(new AdapterOptions { MaxAttempts = 3 }, clock);
        takes = static id => id != "m-1";
        await StartAsync();
        Commit(1);
        for (var other = 2; other <= 4; other++)
        {
            await UntilAsync(() => calls.Count(c => c.MessageId == "m-1") == other - 1 && clock.Waiting == 1);
            Commit(other);
            await DeliveredAsync(Numbers(other)[1..]);
            clock.Advance(LongestPause);
        }

        await UntilAsync(() => postponed.Any(row => row.ParkedCause != null));
        postponed.Select(row => (row.Attempts, row.ParkedCause)).ShouldBe([(0, null), (1, null), (2, null), (3, "down")]);
    }

    private async Task StartAsync()
    {
        running = deliveries.RunAsync(new Taker(this), stop.Token);
        await UntilAsync(() => Volatile.Read(ref reads) > 0);
    }

    // Commits one after the other until one was delivered without a read; the read at the start may still be under way when
    // the first come, then these wait for another. Returns the last number.
    private async Task<long> TakenOverAsync()
    {
        var last = 0L;
        int before;
        do
        {
            last.ShouldBeLessThan(100, "the table is read each time");
            before = Volatile.Read(ref reads);
            Commit(++last);
            await DeliveredAsync(Numbers(last));
        }
        while (Volatile.Read(ref reads) != before);
        return last;
    }

    private static long[] Numbers(long last) => [.. Enumerable.Range(1, (int)last).Select(n => (long)n)];

    private void Commit(params long[] numbers)
    {
        Store(numbers);
        deliveries.Offer([.. numbers.Select(n => table.GetValueOrDefault(n)).OfType<PendingDelivery>()]);
    }

    private void Store(params long[] numbers)
    {
        foreach (var number in numbers)
            table.TryAdd(number, Delivery(number));
    }

    private async ValueTask<List<PendingDelivery>> ReadAsync(long after, int limit)
    {
        var rows = table.Where(r => r.Key > after).OrderBy(r => r.Key)
            .SelectMany(r => r.Key >= doubledFrom ? [r.Value, r.Value with { Position = 1 }] : (PendingDelivery[])[r.Value]).Take(limit).ToList();
        Interlocked.Increment(ref reads);
        if (Interlocked.Exchange(ref failingRead, null) is { } fault)
            throw fault;
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
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
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
        holdCalls?.TrySetResult();
        holdReports?.TrySetResult();
        await stop.CancelAsync();
        await running;
        stop.Dispose();
    }

    private sealed class Taker(NativeDeliveriesTests test) : ICityAdapter
    {
        public string City => "510600";

        public async Task<DeliveryOutcome> DeliverAsync(Delivery delivery, CancellationToken cancellationToken)
        {
            test.calls.Enqueue(delivery);
            if (test.holdCalls is { } held)
                await held.Task;
            if (Interlocked.Exchange(ref test.failingCall, null) is { } fault)
                throw fault;
            return test.takes(delivery.MessageId) ? new DeliveryOutcome.Held(null) : new DeliveryOutcome.Transient("down", null);
        }

        public Task<DeliveryOutcome> NotifyRefusalAsync(RefusalNotice notice, CancellationToken cancellationToken) => Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Held(null));

        public void MapEndpoints(IEndpointRouteBuilder routes)
        {
        }

        public Task RunAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
