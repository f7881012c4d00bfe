namespace DataHub.Host.Commands;

/// <summary>What serves until it is told to stop: being told so is its good end, also while it is still starting.</summary>
internal static class UntilStopped
{
    public static async Task<int> RunAsync(Func<Task> serve, CancellationToken cancel)
    {
        await using var told = cancel.Register(static () => Console.WriteLine("Stopping."));
        try
        {
            // Signals are heeded from the first wait on, and much of a start does not wait.
            await Task.Yield();
            await serve();
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // As it was asked to.
        }

        return ExitCodes.Done;
    }
}
