using System.Text;
using DataHub.Host.Roles;
using Xunit;

namespace DataHub.UnitTests.Host;

public sealed class ReadmeTests
{
    private const string Begin = "<!-- stages: generated from ExchangeFlow.Stages -->\n";
    private const string End = "<!-- /stages -->";

    [Fact]
    public void The_readme_shows_the_stages_that_the_code_has()
    {
        var table = new StringBuilder(Begin).Append("| Stage | Where | Arrives by | Durable after it | On failure |\n| --- | --- | --- | --- | --- |\n");
        foreach (var s in ExchangeFlow.Stages)
            table.Append($"| {s.Stage} | {s.Where} | {s.Queue} | {s.DurableAfter} | {s.OnFailure} |\n".Replace("<city>", "CITY"));
        var readme = File.ReadAllText(Repository.PathTo("README.md"));
        var (from, to) = (readme.IndexOf(Begin, StringComparison.Ordinal), readme.IndexOf(End, StringComparison.Ordinal));

        Repository.ShouldMatchSnapshot(readme[..from] + table + readme[to..], "The stages of the README are generated.", "README.md");
    }
}
