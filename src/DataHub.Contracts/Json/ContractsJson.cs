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
[JsonSerializable(typeof(JointApplication))]
[JsonSerializable(typeof(JointCompletion))]
[JsonSerializable(typeof(ServiceHandover))]
[JsonSerializable(typeof(ServiceFollowUp))]
[JsonSerializable(typeof(CaseReturn))]
[JsonSerializable(typeof(CaseWithdrawal))]
[JsonSerializable(typeof(CaseSupplementRequest))]
[JsonSerializable(typeof(CaseSupplement))]
[JsonSerializable(typeof(CaseReminder))]
[JsonSerializable(typeof(CaseCorrection))]
[JsonSerializable(typeof(CaseRevocation))]
[JsonSerializable(typeof(CaseReopening))]
[JsonSerializable(typeof(CaseClosure))]
[JsonSerializable(typeof(CaseRecall))]
[JsonSerializable(typeof(CaseForwarding))]
[JsonSerializable(typeof(PensionApplication))]
[JsonSerializable(typeof(PensionContactLetter))]
[JsonSerializable(typeof(PensionInformationTable))]
[JsonSerializable(typeof(PensionRemittanceAdvice))]
[JsonSerializable(typeof(PensionCompletion))]
[JsonSerializable(typeof(TransferApplication))]
[JsonSerializable(typeof(TransferContactLetter))]
[JsonSerializable(typeof(TransferInformationTable))]
[JsonSerializable(typeof(TransferRemittanceAdvice))]
[JsonSerializable(typeof(TransferRemittanceReturn))]
[JsonSerializable(typeof(TransferOverlapResolution))]
[JsonSerializable(typeof(TransferCompletion))]
[JsonSerializable(typeof(QualificationRequest))]
[JsonSerializable(typeof(QualificationAnswer))]
[JsonSerializable(typeof(ContributionQuery))]
[JsonSerializable(typeof(ContributionAnswer))]
[JsonSerializable(typeof(ResultNotice))]
[JsonSerializable(typeof(ResultCorrection))]
[JsonSerializable(typeof(ResultRevocation))]
[JsonSerializable(typeof(ResultAcknowledgement))]
[JsonSerializable(typeof(RecognitionSearch))]
[JsonSerializable(typeof(ResultList))]
[JsonSerializable(typeof(ConsentWithdrawal))]
[JsonSerializable(typeof(RecognitionQuery))]
[JsonSerializable(typeof(RecognitionResult))]
[JsonSerializable(typeof(RecognitionDecision))]
[JsonSerializable(typeof(HubReceipt))]
[JsonSerializable(typeof(HolderReport))]
[JsonSerializable(typeof(DeadlineNotice))]
[JsonSerializable(typeof(LinkProgress))]
public sealed partial class ContractsJson : JsonSerializerContext;
