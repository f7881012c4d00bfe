using System.Text.Json;
using System.Text.Json.Serialization;
using DataHub.Contracts.Payloads;

namespace DataHub.Contracts.Json;

/// <summary>
/// How payloads are written as JSON: camelCase, absent instead of null, nothing unknown, nothing twice. Generated at build
/// time, so that reading needs no reflection.
/// </summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.General,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    MaxDepth = 16,
    GenerationMode = JsonSourceGenerationMode.Metadata,
    Converters = [typeof(WholeNumber64Converter), typeof(WholeNumber32Converter)])]
[JsonSerializable(typeof(ServiceSubmission))]
[JsonSerializable(typeof(ServiceAcceptance))]
[JsonSerializable(typeof(ServiceDecision))]
[JsonSerializable(typeof(ServiceDelivery))]
[JsonSerializable(typeof(ServiceEvaluation))]
[JsonSerializable(typeof(CaseReturn))]
[JsonSerializable(typeof(CaseWithdrawal))]
[JsonSerializable(typeof(CaseSupplementRequest))]
[JsonSerializable(typeof(CaseSupplement))]
[JsonSerializable(typeof(CaseReminder))]
[JsonSerializable(typeof(CaseCorrection))]
[JsonSerializable(typeof(CaseRevocation))]
[JsonSerializable(typeof(CaseReopening))]
[JsonSerializable(typeof(CaseClosure))]
[JsonSerializable(typeof(PensionApplication))]
[JsonSerializable(typeof(PensionContactLetter))]
[JsonSerializable(typeof(PensionInformationTable))]
[JsonSerializable(typeof(PensionRemittanceAdvice))]
[JsonSerializable(typeof(PensionCompletion))]
[JsonSerializable(typeof(ResultNotice))]
[JsonSerializable(typeof(ResultCorrection))]
[JsonSerializable(typeof(ResultRevocation))]
[JsonSerializable(typeof(ResultAcknowledgement))]
[JsonSerializable(typeof(RecognitionQuery))]
[JsonSerializable(typeof(RecognitionResult))]
[JsonSerializable(typeof(RecognitionDecision))]
[JsonSerializable(typeof(HubReceipt))]
[JsonSerializable(typeof(HolderReport))]
[JsonSerializable(typeof(DeadlineNotice))]
[JsonSerializable(typeof(LinkProgress))]
public sealed partial class ContractsJson : JsonSerializerContext;
