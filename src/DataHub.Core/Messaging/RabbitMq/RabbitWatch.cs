using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace DataHub.Core.Messaging.RabbitMq;

/// <param name="Waiting">Frames that no consumer has been given yet.</param>
internal sealed record QueueState(uint Consumers, uint Waiting);

/// <summary>
/// Asks RabbitMQ itself whether a queue is consumed, over a connection of its own: what the library says of its consumers may be
/// wrong just when their connection was lost.
/// </summary>
internal sealed class RabbitWatch(RabbitMqOptions options, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim gate = new(1, 1);
    private IConnection? connection;

    /// <summary>How the queue stands; null where RabbitMQ does not answer or does not have it. Comes back in half a minute at the latest, whatever the library does.</summary>
    public async Task<QueueState?> LookAsync(string queue, CancellationToken cancel)
    {
        if (!await gate.WaitAsync(AnswersWithin, cancel))
            return null;
        try
        {
            using var late = new CancellationTokenSource(AnswersWithin, time);
            using var within = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
            return await AskAsync(queue, within.Token).WaitAsync(within.Token);
        }
        catch (OperationInterruptedException) when (connection is { IsOpen: true })
        {
            // The queue alone is refused: it is not there any more, for example.
            return null;
        }
        catch (Exception) when (!cancel.IsCancellationRequested)
        {
            await CloseAsync();
            return null;
        }
        finally
        {
            gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        gate.Dispose();
    }

    private async Task<QueueState> AskAsync(string queue, CancellationToken cancel)
    {
        if (connection is not { IsOpen: true })
        {
            await CloseAsync();
            connection = await options.Factory().CreateConnectionAsync(options.Endpoints(static _ => { }), options.ConnectionName + " (watch)", cancel);
        }

        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancel);
        var found = await channel.QueueDeclarePassiveAsync(queue, cancel);
        return new QueueState(found.ConsumerCount, found.MessageCount);
    }

    private async Task CloseAsync()
    {
        if (connection is null)
            return;
        try
        {
            await connection.DisposeAsync().AsTask().WaitAsync(AnswersWithin);
        }
        catch (Exception)
        {
            // It is gone already.
        }

        connection = null;
    }
}
