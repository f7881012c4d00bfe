using System.Net.Sockets;
using System.Security.Authentication;
using Npgsql;
using Polly;
using Polly.Retry;

namespace DataHub.Core.Storage.Postgres;

/// <summary>What can go wrong between us and the server, and what it means.</summary>
internal static class PostgresFaults
{
    /// <summary>Raised by <c>datahub.advance_node</c>: the fence is not the node's.</summary>
    private const string FenceLost = "DH001";

    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan OpenAgainAfter = TimeSpan.FromSeconds(1);

    /// <summary>A short gap (server restarting, failover, a connection that died in the pool) is not a fault of a read. Commits never go through this.</summary>
    public static ResiliencePipeline Reads { get; } = new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            MaxRetryAttempts = 2,
            Delay = TimeSpan.FromMilliseconds(200),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            ShouldHandle = new PredicateBuilder().Handle<NpgsqlException>(MayPass),
        })
        .Build();

    /// <summary>
    /// A database that is there and answers late, as on a machine on which everything starts at once, does not keep a process from
    /// starting; for half a minute.
    /// </summary>
    public static async Task OpenAsync(Func<Task> open, CancellationToken cancel)
    {
        var begin = TimeProvider.System.GetTimestamp();
        var late = false;
        while (true)
        {
            try
            {
                await open();
                return;
            }
            catch (Exception e) when ((late |= IsLate(e)) && e is not PostgresException && TimeProvider.System.GetElapsedTime(begin) < AnswersWithin)
            {
                // A host of a list that was late is not asked again for ten seconds: until then only the others' refusals are heard.
                await Task.Delay(OpenAgainAfter, cancel);
            }
        }
    }

    /// <summary>The database's refusal, or that it cannot be reached; nothing that is ours.</summary>
    public static bool IsFault(Exception e) =>
        e is NpgsqlException or SocketException or IOException or TimeoutException or AuthenticationException or ObjectDisposedException;

    /// <summary>Why a process cannot start on this database, and what to set. The texts name neither user nor password.</summary>
    public static StoreUnavailableException OfOpening(Exception e) => new(e switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword } => "PostgreSQL does not accept the user and password; set DATAHUB_POSTGRES and DATAHUB_POSTGRES_PASSWORD to those of a user that exists there.",
        PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification } => "PostgreSQL does not let the user in from here, or not in this way; set DATAHUB_POSTGRES to a user that exists there and to the SSL Mode that it asks for, with SSL Certificate and SSL Key where it asks for a certificate.",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => "PostgreSQL has no such database; create it, or set Database in DATAHUB_POSTGRES to one that exists.",
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } => "PostgreSQL does not let the user make or use the tables; set DATAHUB_POSTGRES to a user that owns the database.",
        PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } => "This PostgreSQL follows another one and cannot be written; set Host in DATAHUB_POSTGRES to the primary, or to every server that may become it.",
        InvalidOperationException => e.Message + " Start the later program, or set DATAHUB_POSTGRES to another database.",
        { InnerException: AuthenticationException } => "PostgreSQL's certificate is not trusted; set Root Certificate in DATAHUB_POSTGRES to the file of the authority that signed it, and Host to a name that it carries.",
        _ => "PostgreSQL cannot be reached; start it, or set DATAHUB_POSTGRES to where it is.",
    }, e);

    /// <summary>What a failed commit says to the node. The texts name neither server nor data.</summary>
    public static Exception OfCommit(Exception e, string node) => e switch
    {
        PostgresException { SqlState: FenceLost } => new LeaseLostException(node),
        PostgresException p when p.SqlState == "DH002" => new StoreUnavailableException("The journal has been written by somebody else meanwhile.", e),
        PostgresException p when p.SqlState.StartsWith("23", StringComparison.Ordinal) => new StoreUnavailableException("The commit was refused by the database.", e),
        ObjectDisposedException => new StoreUnavailableException("The store is closed.", e),
        _ => new StoreUnavailableException("The journal could not be written.", e),
    };

    /// <summary>The pool's connections are of no use any more: the server went away, or is not the primary any longer.</summary>
    public static bool SpoilsPool(Exception e) => e is PostgresException p
        ? p.SqlState is PostgresErrorCodes.ReadOnlySqlTransaction || p.SqlState.StartsWith("57P", StringComparison.Ordinal)
        : e is NpgsqlException or SocketException or IOException;

    // Of several hosts one may refuse and another be late.
    private static bool IsLate(Exception e) => e switch
    {
        TimeoutException => true,
        AggregateException hosts => hosts.InnerExceptions.Any(IsLate),
        _ => e.InnerException is { } inner && IsLate(inner),
    };

    private static bool MayPass(NpgsqlException e) => e is PostgresException p
        ? p.SqlState.StartsWith("08", StringComparison.Ordinal) || p.SqlState.StartsWith("57P", StringComparison.Ordinal)
        : e.InnerException is not TimeoutException;
}
