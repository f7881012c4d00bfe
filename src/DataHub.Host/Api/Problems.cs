using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Materials;
using DataHub.Core.Storage;

namespace DataHub.Host.Api;

/// <summary>An error as the API tells it: RFC 9457, <c>application/problem+json</c>.</summary>
internal sealed record Problem
{
    /// <summary><c>urn:datahub:reason:</c> and the code of the first reason.</summary>
    public required string Type { get; init; }

    /// <summary>What kind of error it is, in a few words.</summary>
    public required string Title { get; init; }

    /// <summary>The HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>The sentence of the first reason.</summary>
    public required string Detail { get; init; }

    /// <summary>Every reason that was found. Paths lead into the event as it was sent, such as <c>$.data.applicant.idNumber</c>.</summary>
    public required IReadOnlyList<Reason> Reasons { get; init; }
}

/// <summary>The one place where reasons and faults become HTTP answers.</summary>
internal static class Problems
{
    public const string MediaType = "application/problem+json";

    /// <summary>Where in an event the payload stands: a fault in there is not a fault of the request's form.</summary>
    public const string DataPath = "$.data";

    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The status that a refusal has: by its first reason's code where the code says it, else 422 for a fault inside the
    /// payload and 400 for one of the request.
    /// </summary>
    public static int StatusOf(IReadOnlyList<Reason> reasons) => reasons[0].Code switch
    {
        ReasonCodes.TooLarge => StatusCodes.Status413PayloadTooLarge,
        ReasonCodes.FileSizeDiffers or ReasonCodes.FileDigestDiffers or ReasonCodes.FileTypeDiffers or ReasonCodes.FileTypeNotTaken => StatusCodes.Status422UnprocessableEntity,
        ReasonCodes.MediaTypeUnsupported => StatusCodes.Status415UnsupportedMediaType,
        ReasonCodes.RequestIncomplete => StatusCodes.Status408RequestTimeout,
        ReasonCodes.ReplayedWithOtherBody or ReasonCodes.UploadOffsetDiffers => StatusCodes.Status409Conflict,
        ReasonCodes.NotAuthenticated => StatusCodes.Status401Unauthorized,
        ReasonCodes.NotAuthorised => StatusCodes.Status403Forbidden,
        ReasonCodes.NotFound => StatusCodes.Status404NotFound,
        ReasonCodes.Overloaded or ReasonCodes.TooManyUploads or ReasonCodes.UploadVolumeReached => StatusCodes.Status429TooManyRequests,
        ReasonCodes.JournalUnavailable or ReasonCodes.MaterialsUnavailable => StatusCodes.Status503ServiceUnavailable,
        ReasonCodes.InternalFault => StatusCodes.Status500InternalServerError,
        ReasonCodes.UnknownExchange or ReasonCodes.UnknownType => StatusCodes.Status422UnprocessableEntity,
        _ when InData(reasons[0].Path) => StatusCodes.Status422UnprocessableEntity,
        _ => StatusCodes.Status400BadRequest,
    };

    public static IResult Of(string code, string path, params object[] args) => Of([Reasons.Of(code, path, args)]);

    public static IResult Of(IReadOnlyList<Reason> reasons, TimeSpan? retryAfter = null) => Of(StatusOf(reasons), reasons, retryAfter);

    private static Answer Of(int status, IReadOnlyList<Reason> reasons, TimeSpan? retryAfter = null) => new(
        new Problem
        {
            Type = "urn:datahub:reason:" + reasons[0].Code,
            Title = Title(status),
            Status = status,
            Detail = reasons[0].Message,
            Reasons = reasons,
        },
        retryAfter ?? (status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable ? AfterFault : null));

    /// <summary>The answer to a fault that nothing else has dealt with. Its text is never told: it may quote what was sent.</summary>
    public static IResult Of(Exception fault) => fault switch
    {
        StoreUnavailableException => Of(ReasonCodes.JournalUnavailable, "$"),
        MaterialsUnavailableException => Of(ReasonCodes.MaterialsUnavailable, "$"),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => Of(ReasonCodes.TooLarge, "$", EventFormat.MaxBatchBytes),
        BadHttpRequestException bad => Of(bad.StatusCode, [Reasons.Of(ReasonCodes.RequestIncomplete, "$")]),
        _ => Of(ReasonCodes.InternalFault, "$"),
    };

    /// <summary>The answer where routing alone has set a status and written no body.</summary>
    public static IResult OfStatus(int status) => status switch
    {
        StatusCodes.Status415UnsupportedMediaType => Of(ReasonCodes.MediaTypeUnsupported, "$", EventFormat.SingleMediaType + " / " + EventFormat.BatchMediaType),
        StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed => Of(status, [Reasons.Of(ReasonCodes.NotFound, "$")]),
        >= 500 => Of(status, [Reasons.Of(ReasonCodes.InternalFault, "$")]),
        _ => Of(status, [Reasons.Of(ReasonCodes.RequestIncomplete, "$")]),
    };

    /// <summary>Whole seconds, at least one: what a Retry-After header can say.</summary>
    public static int Seconds(TimeSpan pause) => Math.Clamp((int)Math.Ceiling(pause.TotalSeconds), 1, 3600);

    private static bool InData(string path) =>
        path.StartsWith(DataPath, StringComparison.Ordinal) && (path.Length == DataPath.Length || path[DataPath.Length] is '.' or '[');

    private static string Title(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "未通过身份验证",
        StatusCodes.Status403Forbidden => "没有权限",
        StatusCodes.Status404NotFound => "没有找到",
        StatusCodes.Status405MethodNotAllowed => "不支持的请求方法",
        StatusCodes.Status408RequestTimeout => "请求超时",
        StatusCodes.Status409Conflict => "与先前的内容冲突",
        StatusCodes.Status413PayloadTooLarge => "内容过大",
        StatusCodes.Status415UnsupportedMediaType => "内容类型不支持",
        StatusCodes.Status422UnprocessableEntity => "消息未通过校验",
        StatusCodes.Status429TooManyRequests => "系统繁忙",
        StatusCodes.Status503ServiceUnavailable => "暂停接收",
        >= 500 => "枢纽内部出错",
        _ => "请求不合规范",
    };

    private sealed class Answer(Problem problem, TimeSpan? retryAfter) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            if (retryAfter is { } pause)
                httpContext.Response.Headers.RetryAfter = Seconds(pause).ToString(CultureInfo.InvariantCulture);
            if (problem.Status == StatusCodes.Status401Unauthorized)
                httpContext.Response.Headers.WWWAuthenticate = "ApiKey realm=\"datahub\", header=\"" + ApiKeys.Header + "\"";
            return Results.Json(problem, contentType: MediaType, statusCode: problem.Status).ExecuteAsync(httpContext);
        }
    }
}
