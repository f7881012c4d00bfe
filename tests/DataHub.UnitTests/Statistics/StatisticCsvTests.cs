using System.Text;
using DataHub.Core.Statistics;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Statistics;

public sealed class StatisticCsvTests
{
    [Theory]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+86", "'+86")]
    [InlineData("-2", "'-2")]
    [InlineData("@sum", "'@sum")]
    [InlineData("\tx", "'\tx")]
    [InlineData("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"")]
    [InlineData("＝1", "'＝1")]
    [InlineData("a=1", "a=1")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("a\r\nb", "\"a\r\nb\"")]
    [InlineData("说\"好\"", "\"说\"\"好\"\"\"")]
    [InlineData("", "")]
    public void A_cell_is_never_a_formula_and_never_breaks_its_line(string value, string cell) => StatisticCsv.Cell(value).ShouldBe(cell);

    [Fact]
    public void Codes_stand_beside_their_names_and_the_total_comes_last()
    {
        var query = new StatisticQuery { Measure = StatisticMeasure.Find("refusals")!, Groups = ["reason", "source"] };
        var csv = StatisticCsv.Write(StatisticTable.Of(query, [new(new StatisticKey(Counters.RefusalReason, 202603, "", "", "510100", "") { Detail = "DH-9005" }, new StatisticValue(12, 0))]), Journey.Registry);
        csv[..3].ShouldBe(Encoding.UTF8.GetPreamble());
        Encoding.UTF8.GetString(csv[3..]).ShouldBe(
            "reason,reasonName,source,sourceName,count,part,rate,medianDays,p90Days,averageScore,amountFen,suppressed\r\n"
            + "DH-9005,没有找到所请求的内容。,510100,成都市,12,,,,,,,\r\n"
            + "total,合计,,,12,,,,,,,\r\n");
    }
}
