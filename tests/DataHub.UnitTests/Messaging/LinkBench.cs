using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Messaging;
using DataHub.Core.Storage;
using DataHub.Core.Validation;
using Microsoft.Extensions.Logging.Abstractions;
using NSubstitute;
using Shouldly;

namespace DataHub.UnitTests.Messaging;

/// <summary>A link with a bus and a store in memory and a clock that stands still.</summary>
internal sealed class LinkBench : IFrameBus, IAsyncDisposable
{
    private CancellationTokenSource stop = new();
    private readonly SortedDictionary<long, OutgoingMessage> rows = [];
    private Task running = Task.CompletedTask;

    public LinkBench(LinkOptions? options = null, string node = "510100", string peer = Nodes.Hub)
    {
        var store = Substitute.For<INodeStore>();
        store.LinkAsync("", "", default).ReturnsForAnyArgs(_ => ValueTask.FromResult(State));
        store.OutgoingAsync("", "", 0, 0, default).ReturnsForAnyArgs(call =>
        {
            if (StoreFails)
                throw new StoreUnavailableException("away", new IOException());
            lock (rows)
            {
                Reads++;
                return ValueTask.FromResult(rows.Values.Where(r => r.LinkSequence > call.ArgAt<long>(2)).Take(call.ArgAt<int>(3)).ToList());
            }
        });
        Link = new OutboundLink(node, peer, "queue", store, this, Clock, NullLogger.Instance, options ?? new LinkOptions());
    }

    public OutboundLink Link { get; }

    public ManualClock Clock { get; } = new();

    public LinkState State { get; set; }

    public ConcurrentQueue<byte[]> Frames { get; } = new();

    /// <summary>Asked before each frame: true where the bus fails.</summary>
    public Func<bool> BusFails { get; set; } = static () => false;

    public bool StoreFails { get; set; }

    public int Reads { get; private set; }

    /// <summary>Numbers of the messages sent, frame by frame, without progress.</summary>
    public List<List<long>> SentByFrame => [.. Frames.Select(f => Numbers(f)).Where(f => f.Count > 0)];

    public List<long> Sent => [.. SentByFrame.SelectMany(n => n)];

    /// <summary>What was told of progress, in order.</summary>
    public List<long> Progress
    {
        get
        {
            var told = new List<long>();
            foreach (var frame in Frames)
            {
                using var json = JsonDocument.Parse(frame);
                foreach (var e in json.RootElement.EnumerateArray().Where(e => e.TryGetProperty("type", out var t) && t.GetString() == MessageTypes.LinkProgress))
                    told.Add(((LinkProgress)((ReadOutcome.Ok)PayloadReader.Read(MessageTypes.LinkProgress, JsonSerializer.SerializeToUtf8Bytes(e.GetProperty("data")))).Payload).UpTo);
            }

            return told;
        }
    }

    /// <summary>Waits until so many messages were sent, and holds that they are these.</summary>
    public async Task ShouldHaveSentAsync(IReadOnlyList<long> numbers)
    {
        await Until.HoldsAsync(() => Sent.Count >= numbers.Count, $"{numbers.Count} messages are sent");
        Sent.ShouldBe(numbers);
    }

    /// <summary>Starts the link. What lies there already it looks at before this returns.</summary>
    public void Run() => running = Link.RunAsync(stop.Token);

    public async Task StopAsync()
    {
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromMinutes(2));
        stop.Dispose();
        stop = new CancellationTokenSource();
    }

    public Task SendAsync(string queue, byte[] frame, CancellationToken cancel)
    {
        if (BusFails())
            throw new IOException("the bus is away");
        Frames.Enqueue(frame);
        return Task.CompletedTask;
    }

    /// <summary>Commits messages and hands them to the link, as a node does.</summary>
    public void Commit(long from, long to, bool canWait = false)
    {
        var messages = new List<OutgoingMessage>();
        for (var n = from; n <= to; n++)
            messages.Add(new OutgoingMessage(n, Body(n), null, 0, null, canWait));
        Store([.. messages]);
        Link.Offer(messages);
    }

    /// <summary>Rows that are in the table only.</summary>
    public void Store(params OutgoingMessage[] messages)
    {
        lock (rows)
        {
            foreach (var message in messages)
                rows[message.LinkSequence] = message;
        }
    }

    public void Remove(params long[] numbers)
    {
        lock (rows)
        {
            foreach (var number in numbers)
                rows.Remove(number);
        }
    }

    /// <summary>Moves the clock and has the link look at it.</summary>
    public void Advance(TimeSpan by)
    {
        Clock.Advance(by);
        Link.Tell(0);
    }

    public static byte[] Body(long number) => Encoding.UTF8.GetBytes($$"""{"id":"m{{number}}","n":{{number}}}""");

    public static List<long> Numbers(byte[] frame)
    {
        using var json = JsonDocument.Parse(frame);
        return [.. json.RootElement.EnumerateArray().Where(e => e.TryGetProperty("n", out _)).Select(e => e.GetProperty("n").GetInt64())];
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stop.Dispose();
    }
}
