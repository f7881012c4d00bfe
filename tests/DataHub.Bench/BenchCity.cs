using System.Threading.Channels;
using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Core.Flows;
using DataHub.Core.Validation;
using Microsoft.AspNetCore.Routing;

namespace DataHub.Bench;

/// <summary>
/// A city system that costs next to nothing: it answers a submission with an approval from its own queue, and holds a
/// decision with the outcome that it reads from the message itself. Everything between two such cities is the hub's.
/// </summary>
internal sealed class BenchCity(CityAdapterContext context, Tracker tracker, TimeProvider time) : ICityAdapter
{
    private const int DecidingAtOnce = 256;

    private readonly Channel<(int Number, string ExchangeId)> toDecide = Channel.CreateUnbounded<(int, string)>();

    public string City => context.City.Code;

    public void MapEndpoints(IEndpointRouteBuilder routes)
    {
        // The load comes in through the node directly.
    }

    public Task<DeliveryOutcome> DeliverAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        var number = BenchCases.NumberOf(delivery.MessageId);
        switch (delivery.Type)
        {
            case MessageTypes.ServiceSubmission:
                if (tracker.TargetTook(number))
                    toDecide.Writer.TryWrite((number, delivery.ExchangeId));
                return Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Held(null));
            case MessageTypes.ServiceDecision when PayloadReader.Read(delivery.Type, delivery.Data.Span) is ReadOutcome.Ok ok
                && OutcomeReader.From(delivery.Type, ok.Payload, delivery.Flow) is { } outcome:
                tracker.SourceHeld(number);
                return Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Held(new HeldOutcome(outcome.Code, outcome.AmountFen, outcome.Reference)));
            default:
                return Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Rejected("not a message of the load"));
        }
    }

    public Task<DeliveryOutcome> NotifyRefusalAsync(RefusalNotice notice, CancellationToken cancellationToken)
    {
        tracker.Fail($"{notice.MessageId} was refused by the hub: {string.Join(',', notice.Reasons.Select(r => r.Code))}");
        return Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Held(null));
    }

    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, DecidingAtOnce).Select(_ => DecideAsync(cancellationToken)));

    private async Task DecideAsync(CancellationToken cancel)
    {
        await foreach (var (number, exchangeId) in toDecide.Reader.ReadAllAsync(cancel))
        {
            var data = BenchCases.Decision(number, time.GetUtcNow());
            await TakeInAsync(context.Intake, new NativeIntake(BenchCases.DecisionId(number), MessageTypes.ServiceDecision, exchangeId, data, data), tracker, time, cancel);
        }
    }

    /// <summary>Hands a message in, again as long as the node is busy. The exchange's id; null where it was refused.</summary>
    public static async Task<string?> TakeInAsync(IAdapterIntake intake, NativeIntake message, Tracker tracker, TimeProvider time, CancellationToken cancel)
    {
        while (true)
        {
            switch (await intake.TakeInAsync(message, cancel))
            {
                case IntakeOutcome.Accepted accepted:
                    return accepted.ExchangeId;
                case IntakeOutcome.Refused refused:
                    tracker.Fail($"{message.MessageId} was refused at its own node: {string.Join(',', refused.Reasons.Select(r => $"{r.Code} {r.Path}"))}");
                    return null;
                case IntakeOutcome.Busy busy:
                    tracker.Busy();
                    await Task.Delay(busy.RetryAfter, time, cancel);
                    break;
            }
        }
    }
}
