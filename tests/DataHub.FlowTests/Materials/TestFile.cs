using System.Security.Cryptography;
using System.Text.Json.Nodes;
using DataHub.FlowTests.Api;
using DataHub.Host.Api;
using Xunit;

namespace DataHub.FlowTests.Materials;

/// <summary>A small file with content of its own, and how a city hands it in.</summary>
internal sealed record TestFile(byte[] Bytes, string MediaType)
{
    public string Digest { get; } = Convert.ToHexStringLower(SHA256.HashData(Bytes));

    public static TestFile Pdf(int size = 5000)
    {
        var bytes = RandomNumberGenerator.GetBytes(size);
        "%PDF-1.7\n"u8.CopyTo(bytes);
        return new TestFile(bytes, "application/pdf");
    }

    public Task<Answer> OpenAsync(ApiClient client, long? size = null, string? digest = null, string? mediaType = null) => client.SendAsync(
        new JsonObject { ["digest"] = digest ?? Digest, ["size"] = size ?? Bytes.Length, ["mediaType"] = mediaType ?? MediaType }.ToJsonString(), "application/json", "/v1/uploads");

    public async Task<string> OpenedAsync(ApiClient client)
    {
        var answer = await OpenAsync(client);
        return answer.Json["uploadId"]!.GetValue<string>();
    }

    public async Task<Answer> HandInAsync(ApiClient client) => await SendAsync(client, await OpenedAsync(client), 0, Bytes);

    public static async Task<Answer> SendAsync(ApiClient client, string id, long offset, byte[] bytes)
    {
        using var content = new ByteArrayContent(bytes);
        return await SendAsync(client, id, offset, content);
    }

    public static async Task<Answer> SendAsync(ApiClient client, string id, long offset, HttpContent content)
    {
        content.Headers.ContentType = new(Uploads.BytesMediaType);
        using var request = new HttpRequestMessage(HttpMethod.Patch, "/v1/uploads/" + id) { Content = content, Headers = { { Uploads.OffsetHeader, $"{offset}" } } };
        using var response = await client.Http.SendAsync(request, TestContext.Current.CancellationToken);
        return await Answer.OfAsync(response);
    }

    /// <summary>What the hub has of an upload; null where there is none.</summary>
    public static async Task<long?> OffsetAsync(ApiClient client, string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, "/v1/uploads/" + id);
        using var response = await client.Http.SendAsync(request, TestContext.Current.CancellationToken);
        return response.IsSuccessStatusCode ? long.Parse(response.Headers.GetValues(Uploads.OffsetHeader).Single()) : null;
    }

    /// <summary>A submission from Chengdu to Deyang whose first material is this file.</summary>
    public JsonObject Submission()
    {
        var made = Events.Submission();
        var material = made["data"]!["materials"]![0]!;
        (material["digest"], material["size"], material["mediaType"]) = (Digest, Bytes.Length, MediaType);
        return made;
    }

    /// <summary>Submits, and waits until the hub has accepted it.</summary>
    public async Task<string> SubmittedAsync(ApiClient client)
    {
        var answer = await client.SendAsync(Submission());
        var id = answer.Json["exchangeId"]!.GetValue<string>();
        await HostFixture.UntilAsync(async () => (await client.GetAsync($"/v1/exchanges/{id}/materials")).Json["materials"]!.AsArray().Count > 0, "the hub has accepted the submission");
        return id;
    }

    public Task<HttpResponseMessage> FetchAsync(ApiClient client, string exchangeId) =>
        client.Http.GetAsync($"/v1/exchanges/{exchangeId}/materials/{Digest}", TestContext.Current.CancellationToken);
}
