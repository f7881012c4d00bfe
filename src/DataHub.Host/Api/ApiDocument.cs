using DataHub.Contracts;
using DataHub.Contracts.Json;
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

    public const string Live = "The process answers. Needs no key.";

    public const string Ready = "The database answers a read, the journal can be written, bus and nodes run. 503 names what does not. Needs no key.";

    private const string KeyScheme = "apiKey";

    private const string Description =
        "City systems speak CloudEvents here, beside or in place of the city's native interface. Errors are RFC 9457 problems with every reason that was found: a numbered code "
        + "(contracts/names.txt), the path in the event as it was sent, and a Chinese sentence. In receipts, paths lead into the payload.";

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
                type.Enum = [.. PayloadTypes.ByName.Keys.Where(Core.Validation.PayloadCheck.IsBusiness).Order(StringComparer.Ordinal).Select(n => System.Text.Json.Nodes.JsonValue.Create(n))];
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
        switch (parameter.Name)
        {
            case "id":
                parameter.Description = "办件编号, such as 510100-20260305-0000000017.";
                parameter.Schema = new OpenApiSchema { Type = JsonSchemaType.String, Pattern = Patterns.ExchangeId };
                break;
            case "messageId":
                parameter.Description = "The id that the city gave to its message.";
                parameter.Schema = new OpenApiSchema { Type = JsonSchemaType.String, Pattern = Patterns.Identifier };
                break;
            case "after":
                parameter.Description = "The value `next` of the page before; the beginning where it is left out. Opaque, and valid for the same city only.";
                break;
            case "limit":
                parameter.Description = "Events on the page, at most.";
                parameter.Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1", Maximum = Outcomes.MaxLimit.ToString(System.Globalization.CultureInfo.InvariantCulture), Default = Outcomes.DefaultLimit };
                break;
        }
    }
}
