namespace DataHub.Core.Flows;

/// <summary>职工基本养老保险关系转移接续 (国办发〔2009〕66号).</summary>
public static class PensionFlow
{
    public const string Code = "transfer.pension";

    public static FlowDefinition Definition { get; } =
        TransferFlow.Build(new(Code, "养老保险关系转移接续", HasLetter: true, TransferPapers.Pension));
}
