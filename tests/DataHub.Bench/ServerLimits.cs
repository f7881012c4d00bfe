using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace DataHub.Bench;

/// <summary>What the machine makes of simpler work.</summary>
/// <param name="PerSecond">Exchanges per second.</param>
/// <param name="ProcessorMs">Processor time per exchange of this process and both servers, in milliseconds.</param>
internal readonly record struct Reference(double PerSecond, double ProcessorMs);

/// <summary>What the two servers allow by themselves on this machine, measured in the same run.</summary>
internal static class ServerLimits
{
    private const int Hops = 4;
    private const int BodyBytes = 1536;

    /// <summary>
    /// RabbitMQ alone: messages of 1.5 KB that travel singly over the four hops of an exchange, persistent and confirmed, each
    /// acknowledged after its next hop is confirmed.
    /// </summary>
    /// <param name="quorum">The hub's own kind of queue; otherwise classic durable queues, RabbitMQ's fastest that are durable.</param>
    public static Task<Reference> BrokerAsync(BenchServers servers, int exchanges, int inFlight, bool quorum) =>
        HopsAsync(servers, exchanges, inFlight, quorum, static (_, _, _) => Task.CompletedTask);

    /// <summary>
    /// The same hops on quorum queues with a database, by the textbook: one transaction per message and hop, one round trip per
    /// statement.
    /// </summary>
    /// <exception cref="BenchFailedException">An exchange was not closed.</exception>
    public static async Task<Reference> TextbookAsync(BenchServers servers, int exchanges, int inFlight)
    {
        await using var textbook = await Textbook.CreateAsync(servers);
        var reference = await HopsAsync(servers, exchanges, inFlight, quorum: true, textbook.TakeAsync);
        await textbook.AuditAsync();
        return reference;
    }

    /// <exception cref="BenchFailedException">The exchanges do not end.</exception>
    /// <param name="take">Called with hop, number and body before the next hop; hop 0 is the hand-in.</param>
    private static async Task<Reference> HopsAsync(BenchServers servers, int exchanges, int inFlight, bool quorum, Func<int, long, byte[], Task> take)
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
                var (at, next) = (hop, hop + 1);
                var handler = new AsyncEventingBasicConsumer(consumer);
                handler.ReceivedAsync += async (_, delivery) =>
                {
                    var body = delivery.Body.ToArray();
                    await take(at, BitConverter.ToInt64(body), body);
                    if (next <= Hops)
                        await publisher.BasicPublishAsync("", Queue(next), mandatory: true, properties, body);
                    await consumer.BasicAckAsync(delivery.DeliveryTag, multiple: false);
                    if (next > Hops)
                    {
                        slots.Release();
                        done.Release();
                    }
                };
                await consumer.BasicConsumeAsync(Queue(hop), autoAck: false, handler);
            }

            async Task SendAsync(long number)
            {
                var body = new byte[BodyBytes];
                BitConverter.TryWriteBytes(body, number);
                await take(0, number, body);
                await first!.BasicPublishAsync("", Queue(1), mandatory: true, properties, body);
            }

            TimeSpan Processor() => Reading.Now().Cpu + servers.Rabbit.ProcessorTime + servers.Postgres.ProcessorTime;

            var handedIn = 0L;
            async Task RunAsync(int count)
            {
                var sending = new List<Task>(count);
                for (var i = 0; i < count; i++)
                {
                    await slots.WaitAsync();
                    sending.Add(SendAsync(++handedIn));
                }

                await Task.WhenAll(sending);
                for (var i = 0; i < count; i++)
                {
                    if (!await done.WaitAsync(Load.Patience))
                        throw new BenchFailedException($"In the comparison no exchange has ended for {Load.Patience.TotalSeconds:F0} s.");
                }
            }

            await RunAsync(Math.Max(200, exchanges / 10));
            var (begin, processor) = (BenchHost.Time.GetTimestamp(), Processor());
            await RunAsync(exchanges);
            return new Reference(exchanges / BenchHost.Time.GetElapsedTime(begin).TotalSeconds, (Processor() - processor).TotalMilliseconds / exchanges);
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
