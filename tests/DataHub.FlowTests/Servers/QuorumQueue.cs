using System.Text;
using RabbitMQ.Client;
using Shouldly;

namespace DataHub.FlowTests.Servers;

/// <summary>A quorum queue as a patient client sees it.</summary>
internal static class QuorumQueue
{
    private const string Name = "kept";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Comes back when the message is confirmed.</summary>
    public static Task PublishAsync(string server, string text) => WithChannelAsync(server, async channel =>
    {
        await DeclareAsync(channel);
        await channel.BasicPublishAsync("", Name, mandatory: true, new BasicProperties { Persistent = true }, Encoding.UTF8.GetBytes(text));
        return text;
    });

    /// <summary>Takes the next message, and waits for one.</summary>
    public static Task<string> TakeAsync(string server) => WithChannelAsync(server, async channel =>
    {
        await DeclareAsync(channel);
        var message = (await channel.BasicGetAsync(Name, autoAck: false)).ShouldNotBeNull();
        await channel.BasicAckAsync(message.DeliveryTag, multiple: false);
        return Encoding.UTF8.GetString(message.Body.Span);
    });

    public static Task<uint> CountAsync(string server) =>
        WithChannelAsync(server, static async channel => (await DeclareAsync(channel)).MessageCount);

    private static Task<QueueDeclareOk> DeclareAsync(IChannel channel) => channel.QueueDeclareAsync(
        Name, durable: true, exclusive: false, autoDelete: false,
        new Dictionary<string, object?> { ["x-queue-type"] = "quorum", ["x-quorum-initial-group-size"] = 3 });

    // Until the queue has a leader, the server refuses (a negative confirm, a closed channel): a client tries again.
    private static async Task<T> WithChannelAsync<T>(string server, Func<IChannel, Task<T>> action)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                await using var connection = await new ConnectionFactory { Uri = new Uri(server) }.CreateConnectionAsync();
                await using var channel = await connection.CreateChannelAsync(
                    new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
                return await action(channel);
            }
            catch (Exception) when (!deadline.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50));
            }
        }
    }
}
