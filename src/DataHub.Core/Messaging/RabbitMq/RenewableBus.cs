using MassTransit;
using Microsoft.Extensions.Logging;

namespace DataHub.Core.Messaging.RabbitMq;

/// <summary>
/// A bus that is replaced by a new one when those who use it find that it hangs. A bus of MassTransit's whose connection is lost
/// at the wrong moment may keep the dead connection for as long as the process lives: then no send on it ends, and every endpoint
/// that is connected to it finds its connection closed.
/// </summary>
internal sealed class RenewableBus : IAsyncDisposable
{
    /// <summary>While RabbitMQ is away no bus is of use: a new one as often as that does no harm.</summary>
    internal static readonly TimeSpan LivesAtLeast = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(5);

    private readonly Func<CancellationToken, Task<IBusControl>> start;
    private readonly string name;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();
    private volatile Task<IBusControl> current;
    private long born;

    /// <param name="start">Makes a bus and starts it; it is stopped here.</param>
    /// <param name="name">Of its connection, as RabbitMQ and the log show it.</param>
    public RenewableBus(Func<CancellationToken, Task<IBusControl>> start, string name, TimeProvider time, ILogger log)
    {
        this.start = start;
        this.name = name;
        this.time = time;
        this.log = log;
        (current, born) = (Made(), time.GetTimestamp());
    }

    /// <summary>Fails where the bus could not be made.</summary>
    public Task<IBusControl> Current => current;

    public bool Healthy => current is { IsCompletedSuccessfully: true } started && started.Result.CheckHealth().Status == BusHealthStatus.Healthy;

    /// <summary>Has another bus made instead of one that hangs or could not be made, unless that was done already, or it is younger than that.</summary>
    /// <param name="livesAtLeast"><see cref="LivesAtLeast"/>, or more where the bus is still of use to others.</param>
    public void GiveUp(Task<IBusControl> hung, TimeSpan livesAtLeast)
    {
        lock (gate)
        {
            if (current != hung || time.GetElapsedTime(born) < livesAtLeast)
                return;
            log.LogWarning("The connection {Connection} is of no use any more; a new one is made.", name);
            (current, born) = (Made(), time.GetTimestamp());
        }

        _ = StopAsync(hung);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        try
        {
            await StopAsync(current).WaitAsync(3 * StopWithin);
        }
        catch (TimeoutException)
        {
            // What it still waits for goes with the process.
        }

        stopping.Dispose();
    }

    // Elsewhere, since a bus takes a moment to be made: nobody waits for that longer than for what it is needed for.
    private Task<IBusControl> Made() => Task.Run(() => start(stopping.Token));

    private static async Task StopAsync(Task<IBusControl> starting)
    {
        try
        {
            await (await starting).StopAsync(StopWithin).WaitAsync(2 * StopWithin);
        }
        catch (Exception)
        {
            // It was never there, or what it still waits for went with its connection.
        }
    }
}
