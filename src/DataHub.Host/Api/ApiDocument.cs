using System.Globalization;
using System.Text.Json.Nodes;
using DataHub.Contracts;
using DataHub.Contracts.Json;
using DataHub.Core.Statistics;
using DataHub.Core.Validation;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace DataHub.Host.Api;

/// <summary>The words of the OpenAPI document; its shapes come from the endpoints and their records.</summary>
internal static class ApiDocument
{
    public const string Name = "v1";

    public const string SendMessage =
        "One CloudEvent. The client sends `specversion`, `id`, `type`, `time`, `data` and, except in a message that opens an exchange, `exchangeid`. The city's adapter gives exchange id and "
        + "sequence, and signs; attributes that it or the hub gives (`sequence`, `signature`, `targetcity`, ...) are refused. 202: the message is on disk and will reach the hub; whether the hub "
        + "accepts it is said by its receipt (`/v1/receipts/{messageId}`), and a refusal also by the native interface. The same id with the same type and the same bytes of `data` gives 200, the "
        + "same answer and `duplicate: true`; with others 409. Send again after 408, 429, 5xx or no answer: it takes effect once.";

    public const string SendBatch =
        "Up to 1,000 CloudEvents and 8 MiB. Each event has its own outcome, in the order of the batch; one bad event never spoils the others. Events of one exchange take effect in the order of the "
        + "batch: after one with status 429 or 5xx, those of the same exchange behind it have the same status. Only a body that is no JSON array, or too large, is refused as a whole.";

    public const string GetExchange =
        "The state as the hub has it. A city sees the exchanges in which it takes part, and learns of no others: 404.";

    public const string GetTimeline =
        "The messages that the city sent or received in the exchange, in the order of its journal, with digest and verdict, without payloads. At most the first 1,000.";

    public const string ListOutcomes =
        "Everything the city received since a cursor, as whole signed CloudEvents: messages of other cities, the hub's receipts and deadline notices, oldest first. Start without `after`, keep `next`, "
        + "and call again with it: at once while `more` is true, else after a pause of a second or more. Reading removes nothing.";

    public const string GetReceipt =
        "The hub's signed receipt that covers a message of the city. 404 with a Retry-After header: the message is known and its receipt has not come yet, ask again after so many seconds; 404 "
        + "without one: the city has sent no such message.";

    public const string GetStatistics =
        "One measure over months of Asia/Shanghai: figures per group and their total; docs/statistics.md defines each. A city sees the exchanges in which it takes part, and with `city=all` those of all "
        + "cities together by dimensions that name no place. Counts below the threshold, and those from which they could be reckoned, are `suppressed`. As CSV with `Accept: text/csv` or `.csv` "
        + "behind the measure: UTF-8 with a byte order mark, a last row with the total.";

    public const string GetAvailability =
        "跨区通办率 and 全程网办率 as the catalogue gives them on a day, for all cities together and the people of each.";

    public const string OpenUpload =
        "A file travels beside the messages, which name it by its SHA-256. 201: send its bytes to the address in `Location`. 200 with `held: true`: this city has handed the file in before, nothing has to "
        + "be sent; 200 with an `uploadId`: the upload that the city has open for this file, go on at `offset`. An unfinished upload is forgotten after 24 hours. 429: too many unfinished uploads, or the "
        + "day's volume is reached. A file that no accepted message names within 7 days is removed.";

    public const string FindUpload = "The header `Upload-Offset` tells how many bytes the hub has, `Upload-Length` how many it awaits. 404 also where the upload is finished: ask again by `POST /v1/uploads`.";

    public const string SendBytes =
        "Up to 4 MiB of the file, from the byte `Upload-Offset` on. What came before a cut is kept: ask for the offset and go on from there. 409: the hub is at another offset, which the answer's "
        + "`Upload-Offset` names. With the last byte size, digest and type are checked, the type by the file's own first bytes: 200 with `held: true`, or 422 and the upload is gone.";

    public const string GiveUpUpload = "Forgets an unfinished upload and what was sent of it.";

    public const string ListMaterials =
        "The files that the exchange's accepted messages name. `held: false`: no city that named the file has handed in its bytes yet, or they are not kept any longer.";

    public const string GetMaterial =
        "The file, for the cities that take part in the exchange; ranges are supported, the ETag is the digest. Every fetch is recorded. 404 for whatever the city may not see, whether it is there or not.";

    public const string Live = "The process answers. Needs no key.";

    public const string Ready = "The database answers a read, the journal can be written, bus and nodes run. 503 names what does not. Needs no key.";

    private const string KeyScheme = "apiKey";

    private const string Description =
        "City systems speak CloudEvents here, beside or in place of the city's native interface. Errors are RFC 9457 problems with every reason that was found: a numbered code "
        + "(contracts/names.txt), the path in the event as it was sent, and a Chinese sentence. In receipts, paths lead into the payload.";

