using DataHub.Core.Calendar;
using DataHub.Core.Registry;

namespace DataHub.Core.Validation;

/// <summary>What the business rules of one message look at beside the message.</summary>
public sealed record RuleContext(RegistrySnapshot Registry, DateTimeOffset Now)
{
    /// <summary>By how much a sender's clock may run ahead.</summary>
    public TimeSpan FutureTolerance { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How many years back a document's own time may lie.</summary>
    public int MaxAgeYears { get; init; } = 10;

    /// <summary>The day in Asia/Shanghai.</summary>
    public DateOnly Today => WorkingDayCalendar.ShanghaiDate(Now);
}
