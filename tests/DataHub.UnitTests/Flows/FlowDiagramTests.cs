using DataHub.Core.Flows;
using DataHub.Core.Registry;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Flows;

public sealed class FlowDiagramTests
{
    private static readonly string Folder = Path.Combine(RegistrySnapshot.FindSeeds(), "..", "docs", "flows");

    [Fact]
    public void The_pages_in_docs_flows_show_the_definitions_as_they_are()
    {
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
        {
            Directory.CreateDirectory(Folder);
            foreach (var flow in FlowCatalogue.All)
                File.WriteAllText(PathOf(flow), FlowDiagram.Page(flow));
        }

        foreach (var flow in FlowCatalogue.All)
            File.ReadAllText(PathOf(flow)).ShouldBe(FlowDiagram.Page(flow), "run the tests with UPDATE_SNAPSHOTS=1 and commit docs/flows");
        Directory.GetFiles(Folder, "*.md").Length.ShouldBe(FlowCatalogue.All.Count, "a page of a flow that is gone has to go too");
    }

    private static string PathOf(FlowDefinition flow) => Path.Combine(Folder, flow.Code + ".md");
}