    /// <summary>What a parameter means, and its form where the endpoint's own does not say it.</summary>
    private static readonly Dictionary<string, (string Text, Func<OpenApiSchema>? Schema)> Parameters = new(StringComparer.Ordinal)
    {
        ["id"] = ("办件编号, such as 510100-20260305-0000000017.", () => Text(Patterns.ExchangeId)),
        ["messageId"] = ("The id that the city gave to its message.", () => Text(Patterns.Identifier)),
        ["uploadId"] = ("As `POST /v1/uploads` gave it.", () => Text("^[0-9a-f]{32}$")),
        ["digest"] = ("SHA-256 of the file, as the message names it.", () => Text(Patterns.Sha256)),
        [Uploads.OffsetHeader] = ("Place of the first byte of this request in the file, from 0.", () => new() { Type = JsonSchemaType.Integer, Minimum = "0" }),
        ["after"] = ("The value `next` of the page before; the beginning where it is left out. Opaque, and valid for the same city only.", null),
        ["measure"] = ("Name of the measure.", () => OneOf(StatisticMeasure.All.Select(m => m.Name))),
        ["from"] = ("First month; eleven months before the last where it is left out.", () => Text(Patterns.Month)),
        ["to"] = ("Last month, included; the running one where it is left out. At most 36 months.", () => Text(Patterns.Month)),
        ["city"] = ("The calling city's code, which holds where it is left out, or `all`.", () => Text()),
        ["flow"] = ("Code of a flow; all where it is left out.", () => Text()),
        ["groupBy"] = ("Dimensions by comma, or `none` for the total alone; the measure's own where it is left out.", () => Text()),
        ["on"] = ("The day; today where it is left out.", () => new() { Type = JsonSchemaType.String, Format = "date" }),
        ["limit"] = ("Events on the page, at most.", () => new()
        {
            Type = JsonSchemaType.Integer,
            Minimum = "1",
            Maximum = Outcomes.MaxLimit.ToString(CultureInfo.InvariantCulture),
            Default = Outcomes.DefaultLimit,
        }),
    };

    public static void Configure(OpenApiOptions options)
    {
        // Native interfaces have descriptions of their own (contracts/native).
        options.ShouldInclude = d => d.RelativePath is { } path && (path.StartsWith("v1/", StringComparison.Ordinal) || path.StartsWith("health/", StringComparison.Ordinal));
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "DataHub", Version = Name, Description = Description };
            // The address is the installation's.
            document.Servers = [];
            document.Tags?.Clear();
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                [KeyScheme] = new OpenApiSecurityScheme
                {
                    Type = SecuritySchemeType.ApiKey,
                    In = ParameterLocation.Header,
                    Name = ApiKeys.Header,
                    Description = "A key of the calling city.",
                },
            };
            foreach (var (path, operation) in document.Paths.SelectMany(p => p.Value.Operations!.Values.Select(o => (p.Key, o))))
            {
                operation.Tags?.Clear();
                if (path.StartsWith("/v1/", StringComparison.Ordinal))
                    operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(KeyScheme, document)] = [] }];
            }

            foreach (var schema in document.Components.Schemas?.Values.OfType<OpenApiSchema>() ?? [])
                LeaveOut(schema);
            if (document.Components.Schemas?[nameof(SentEvent)] is OpenApiSchema sent)
                sent.AdditionalPropertiesAllowed = false;
            if (document.Components.Schemas?["JsonElement"] is OpenApiSchema any)
                any.Type = JsonSchemaType.Object;
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, _, _) =>
        {
            foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
                Parameter(parameter);
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            if (context.JsonTypeInfo.Type == typeof(SentEvent) && schema.Properties?["type"] is OpenApiSchema type)
                type.Enum = OneOf(PayloadTypes.ByName.Keys.Where(PayloadCheck.IsBusiness).Order(StringComparer.Ordinal)).Enum;
            return Task.CompletedTask;
        });
    }

    /// <summary>Name and text of an endpoint.</summary>
    public static RouteHandlerBuilder Describe(this RouteHandlerBuilder endpoint, string name, string summary, string description) =>
        endpoint.WithName(name).WithSummary(summary).WithDescription(description);

    /// <summary>The errors that an endpoint gives, beside 401.</summary>
    public static RouteHandlerBuilder Fails(this RouteHandlerBuilder endpoint, params int[] statuses)
    {
        foreach (var status in statuses.Append(StatusCodes.Status401Unauthorized))
            endpoint.Produces<Problem>(status, Problems.MediaType);
        return endpoint;
    }

    // What has no value is left out, never null: here as in the contracts.
    private static void LeaveOut(OpenApiSchema schema)
    {
        foreach (var (name, member) in schema.Properties?.ToList() ?? [])
        {
            if (member is OpenApiSchema { OneOf: [OpenApiSchema { Type: JsonSchemaType.Null }, var other] })
                schema.Properties![name] = other;
            else if (member is OpenApiSchema { Type: { } type } plain && type.HasFlag(JsonSchemaType.Null))
                plain.Type = type & ~JsonSchemaType.Null;
            else
                continue;
            schema.Required?.Remove(name);
        }
    }

    private static void Parameter(OpenApiParameter parameter)
    {
        if (parameter.Name is null || !Parameters.TryGetValue(parameter.Name, out var words))
            return;
        parameter.Description = words.Text;
        if (words.Schema is { } schema)
            parameter.Schema = schema();
        if (parameter.Name == Uploads.OffsetHeader)
            parameter.Required = true;
    }

    private static OpenApiSchema Text(string? pattern = null) => new() { Type = JsonSchemaType.String, Pattern = pattern };

    private static OpenApiSchema OneOf(IEnumerable<string> names) => new() { Type = JsonSchemaType.String, Enum = [.. names.Select(n => JsonValue.Create(n))] };
}
