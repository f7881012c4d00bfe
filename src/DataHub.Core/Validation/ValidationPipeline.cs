using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Registry;

namespace DataHub.Core.Validation;

/// <summary>What validation of a payload's bytes came to.</summary>
public abstract record ValidationOutcome
{
    private ValidationOutcome()
    {
    }

    public sealed record Ok(IPayload Payload) : ValidationOutcome;

    /// <summary>Every fault of the first stage that found any: shape, else business rules.</summary>
    public sealed record Refused(IReadOnlyList<Reason> Reasons) : ValidationOutcome;
}

/// <summary>
/// One order for everyone: well-formed, then shape, then business rules. Business rules are asked only of what has its shape.
/// Holds no state; any thread may call it.
/// </summary>
public sealed class ValidationPipeline(RegistrySnapshot registry, TimeProvider time)
{
    public RegistrySnapshot Registry => registry;

    /// <summary>The catalogue as it is today in Asia/Shanghai.</summary>
    public RegistrySnapshot Catalogue => registry.On(WorkingDayCalendar.ShanghaiDate(time.GetUtcNow()));

    public ValidationOutcome Validate(string type, ReadOnlyMemory<byte> data)
    {
        switch (PayloadReader.Read(type, data.Span))
        {
            case ReadOutcome.Ok(var payload):
                var now = time.GetUtcNow();
                var reasons = BusinessRules.Check(payload, new RuleContext(registry.On(WorkingDayCalendar.ShanghaiDate(now)), now));
                return reasons.Count == 0 ? new ValidationOutcome.Ok(payload) : new ValidationOutcome.Refused(reasons);
            case ReadOutcome.Refused(var faults):
                return new ValidationOutcome.Refused(faults);
            default:
                throw new InvalidOperationException("Reading has two outcomes.");
        }
    }
}
