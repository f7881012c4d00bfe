using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Host.Api;
using DataHub.UnitTests;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Api;

/// <summary>One running host for the tests of the HTTP API, and a client with a key for each of three cities.</summary>
public sealed class ApiHost : IAsyncLifetime
{
    public const string Chengdu = "510100";
    public const string Deyang = "510600";
    public const string Meishan = "511400";

    internal HostFixture Fixture { get; private set; } = null!;

    internal ApiClient AsChengdu { get; private set; } = null!;

    internal ApiClient AsDeyang { get; private set; } = null!;

    internal ApiClient AsMeishan { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Fixture = await HostFixture.WithPlayedCitiesAsync();
        AsChengdu = Client(Chengdu);
        AsDeyang = Client(Deyang);
        AsMeishan = Client(Meishan);
    }

    private ApiClient Client(string city) => new(Fixture.Client(), ApiKeys.Create(Fixture.ApiKeysFile, city));

    public async ValueTask DisposeAsync()
    {
        foreach (var client in new[] { AsChengdu, AsDeyang, AsMeishan })
            client?.Dispose();
        await Fixture.DisposeAsync();
    }
}

/// <summary>A city's system that speaks HTTP.</summary>
internal sealed class ApiClient : IDisposable
{
    public ApiClient(HttpClient http, string? key)
    {
        Http = http;
        if (key is not null)
            http.DefaultRequestHeaders.Add(ApiKeys.Header, key);
    }

    public HttpClient Http { get; }

    public Task<Answer> SendAsync(JsonNode cloudEvent) => SendAsync(cloudEvent.ToJsonString(), EventFormat.SingleMediaType, "/v1/messages");

    public Task<Answer> SendBatchAsync(params IEnumerable<JsonNode?> events) =>
        SendAsync(new JsonArray([.. events]).ToJsonString(), EventFormat.BatchMediaType, "/v1/messages/batch");

    public Task<Answer> SendAsync(string body, string mediaType, string path) => SendAsync(Encoding.UTF8.GetBytes(body), mediaType, path);

    public async Task<Answer> SendAsync(byte[] body, string mediaType, string path)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        using var response = await Http.PostAsync(path, content, TestContext.Current.CancellationToken);
        return await Answer.OfAsync(response);
    }

    public async Task<Answer> GetAsync(string path)
    {
        using var response = await Http.GetAsync(path, TestContext.Current.CancellationToken);
        return await Answer.OfAsync(response);
    }

    /// <summary>Asks again until the answer is 200.</summary>
    public async Task<JsonNode> GetWhenThereAsync(string path)
    {
        Answer answer = null!;
        await HostFixture.UntilAsync(async () => (answer = await GetAsync(path)).Status == 200, path + " is there");
        return answer.Json;
    }

    /// <summary>Opens a case from Chengdu to Deyang.</summary>
    public async Task<string> OpenAsync()
    {
        var answer = await SendAsync(Events.Submission());
        answer.Status.ShouldBe(202, answer.Text);
        return answer.Json["exchangeId"]!.GetValue<string>();
    }

    public void Dispose() => Http.Dispose();
}

internal sealed record Answer(int Status, string? MediaType, string Text, HttpResponseHeaders Headers)
{
    public JsonNode Json => JsonNode.Parse(Text)!;

    /// <summary>The reason codes of a problem.</summary>
    public IEnumerable<string> Codes => Json["reasons"]!.AsArray().Select(r => r!["code"]!.GetValue<string>());

    public IEnumerable<string> Paths => Json["reasons"]!.AsArray().Select(r => r!["path"]!.GetValue<string>());

    public static async Task<Answer> OfAsync(HttpResponseMessage response) =>
        new((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync(), response.Headers);

    public void ShouldBeProblem(int status, string code)
    {
        Status.ShouldBe(status, Text);
        MediaType.ShouldBe("application/problem+json");
        Json["status"]!.GetValue<int>().ShouldBe(status);
        Json["type"]!.GetValue<string>().ShouldBe("urn:datahub:reason:" + Codes.First());
        Json["title"]!.GetValue<string>().ShouldNotBeEmpty();
        Json["detail"]!.GetValue<string>().ShouldBe(Json["reasons"]![0]!["message"]!.GetValue<string>());
        Codes.ShouldContain(code);
    }
}

/// <summary>Events as a city's system makes them, with payloads from the contract's samples.</summary>
internal static class Events
{
    public static JsonObject Submission() => Of(MessageTypes.ServiceSubmission, null, Sample("service.submission.v1", "marriage"));

    public static JsonObject Acceptance(string exchangeId) => Of(MessageTypes.ServiceAcceptance, exchangeId, Sample("service.acceptance.v1", "accepted"));

    public static JsonObject Reminder(string exchangeId) => Of(MessageTypes.CaseReminder, exchangeId, Sample("case.reminder.v1", "second"));

    public static JsonObject Of(string type, string? exchangeId, JsonNode data)
    {
        var made = new JsonObject
        {
            ["specversion"] = "1.0",
            ["id"] = "T-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12)),
            ["source"] = "/test",
            ["type"] = type,
            ["time"] = EventFormat.Time(TimeProvider.System.GetUtcNow()),
            ["data"] = data,
        };
        if (exchangeId is not null)
            made["exchangeid"] = exchangeId;
        return made;
    }

    public static JsonNode Sample(string message, string name) =>
        JsonNode.Parse(File.ReadAllText(Repository.PathTo("contracts", "samples", message, "valid", name + ".json")))!;

    public static JsonObject With(this JsonObject made, string name, JsonNode? value)
    {
        made[name] = value;
        return made;
    }

    public static string Id(this JsonObject made) => made["id"]!.GetValue<string>();
}
