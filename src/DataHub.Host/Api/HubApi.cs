using System.Text.Encodings.Web;
using System.Text.Json.Serialization;
using DataHub.Contracts.Envelope;
using DataHub.Core.Materials;
using DataHub.Host.Roles;
using Microsoft.AspNetCore.Mvc;

namespace DataHub.Host.Api;

/// <summary>
/// The HTTP API for city systems, beside their native interfaces: a key names the city, and what the city sends goes to
/// its adapter node. <c>contracts/openapi/datahub.v1.json</c> describes it.
/// </summary>
internal static class HubApi
{
    private const string Root = "/v1";

    public static void AddServices(IServiceCollection services, DataHubHost host)
    {
        services.AddSingleton(host);
        services.ConfigureHttpJsonOptions(o =>
        {
            o.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default);
            o.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
            o.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            // Chinese sentences stay readable; nothing here is embedded in HTML.
            o.SerializerOptions.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        });
        services.AddOpenApi(ApiDocument.Name, ApiDocument.Configure);
    }

    public static void Map(WebApplication app, DataHubHost host)
    {
        var logs = app.Services.GetRequiredService<ILoggerFactory>();
        if (host.Options.Roles.Console || host.AdapterRoles.Count > 0)
            MapV1(app, host, logs);
        var health = new Health(host);
        app.MapGet("/health/live", Health.Live).Produces<HealthAnswer>()
            .Describe("live", "进程存活", ApiDocument.Live);
        app.MapGet("/health/ready", (CancellationToken cancel) => health.ReadyAsync(cancel)).Produces<HealthAnswer>().Produces<HealthAnswer>(StatusCodes.Status503ServiceUnavailable)
            .Describe("ready", "可以受理", ApiDocument.Ready);
        app.MapOpenApi();
    }

    private static void MapV1(WebApplication app, DataHubHost host, ILoggerFactory logs)
    {
        var keys = new ApiKeys(host.Options.ApiKeys, logs.CreateLogger<ApiKeys>(), host.SimulatorKeys);
        var log = logs.CreateLogger(typeof(HubApi));
        app.UseWhen(http => http.Request.Path.StartsWithSegments(Root, StringComparison.Ordinal), branch => branch.Use((http, next) => GuardAsync(http, next, keys, log)));

        var messages = new Messages(host, logs.CreateLogger<Messages>());
        var receipts = new Receipts(host.Store, host.Shards);
        var exchanges = new Exchanges(host.Store, host.Shards, receipts);
        var outcomes = new Outcomes(host.Store);

        var v1 = app.MapGroup(Root);
        v1.MapPost("/messages", (HttpContext http, CancellationToken cancel) => messages.PostAsync(http.Request, http.Response, City(http), cancel))
            .Accepts<SentEvent>(EventFormat.SingleMediaType)
            .Produces<MessageTaken>(StatusCodes.Status202Accepted).Produces<MessageTaken>()
            .Fails(400, 403, 408, 409, 413, 415, 422, 429, 500, 503)
            .Describe("sendMessage", "提交一条消息", ApiDocument.SendMessage);
        v1.MapPost("/messages/batch", (HttpContext http, CancellationToken cancel) => messages.PostBatchAsync(http.Request, City(http), cancel))
            .Accepts<IReadOnlyList<SentEvent>>(EventFormat.BatchMediaType)
            .Produces<IReadOnlyList<MessageOutcome>>(StatusCodes.Status207MultiStatus)
            .Fails(400, 408, 413, 415, 429, 503)
            .Describe("sendBatch", "批量提交消息", ApiDocument.SendBatch);
        v1.MapGet("/exchanges/{id}", (HttpContext http, string id, CancellationToken cancel) => exchanges.GetAsync(City(http), id, cancel))
            .Produces<ExchangeAnswer>().Fails(404, 503)
            .Describe("getExchange", "查询办件状态", ApiDocument.GetExchange);
        v1.MapGet("/exchanges/{id}/timeline", (HttpContext http, string id, CancellationToken cancel) => exchanges.TimelineAsync(City(http), id, cancel))
            .Produces<TimelineAnswer>().Fails(404, 503)
            .Describe("getTimeline", "查询办件经过", ApiDocument.GetTimeline);
        v1.MapGet("/outcomes", (HttpContext http, string? after, string? limit, CancellationToken cancel) => outcomes.GetAsync(City(http), after, limit, cancel))
            .Produces<OutcomesPage>().Fails(400, 503)
            .Describe("listOutcomes", "获取收到的消息", ApiDocument.ListOutcomes);
        v1.MapGet("/receipts/{messageId}", (HttpContext http, string messageId, CancellationToken cancel) => receipts.GetAsync(City(http), messageId, cancel))
            .Produces<ReceiptAnswer>().Fails(404, 503)
            .Describe("getReceipt", "获取受理回执", ApiDocument.GetReceipt);
        MapStatistics(v1, new Statistics(host.Store, host.Registry, host.Options.StatisticsThreshold, host.Options.Time));
        MapMaterials(v1, host);
    }

    private static void MapStatistics(RouteGroupBuilder v1, Statistics statistics)
    {
        v1.MapGet("/statistics/availability", (string? on) => statistics.Availability(on))
            .Produces<AvailabilityAnswer>().Fails(400)
            .Describe("getAvailability", "跨区通办率与全程网办率", ApiDocument.GetAvailability);
        v1.MapGet("/statistics/{measure}", (HttpContext http, string measure, string? from, string? to, string? city, string? flow, string? groupBy, CancellationToken cancel) =>
                statistics.GetAsync(City(http), measure, new StatisticsParameters(from, to, city, flow, groupBy), http.Request.Headers.Accept.ToString(), cancel))
            .Produces<StatisticsAnswer>().Fails(400, 403, 404, 503)
            .Describe("getStatistics", "统计", ApiDocument.GetStatistics);
    }

    private static void MapMaterials(RouteGroupBuilder v1, DataHubHost host)
    {
        var files = host.Materials;
        var uploads = new Uploads(new MaterialUploads(files.Store, files.Bytes, host.Options.Materials, host.Options.Time), host.Options.Materials);
        var materials = new Materials(host.Store, files.Store, files.Bytes, host.Options.Time);
        v1.MapPost("/uploads", (HttpContext http, CancellationToken cancel) => uploads.OpenAsync(http.Request, http.Response, City(http), cancel))
            .Accepts<UploadRequest>("application/json")
            .Produces<UploadAnswer>(StatusCodes.Status201Created).Produces<UploadAnswer>()
            .Fails(400, 413, 415, 422, 429, 503)
            .Describe("openUpload", "登记要上传的材料", ApiDocument.OpenUpload);
        v1.MapMethods("/uploads/{uploadId}", ["HEAD"], (HttpContext http, string uploadId, CancellationToken cancel) => uploads.HeadAsync(http.Response, City(http), uploadId, cancel))
            .Produces(StatusCodes.Status200OK).Fails(404, 503)
            .Describe("findUpload", "查询上传进度", ApiDocument.FindUpload);
        v1.MapPatch("/uploads/{uploadId}", (HttpContext http, string uploadId, [FromHeader(Name = Uploads.OffsetHeader)] string? offset, CancellationToken cancel) =>
                uploads.PatchAsync(http.Request, http.Response, City(http), uploadId, offset, cancel))
            .Accepts<Stream>(Uploads.BytesMediaType)
            .Produces<UploadAnswer>().Fails(400, 404, 408, 409, 413, 415, 422, 429, 503)
            .Describe("sendBytes", "上传材料内容", ApiDocument.SendBytes);
        v1.MapDelete("/uploads/{uploadId}", (HttpContext http, string uploadId, CancellationToken cancel) => uploads.DeleteAsync(City(http), uploadId, cancel))
            .Produces(StatusCodes.Status204NoContent).Fails(404, 503)
            .Describe("giveUpUpload", "放弃上传", ApiDocument.GiveUpUpload);
        v1.MapGet("/exchanges/{id}/materials", (HttpContext http, string id, CancellationToken cancel) => materials.ListAsync(City(http), id, cancel))
            .Produces<MaterialsAnswer>().Fails(404, 503)
            .Describe("listMaterials", "查询办件材料", ApiDocument.ListMaterials);
        v1.MapGet("/exchanges/{id}/materials/{digest}", (HttpContext http, string id, string digest, CancellationToken cancel) => materials.GetAsync(http.Response, City(http), id, digest, cancel))
            .Produces<Stream>(StatusCodes.Status200OK, "application/octet-stream").Produces(StatusCodes.Status206PartialContent).Produces(StatusCodes.Status304NotModified)
            .Produces(StatusCodes.Status416RangeNotSatisfiable).Fails(404, 503)
            .Describe("getMaterial", "获取材料内容", ApiDocument.GetMaterial);
    }

    // Who calls, before anything else is looked at; and one form for every error, whoever found it.
    private static async Task GuardAsync(HttpContext http, RequestDelegate next, ApiKeys keys, ILogger log)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (keys.CityOf(http.Request.Headers[ApiKeys.Header]) is not { } city || http.RequestServices.GetRequiredService<DataHubHost>().Registry.CityByCode(city) is null)
        {
            await Problems.Of(Contracts.ReasonCodes.NotAuthenticated, "$").ExecuteAsync(http);
            return;
        }

        http.Features.Set(new Caller(city));
        try
        {
            await next(http);
            if (!http.Response.HasStarted && http.Response.StatusCode >= StatusCodes.Status400BadRequest && http.Response.ContentType is null)
                await Problems.OfStatus(http.Response.StatusCode).ExecuteAsync(http);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client has gone: there is no one to answer.
        }
        catch (Exception fault) when (!http.Response.HasStarted)
        {
            // The type alone: a message may quote what was sent.
            if (fault is not BadHttpRequestException)
                log.LogError("{Method} {Route} failed: {Fault}", http.Request.Method, http.GetEndpoint()?.DisplayName, fault.GetType().FullName);
            await Problems.Of(fault).ExecuteAsync(http);
        }
    }

    private static string City(HttpContext http) => http.Features.Get<Caller>()!.City;

    private sealed record Caller(string City);
}
