using System.Text.RegularExpressions;

namespace DataHub.FlowTests.Deployment;

/// <summary>
/// Reads docker-compose.yml as far as it uses YAML: mappings and lists by indentation, lists in brackets, quoted and plain
/// texts, anchors, aliases and merges. Anything else is a fault, so that nothing is read as what it is not. A mapping is a
/// dictionary, a list a list, everything else a text; variables have their defaults.
/// </summary>
internal sealed partial class ComposeFile
{
    private readonly List<(int Number, int Indent, string Text)> lines = [];
    private readonly Dictionary<string, object> anchors = new(StringComparer.Ordinal);
    private int at;

    private ComposeFile(string text)
    {
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var content = line.Trim();
            if (content.Length > 0 && content[0] != '#')
                lines.Add((number, line.Length - line.TrimStart(' ').Length, content));
        }
    }

    public static Dictionary<string, object> Read(string text)
    {
        var file = new ComposeFile(text);
        var root = file.Mapping(0);
        return file.at == file.lines.Count ? root : throw file.Fault("is indented in a way that is not read");
    }

    private Dictionary<string, object> Mapping(int indent)
    {
        var mapping = new Dictionary<string, object>(StringComparer.Ordinal);
        List<object> merged = [];
        while (at < lines.Count && lines[at].Indent == indent && lines[at].Text[0] != '-')
        {
            var match = Entry.Match(lines[at].Text);
            if (!match.Success)
                throw Fault("is no 'key: value'");
            var (key, rest) = (match.Groups[1].Value, match.Groups[2].Value);
            at++;
            var value = Value(rest, indent);
            if (key == "<<")
                merged.AddRange(value is List<object> several ? several : [value]);
            else if (!mapping.TryAdd(key, value))
                throw Fault($"comes after a second '{key}'");
        }

        // What stands here comes before what is merged in, and the first of several merged ones before the later.
        foreach (var (key, value) in merged.SelectMany(each => (Dictionary<string, object>)each))
            mapping.TryAdd(key, value);
        return mapping;
    }

    private object Value(string rest, int indent)
    {
        var anchor = Anchor.Match(rest);
        if (anchor.Success)
            return anchors[anchor.Groups[1].Value] = Value(anchor.Groups[2].Value, indent);
        if (rest.Length > 0)
            return Scalar(rest);
        if (at == lines.Count || lines[at].Indent <= indent)
            throw Fault("comes after a key without a value");
        return lines[at].Text[0] == '-' ? Items(lines[at].Indent) : Mapping(lines[at].Indent);
    }

    private List<object> Items(int indent)
    {
        List<object> items = [];
        while (at < lines.Count && lines[at].Indent == indent && lines[at].Text.StartsWith("- ", StringComparison.Ordinal))
        {
            var (number, _, text) = lines[at];
            var item = text[2..];
            if (item[0] != '"' && Entry.IsMatch(item))
            {
                lines[at] = (number, indent + 2, item);
                items.Add(Mapping(indent + 2));
            }
            else
            {
                at++;
                items.Add(Scalar(item));
            }
        }

        return items;
    }

    private object Scalar(string text) => text switch
    {
        "{}" => new Dictionary<string, object>(),
        ['[', .. var inner, ']'] => Parts.Matches(inner).Select(part => Scalar(part.Value.Trim())).ToList(),
        ['"', .. var quoted, '"'] when !quoted.Contains('"', StringComparison.Ordinal) && !quoted.Contains('\\', StringComparison.Ordinal) => Resolve(quoted),
        ['*', .. var alias] => anchors.GetValueOrDefault(alias) ?? throw Fault($"names the unknown anchor '{alias}'"),
        _ when "[]{}\"'&*!|>%@`".Contains(text[0], StringComparison.Ordinal) || text.Contains(" #", StringComparison.Ordinal) || text.Contains(": ", StringComparison.Ordinal)
            => throw Fault("has a form that is not read"),
        _ => Resolve(text),
    };

    private static string Resolve(string text) => Variable.Replace(text, static match => match.Groups[1].Value);

    private FormatException Fault(string what) => new($"docker-compose.yml: line {(at < lines.Count ? lines[at].Number : lines[^1].Number)} {what}.");

    [GeneratedRegex(@"^([A-Za-z0-9_.<-]+):(?: +(.*))?$")]
    private static partial Regex Entry { get; }

    [GeneratedRegex("^&([a-z-]+)(?: +(.*))?$")]
    private static partial Regex Anchor { get; }

    [GeneratedRegex("""\s*("[^"]*"|[^,"\[\]]+)""")]
    private static partial Regex Parts { get; }

    [GeneratedRegex(@"\$\{[A-Z_]+:-([^}]*)\}")]
    private static partial Regex Variable { get; }
}
