using System.Net;

namespace DataHub.Host.Commands;

/// <summary>Asks a running process for its health: for containers, whose images hold no other client.</summary>
internal static class HealthCommand
{
    public static async Task<int> RunAsync(string url, CancellationToken cancel)
    {
        using var client = new HttpClient { BaseAddress = new Uri(url), Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            using var answer = await client.GetAsync(new Uri("/health/ready", UriKind.Relative), cancel);
            Console.WriteLine(await answer.Content.ReadAsStringAsync(cancel));
            return answer.StatusCode == HttpStatusCode.OK ? ExitCodes.Done : ExitCodes.Negative;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            await Console.Error.WriteLineAsync($"Nothing answers at {url}.");
            return ExitCodes.TryAgain;
        }
    }
}
