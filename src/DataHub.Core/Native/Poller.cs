using Microsoft.Extensions.Logging;

namespace DataHub.Core.Native;

/// <summary>Looks at tables or folders again and again, until cancelled.</summary>
public static class Poller
{
    /// <param name="look">Returns the pause before the next look; zero where there may be more at once.</param>
    /// <param name="onFault">Pause after a fault, which is logged by its kind only: its text may quote data.</param>
    public static async Task RunAsync(
        Func<CancellationToken, Task<TimeSpan>> look, TimeSpan onFault, ILogger log, TimeProvider time, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            TimeSpan pause;
            try
            {
                pause = await look(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                // Whatever it is, a poller that stops would leave the city cut off; what it was looking at is still there.
                log.LogError("Exchange with the city's system failed: {Kind} at {Place}; looking again in {Pause}", fault.GetType().Name, fault.TargetSite?.Name, onFault);
                pause = onFault;
            }

            try
            {
                if (pause > TimeSpan.Zero)
                    await Task.Delay(pause, time, cancellationToken);
                else
                    await Task.Yield();
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
