using DataHub.Contracts;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Flows;

/// <summary>What one kind of transfer has of its own; the rest is <see cref="TransferFlow"/>, and days and money are catalogue data.</summary>
/// <param name="Code">Code of the flow.</param>
/// <param name="Title">Chinese name for users.</param>
/// <param name="HasLetter">False where the application itself asks the old agency (医保办发〔2021〕43号).</param>
internal sealed record TransferKind(string Code, string Title, bool HasLetter, TransferPapers Papers);

/// <summary>One document of a transfer: its message and what a correction may change in it.</summary>
internal sealed record TransferPaper(string Type, Type Payload, params string[] Correctable);

/// <summary>The documents that a kind of transfer speaks in.</summary>
internal sealed record TransferPapers(TransferPaper Application, TransferPaper Letter, TransferPaper Table, TransferPaper Advice, TransferPaper Completion)
{
    // Its number only while no money lies on it.
    private static readonly string[] Account = ["$.receivingAccount.name", "$.receivingAccount.bank", "$.receivingAccount.account"];

    /// <summary>The pension transfer's own messages.</summary>
    public static TransferPapers Pension { get; } = new(
        new(MessageTypes.PensionApplication, typeof(PensionApplication),
            "$.applicant.name", "$.applicant.mobile", "$.applicant.sex", "$.newAgency", "$.certificate"),
        new(MessageTypes.PensionContactLetter, typeof(PensionContactLetter), Account),
        new(MessageTypes.PensionInformationTable, typeof(PensionInformationTable), "$.relationEndedOn"),
        new(MessageTypes.PensionRemittanceAdvice, typeof(PensionRemittanceAdvice), "$.payerName", "$.payerAccount"),
        new(MessageTypes.PensionCompletion, typeof(PensionCompletion)));

    /// <summary>The messages that all other kinds share.</summary>
    public static TransferPapers Shared { get; } = new(
        new(MessageTypes.TransferApplication, typeof(TransferApplication),
            ["$.applicant.name", "$.applicant.mobile", "$.applicant.sex", "$.newAgency", "$.oldAccountNumber", "$.certificateNumber", .. Account]),
        new(MessageTypes.TransferContactLetter, typeof(TransferContactLetter), Account),
        new(MessageTypes.TransferInformationTable, typeof(TransferInformationTable), "$.relationEndedOn"),
        new(MessageTypes.TransferRemittanceAdvice, typeof(TransferRemittanceAdvice), "$.payerName", "$.payerAccount"),
        new(MessageTypes.TransferCompletion, typeof(TransferCompletion)));
}
