using DataHub.Contracts.Payloads;
using Microsoft.AspNetCore.Routing;

namespace DataHub.Adapters.Pipeline;

/// <summary>A business message for the city's system, in the order of the link.</summary>
/// <param name="Flow">Code of the flow definition, such as <c>service.online</c>.</param>
/// <param name="State">The exchange's state at the hub after this message.</param>
/// <param name="Time">When the sender made the message.</param>
/// <param name="Data">The payload's UTF-8 JSON, as signed by its sender.</param>
public sealed record Delivery(string MessageId, string Type, string ExchangeId, string Flow, string State, DateTimeOffset Time, ReadOnlyMemory<byte> Data);

/// <summary>The hub refused a message that this city had sent.</summary>
public sealed record RefusalNotice(string MessageId, string Type, string ExchangeId, IReadOnlyList<Reason> Reasons);

/// <summary>The outcome as the city's own system recorded it, read from its native answer; money in fen.</summary>
public sealed record HeldOutcome(string Code, long? AmountFen, string? Reference);

/// <summary>What became of a delivery at the city's system.</summary>
public abstract record DeliveryOutcome
{
    private DeliveryOutcome()
    {
    }

    /// <summary>The city's system holds the message durably; a repetition gives the same answer.</summary>
    /// <param name="Outcome">Null when the message carries no outcome.</param>
    public sealed record Held(HeldOutcome? Outcome) : DeliveryOutcome;

    /// <summary>A fault that may pass: the same delivery is tried again, not before <paramref name="RetryAfter"/>.</summary>
    public sealed record Transient(string Why, TimeSpan? RetryAfter) : DeliveryOutcome;

    /// <summary>Trying again cannot help: parked for an operator.</summary>
    public sealed record Rejected(string Why) : DeliveryOutcome;
}

/// <summary>One city's native interface, both directions. <c>Why</c> texts hold no personal data.</summary>
public interface ICityAdapter
{
    /// <summary>GB/T 2260 code of the city.</summary>
    string City { get; }

    Task<DeliveryOutcome> DeliverAsync(Delivery delivery, CancellationToken cancellationToken);

    Task<DeliveryOutcome> NotifyRefusalAsync(RefusalNotice notice, CancellationToken cancellationToken);

    /// <summary>Maps the HTTP endpoints that the city's system calls; none for file and table interfaces.</summary>
    void MapEndpoints(IEndpointRouteBuilder routes);

    /// <summary>Runs pollers until cancelled; returns at once where there are none.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}
