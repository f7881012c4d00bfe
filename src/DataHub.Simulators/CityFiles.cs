using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using DataHub.Contracts.Payloads;
using DataHub.Simulators.Behaviour;
using DataHub.Simulators.Cases;

namespace DataHub.Simulators;

/// <summary>How far a city is with its files.</summary>
/// <param name="HandedIn">Files that the hub holds because of this city.</param>
/// <param name="Fetched">Files of others that were fetched and had the digest that the message named.</param>
/// <param name="Wrong">Files of others that were not there or had another digest: has to be 0.</param>
/// <param name="Waiting">Files of others that are still to be fetched.</param>
public sealed record FileSummary(long HandedIn, long Fetched, long Wrong, long Waiting);

/// <summary>
/// How a simulated city hands in the files of its messages and fetches those of others, over the hub's HTTP API as a real one
/// does: for a share of its cases, drawn alike in all cities, so that a city knows what it must find.
/// </summary>
public sealed class CityFiles : IDisposable
{
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromSeconds(1);

    private readonly HttpClient http;
    private readonly Func<Uri> hub;
    private readonly Channel<(string ExchangeId, string Digest)> wanted = Channel.CreateUnbounded<(string, string)>();
    private long handedIn;
    private long fetched;
    private long wrong;
    private long waiting;

    /// <param name="hub">Root of the hub's HTTP API, known when the first message goes out.</param>
    /// <param name="key">The city's key there.</param>
    public CityFiles(Func<Uri> hub, string key)
    {
        this.hub = hub;
        http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        http.DefaultRequestHeaders.Add("X-Api-Key", key);
    }

    public FileSummary Summary => new(Interlocked.Read(ref handedIn), Interlocked.Read(ref fetched), Interlocked.Read(ref wrong), Interlocked.Read(ref waiting));

    /// <summary>Hands in the files of a message, before the message goes out. What is held already costs one question.</summary>
    /// <exception cref="HttpRequestException">The hub does not answer or does not take a file: to be tried again.</exception>
    internal async Task HandInAsync(IPayload payload, Knobs knobs, string number, CancellationToken cancel)
    {
        if (!Script.HandsInFiles(knobs, number))
            return;
        foreach (var file in SimulatedFile.NamedBy(payload, knobs.Seed, number))
        {
            using var opened = await http.PostAsJsonAsync(Address("v1/uploads"), new JsonObject { ["digest"] = file.Digest, ["size"] = file.Bytes.Length, ["mediaType"] = file.MediaType }, cancel);
            opened.EnsureSuccessStatusCode();
            var upload = (await opened.Content.ReadFromJsonAsync<JsonObject>(cancel))!;
            if (upload["held"]!.GetValue<bool>())
                continue;
            var offset = upload["offset"]!.GetValue<int>();
            using var content = new ByteArrayContent(file.Bytes, offset, file.Bytes.Length - offset) { Headers = { ContentType = new("application/offset+octet-stream") } };
            using var request = new HttpRequestMessage(HttpMethod.Patch, Address("v1/uploads/" + upload["uploadId"]!.GetValue<string>())) { Content = content, Headers = { { "Upload-Offset", $"{offset}" } } };
            using var sent = await http.SendAsync(request, cancel);
            sent.EnsureSuccessStatusCode();
            Interlocked.Increment(ref handedIn);
        }
    }

    /// <summary>A message of another city was received: its files are fetched beside everything else.</summary>
    internal void Want(IPayload payload, Knobs knobs, string number, string exchangeId)
    {
        if (!Script.HandsInFiles(knobs, number))
            return;
        foreach (var file in SimulatedFile.NamedBy(payload, knobs.Seed, number))
        {
            Interlocked.Increment(ref waiting);
            wanted.Writer.TryWrite((exchangeId, file.Digest));
        }
    }

    /// <summary>Fetches what is wanted until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var (exchangeId, digest) in wanted.Reader.ReadAllAsync(cancellationToken))
            {
                while (await TryFetchAsync(exchangeId, digest, cancellationToken) is var held && held is null)
                    await Task.Delay(TryAgainAfter, cancellationToken);
                Interlocked.Decrement(ref waiting);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The end that was asked for.
        }
    }

    /// <summary>True where it is there and right, false where not, null where the hub could not answer.</summary>
    private async Task<bool?> TryFetchAsync(string exchangeId, string digest, CancellationToken cancel)
    {
        try
        {
            using var answer = await http.GetAsync(Address($"v1/exchanges/{exchangeId}/materials/{digest}"), cancel);
            if (answer.StatusCode is HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError)
                return null;
            var right = answer.IsSuccessStatusCode && Convert.ToHexStringLower(SHA256.HashData(await answer.Content.ReadAsByteArrayAsync(cancel))) == digest;
            Interlocked.Increment(ref right ? ref fetched : ref wrong);
            return right;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private Uri Address(string path) => new(hub(), path);

    public void Dispose() => http.Dispose();
}
