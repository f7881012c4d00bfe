using System.Text.RegularExpressions;
using System.Xml.Linq;
using DataHub.Contracts;

namespace DataHub.Core.Schemas;

/// <summary>The contract records' own documentation, for the descriptions in the schemas.</summary>
internal sealed partial class ContractDocs
{
    private readonly Dictionary<string, string> _summaries;

    private ContractDocs(Dictionary<string, string> summaries) => _summaries = summaries;

    /// <exception cref="FileNotFoundException">The documentation file does not lie beside the assembly.</exception>
    public static ContractDocs Load()
    {
        var document = XDocument.Load(Path.ChangeExtension(typeof(MessageTypes).Assembly.Location, ".xml"));
        return new ContractDocs(document.Descendants("member")
            .Where(member => member.Element("summary") is not null)
            .ToDictionary(member => member.Attribute("name")!.Value, member => Plain(member.Element("summary")!), StringComparer.Ordinal));
    }

    public string? Of(Type type) => _summaries.GetValueOrDefault("T:" + type.FullName);

    /// <param name="type">The record.</param>
    /// <param name="member">The member's JSON name.</param>
    public string? Of(Type type, string member) =>
        _summaries.GetValueOrDefault($"P:{type.FullName}.{char.ToUpperInvariant(member[0])}{member[1..]}");

    private static string Plain(XElement summary)
    {
        var text = string.Concat(summary.Nodes().Select(node => node switch
        {
            XElement { Name.LocalName: "see" } see => see.Attribute("cref")!.Value.Split('.')[^1],
            XElement element => element.Value,
            _ => node.ToString(SaveOptions.DisableFormatting),
        }));
        return Spaces().Replace(System.Net.WebUtility.HtmlDecode(text), " ").Trim();
    }

    [GeneratedRegex(@"\s+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Spaces();
}
