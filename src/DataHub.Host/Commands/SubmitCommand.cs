using System.Net;
using System.Net.Http.Headers;
using DataHub.Contracts.Envelope;

namespace DataHub.Host.Commands;

/// <summary>Hands a file over to a running hub through its HTTP API. <c>{{now}}</c> in the file stands for the moment of sending.</summary>
internal static class SubmitCommand
{
    public static async Task<int> RunAsync(FileInfo file, string? key, string url, CancellationToken cancel)
    {
        if (!file.Exists)
            return await FailAsync($"There is no file {file.Name}.", ExitCodes.CannotStart);
        if (string.IsNullOrEmpty(key))
            return await FailAsync("An API key is needed: --key, or the variable DATAHUB_API_KEY. 'api-key CITY' makes one.", ExitCodes.CannotStart);
        // A sample that is kept in a repository names no moment; the hub refuses messages that are too old.
        var text = (await File.ReadAllTextAsync(file.FullName, cancel)).Replace("{{now}}", EventFormat.Time(TimeProvider.System.GetUtcNow()), StringComparison.Ordinal);
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        var batch = bytes.AsSpan().TrimStart(" \t\r\n"u8) is [(byte)'[', ..];
        using var client = new HttpClient { BaseAddress = new Uri(url), Timeout = TimeSpan.FromSeconds(30) };
        using var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue(batch ? EventFormat.BatchMediaType : EventFormat.SingleMediaType);
        client.DefaultRequestHeaders.Add("X-Api-Key", key);
        try
        {
            using var response = await client.PostAsync(new Uri(batch ? "/v1/messages/batch" : "/v1/messages", UriKind.Relative), content, cancel);
            Console.WriteLine(await response.Content.ReadAsStringAsync(cancel));
            return response.IsSuccessStatusCode ? ExitCodes.Done
                : response.StatusCode is HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError ? ExitCodes.TryAgain
                : ExitCodes.Negative;
        }
        catch (HttpRequestException)
        {
            return await FailAsync($"The hub at {url} was not reached; start it, or name another address with --urls.", ExitCodes.TryAgain);
        }
    }

    private static async Task<int> FailAsync(string sentence, int code)
    {
        await Console.Error.WriteLineAsync(sentence);
        return code;
    }
}
