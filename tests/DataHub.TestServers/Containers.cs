#if TESTCONTAINERS
using Testcontainers.PostgreSql;
using Testcontainers.RabbitMq;

namespace DataHub.TestServers;

/// <summary>The servers as containers, for machines with Docker (-p:UseTestcontainers=true).</summary>
internal static class Containers
{
    private const string User = "datahub";
    private static readonly string Password = Guid.NewGuid().ToString("N");

    public static async Task<(string ConnectionString, IAsyncDisposable Container)> StartRabbitAsync()
    {
        var container = new RabbitMqBuilder(Image("DATAHUB_RABBITMQ_IMAGE", "rabbitmq:4.1"))
            .WithUsername(User)
            .WithPassword(Password)
            .Build();
        await container.StartAsync();
        return (container.GetConnectionString(), container);
    }

    public static async Task<(string ConnectionString, IAsyncDisposable Container)> StartPostgresAsync()
    {
        var container = new PostgreSqlBuilder(Image("DATAHUB_POSTGRES_IMAGE", "postgres:17"))
            .WithUsername(User)
            .WithPassword(Password)
            // Added to what Testcontainers starts it with.
            .WithCommand("-c", $"max_connections={new PostgresOptions().MaxConnections}")
            .Build();
        await container.StartAsync();
        return (container.GetConnectionString(), container);
    }

    private static string Image(string variable, string otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } given ? given : otherwise;
}
#endif
