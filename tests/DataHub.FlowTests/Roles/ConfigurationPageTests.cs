using System.Text;
using DataHub.Host;
using DataHub.UnitTests;
using Xunit;

namespace DataHub.FlowTests.Roles;

public sealed class ConfigurationPageTests
{
    private const string Begin = "<!-- variables: generated from HostSettings.All -->\n";
    private const string End = "<!-- /variables -->";

    [Fact]
    public void The_page_lists_every_variable_that_the_program_reads()
    {
        var table = new StringBuilder(Begin).Append("| Variable | Meaning |\n| --- | --- |\n");
        foreach (var setting in HostSettings.All)
            table.Append($"| `{HostSettings.Prefix}{setting.Name}`{(setting.Secret ? " or `…_FILE`" : "")} | {setting.Meaning} |\n");
        var page = File.ReadAllText(Repository.PathTo("docs", "configuration.md"));
        var (from, to) = (page.IndexOf(Begin, StringComparison.Ordinal), page.IndexOf(End, StringComparison.Ordinal));

        Repository.ShouldMatchSnapshot(page[..from] + table + page[to..], "The variables of docs/configuration.md are generated.", "docs", "configuration.md");
    }
}
