namespace DataHub.Core.Flows;

/// <summary>The transfers beside the employee pension's. Their days and money rules stand in <c>seeds/transfer_rules.csv</c>.</summary>
public static class TransferFlows
{
    public const string MedicalCode = "transfer.medical";
    public const string UnemploymentCode = "transfer.unemployment";
    public const string HousingFundCode = "transfer.housing-fund";
    public const string ResidentPensionCode = "transfer.resident-pension";

    /// <summary>医保办发〔2021〕43号: no contact letter; the old agency checks the conditions from the application on.</summary>
    public static FlowDefinition Medical { get; } =
        TransferFlow.Build(new(MedicalCode, "职工基本医疗保险关系转移接续", HasLetter: false, TransferPapers.Shared));

    /// <summary>失业保险条例; 人社部发〔2021〕67号.</summary>
    public static FlowDefinition Unemployment { get; } =
        TransferFlow.Build(new(UnemploymentCode, "失业保险关系转移接续", HasLetter: true, TransferPapers.Shared));

    /// <summary>全国住房公积金异地转移接续业务操作规程: 账随人走、钱随账走.</summary>
    public static FlowDefinition HousingFund { get; } =
        TransferFlow.Build(new(HousingFundCode, "住房公积金异地转移接续", HasLetter: true, TransferPapers.Shared));

    /// <summary>城乡养老保险制度衔接 (人社部发〔2014〕17号), both directions.</summary>
    public static FlowDefinition ResidentPension { get; } =
        TransferFlow.Build(new(ResidentPensionCode, "城乡养老保险制度衔接", HasLetter: true, TransferPapers.Shared));
}
