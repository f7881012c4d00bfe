using System.Collections.Frozen;
using System.Text;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Validation.Rules;
using FluentValidation;

namespace DataHub.Core.Validation;

/// <summary>
/// The rules of one message by itself, beyond its shape: identifiers, times, sums, completeness against the catalogue.
/// What depends on the exchange, its cities or their agreements is decided by flow and authority.
/// </summary>
public static class BusinessRules
{
    private static readonly FrozenDictionary<Type, Func<IPayload, RuleContext, IReadOnlyList<Reason>>> Validators = new[]
    {
        For(new ServiceSubmissionRules()),
        For(new ServiceAcceptanceRules()),
        For(new ServiceDecisionRules()),
        For(new ServiceDeliveryRules()),
        For(new ServiceEvaluationRules()),
        For(new JointApplicationRules()),
        For(new JointCompletionRules()),
        For(new ServiceHandoverRules()),
        For(new ServiceFollowUpRules()),
        For(new CaseReturnRules()),
        For(new CaseWithdrawalRules()),
        For(new CaseSupplementRequestRules()),
        For(new CaseSupplementRules()),
        For(new CaseReminderRules()),
        For(new CaseCorrectionRules()),
        For(new CaseRevocationRules()),
        For(new CaseReopeningRules()),
        For(new CaseClosureRules()),
        For(new CaseRecallRules()),
        For(new CaseForwardingRules()),
        For(new PensionApplicationRules()),
        For(new PensionContactLetterRules()),
        For(new PensionInformationTableRules()),
        For(new PensionRemittanceAdviceRules()),
        For(new PensionCompletionRules()),
        For(new TransferApplicationRules()),
        For(new TransferContactLetterRules()),
        For(new TransferInformationTableRules()),
        For(new TransferRemittanceAdviceRules()),
        For(new TransferRemittanceReturnRules()),
        For(new TransferOverlapResolutionRules()),
        For(new TransferCompletionRules()),
        For(new QualificationRequestRules()),
        For(new QualificationAnswerRules()),
        For(new ContributionQueryRules()),
        For(new ContributionAnswerRules()),
        For(new ResultNoticeRules()),
        For(new ResultCorrectionRules()),
        For(new ResultRevocationRules()),
        For(new ResultAcknowledgementRules()),
        For(new RecognitionSearchRules()),
        For(new ResultListRules()),
        For(new ConsentWithdrawalRules()),
        For(new RecognitionQueryRules()),
        For(new RecognitionResultRules()),
        For(new RecognitionDecisionRules()),
        For(new HubReceiptRules()),
        For(new HolderReportRules()),
        For(new DeadlineNoticeRules()),
        For(new LinkProgressRules()),
    }.ToFrozenDictionary(pair => pair.Key, pair => pair.Value);

    /// <summary>Every broken rule with the path of its field, at most <see cref="Reasons.MaxCount"/>; empty where all hold.</summary>
    public static IReadOnlyList<Reason> Check(IPayload payload, RuleContext context) => Validators[payload.GetType()](payload, context);

    private static KeyValuePair<Type, Func<IPayload, RuleContext, IReadOnlyList<Reason>>> For<T>(AbstractValidator<T> rules)
        where T : IPayload => new(typeof(T), (payload, context) =>
        {
            var result = rules.Validate(RuleSupport.Begin((T)payload, context));
            return result.IsValid
                ? []
                : [.. result.Errors.Take(Reasons.MaxCount).Select(failure => Reasons.Of(failure.ErrorCode, JsonPath(failure.PropertyName), (object[])failure.CustomState))];
        });

    // FluentValidation names members as the record does: Years[2].BaseFen. A form's keys are the catalogue's own.
    private static string JsonPath(string path)
    {
        const string form = nameof(ServiceSubmission.Form) + ".";
        if (path.StartsWith(form, StringComparison.Ordinal))
            return "$.form." + path[form.Length..];
        var json = new StringBuilder("$");
        foreach (var segment in path.Split('.', StringSplitOptions.RemoveEmptyEntries))
            json.Append('.').Append(char.ToLowerInvariant(segment[0])).Append(segment.AsSpan(1));
        return json.ToString();
    }
}
