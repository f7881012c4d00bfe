namespace DataHub.Host;

/// <summary>
/// The clock of a demonstration: it starts at a given moment and may run faster, so that deadlines pass while one watches.
/// Only the time of day is moved: pauses, timeouts and timers last as long as always, for the machine is no faster.
/// </summary>
/// <param name="start">What the clock shows when it is made.</param>
/// <param name="speed">Seconds that it moves on in one.</param>
/// <param name="real">The clock that it follows.</param>
public sealed class MovedTime(DateTimeOffset start, int speed, TimeProvider real) : TimeProvider
{
    /// <summary>A day in a second.</summary>
    public const int MaxSpeed = 86_400;

    private readonly long began = real.GetTimestamp();

    public int Speed => speed;

    public override DateTimeOffset GetUtcNow() => start.ToUniversalTime() + (real.GetElapsedTime(began) * speed);
}
