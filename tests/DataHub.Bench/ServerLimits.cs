using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace DataHub.Bench;

/// <summary>What the two servers allow by themselves on this machine, measured in the same run.</summary>
internal static class ServerLimits
{
    private const int Hops = 4;
    private const int BodyBytes = 1536;

    /// <summary>
    /// RabbitMQ alone: messages of 1.5 KB that travel singly over the four hops of an exchange, persistent and confirmed, each
    /// acknowledged after its next hop is confirmed. Exchanges per second.
    /// </summary>
    /// <param name="quorum">The hub's own kind of queue; otherwise classic durable queues, RabbitMQ's fastest that are durable.</param>
    public static async Task<double> BrokerPerSecondAsync(BenchServers servers, int exchanges, int inFlight, bool quorum)
    {
        var factory = new ConnectionFactory { Uri = new Uri(await servers.Rabbit.CreateVirtualHostAsync()), ConsumerDispatchConcurrency = 64 };
        var connections = new List<IConnection>();
        try
        {
            var done = new SemaphoreSlim(0);
            var slots = new SemaphoreSlim(inFlight);
            var properties = new BasicProperties { Persistent = true };
            IChannel? first = null;
            for (var hop = Hops; hop >= 1; hop--)
            {
                var connection = await factory.CreateConnectionAsync();
                connections.Add(connection);
                var publisher = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
                first ??= publisher;
                var consumer = await connection.CreateChannelAsync(new CreateChannelOptions(false, false, consumerDispatchConcurrency: 64));
                await consumer.BasicQosAsync(0, 256, false);
                await consumer.QueueDeclareAsync(Queue(hop), durable: true, exclusive: false, autoDelete: false,
                    arguments: quorum ? new Dictionary<string, object?> { ["x-queue-type"] = "quorum" } : null);
                var next = hop + 1;
                var handler = new AsyncEventingBasicConsumer(consumer);
                handler.ReceivedAsync += async (_, delivery) =>
                {
                    if (next <= Hops)
                        await publisher.BasicPublishAsync("", Queue(next), mandatory: true, properties, delivery.Body.ToArray());
                    await consumer.BasicAckAsync(delivery.DeliveryTag, multiple: false);
                    if (next > Hops)
                    {
                        slots.Release();
                        done.Release();
                    }
                };
                await consumer.BasicConsumeAsync(Queue(hop), autoAck: false, handler);
            }

            var body = new byte[BodyBytes];
            async Task RunAsync(int count)
            {
                var sending = new List<Task>(count);
                for (var i = 0; i < count; i++)
                {
                    await slots.WaitAsync();
                    sending.Add(first!.BasicPublishAsync("", Queue(1), mandatory: true, properties, body).AsTask());
                }

                await Task.WhenAll(sending);
                for (var i = 0; i < count; i++)
                    await done.WaitAsync();
            }

            await RunAsync(Math.Max(200, exchanges / 10));
            var begin = BenchHost.Time.GetTimestamp();
            await RunAsync(exchanges);
            return exchanges / BenchHost.Time.GetElapsedTime(begin).TotalSeconds;
        }
        finally
        {
            foreach (var connection in connections)
                await connection.DisposeAsync();
        }
    }

    /// <summary>PostgreSQL alone: commits of 100 rows of 1.5 KB by four clients, each durable before the next. Rows per second.</summary>
    public static async Task<double> RowsPerSecondAsync(BenchServers servers, TimeSpan span)
    {
        const int Rows = 100;
        const int Clients = 4;
        await using var source = NpgsqlDataSource.Create(await servers.Postgres.CreateDatabaseAsync());
        await using (var create = source.CreateCommand("CREATE TABLE row (id bigint PRIMARY KEY, body bytea NOT NULL)"))
            await create.ExecuteNonQueryAsync();
        var bodies = Enumerable.Range(0, Rows).Select(_ => System.Security.Cryptography.RandomNumberGenerator.GetBytes(BodyBytes)).ToArray();
        var next = 0L;
        var written = 0L;
        var begin = BenchHost.Time.GetTimestamp();
        async Task WriteAsync()
        {
            await using var connection = await source.OpenConnectionAsync();
            await using var insert = new NpgsqlCommand("INSERT INTO row (id, body) SELECT unnest($1), unnest($2)", connection);
            var ids = new NpgsqlParameter<long[]> { TypedValue = new long[Rows], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };
            insert.Parameters.Add(ids);
            insert.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = bodies, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
            await insert.PrepareAsync();
            while (BenchHost.Time.GetElapsedTime(begin) < span)
            {
                var from = Interlocked.Add(ref next, Rows) - Rows;
                for (var i = 0; i < Rows; i++)
                    ids.TypedValue![i] = from + i;
                await insert.ExecuteNonQueryAsync();
                Interlocked.Add(ref written, Rows);
            }
        }

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(WriteAsync)));
        return written / BenchHost.Time.GetElapsedTime(begin).TotalSeconds;
    }

    private static string Queue(int hop) => "limit." + hop.ToString(CultureInfo.InvariantCulture);
}
