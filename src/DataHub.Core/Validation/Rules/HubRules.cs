using DataHub.Contracts.Payloads;
using FluentValidation;

namespace DataHub.Core.Validation.Rules;

internal sealed class HubReceiptRules : AbstractValidator<HubReceipt>
{
    public HubReceiptRules() => RuleFor(payload => payload.TakenInAt).IsRecent();
}

internal sealed class HolderReportRules : AbstractValidator<HolderReport>
{
    public HolderReportRules() => RuleForEach(payload => payload.Entries).ChildRules(entry => entry.RuleFor(held => held.HeldAt).IsRecent());
}

/// <summary>The shape says all: the hub computes the notice.</summary>
internal sealed class DeadlineNoticeRules : AbstractValidator<DeadlineNotice>;

/// <summary>The shape says all.</summary>
internal sealed class LinkProgressRules : AbstractValidator<LinkProgress>;
