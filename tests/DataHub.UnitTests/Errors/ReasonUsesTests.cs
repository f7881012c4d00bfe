using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using DataHub.Contracts;
using DataHub.Core.Errors;
using DataHub.Core.Flows;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Errors;

/// <summary>Reads the sources: every code is made somewhere, and whoever makes it gives what its sentence asks for.</summary>
public sealed partial class ReasonUsesTests
{
    private static readonly Dictionary<string, string> Codes = typeof(ReasonCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .ToDictionary(constant => constant.Name, constant => (string)constant.GetRawConstantValue()!);

    private static readonly IReadOnlyList<(string File, string Text)> Sources =
    [
        .. Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal) && Path.GetFileName(f) != "ReasonCodes.cs")
            .Select(f => (Path.GetFileName(f), File.ReadAllText(f))),
    ];

    /// <summary>Methods that make a sentence, and how many of their arguments, with the code, come before the sentence's.</summary>
    private static readonly Dictionary<string, int> Makers = new(StringComparer.Ordinal)
    {
        ["Reasons.Of"] = 2,
        ["Reasons.Sentence"] = 3,
        ["Problems.Of"] = 2,
        ["Of"] = 2,
        ["draft.Refuse"] = 2,
        ["context.Refuse"] = 1,
        ["Fault"] = 2,
        ["reader.Fault"] = 2,
        ["Refuse"] = 1,
        ["Add"] = 1,
    };

    /// <summary>Methods that take a code and make no sentence; the faults of envelopes get theirs later, with a dash.</summary>
    private static readonly string[] NoSentence = ["EnvelopeFault", "Expectation.Refused", "Refused", "Effect.OpenBreak", "Effect.CloseBreak", "UploadProgress.Refused", "Bind", "Sentence", "Open", "BreakRow", "Contains"];

    [Fact]
    public void Every_code_is_made_somewhere()
    {
        var used = Sources.SelectMany(s => Use().Matches(s.Text).Select(m => m.Groups[1].Value)).ToHashSet(StringComparer.Ordinal);
        Codes.Keys.Where(name => !used.Contains(name)).ShouldBeEmpty();
    }

    [Fact]
    public void Whoever_makes_a_reason_gives_as_many_arguments_as_its_sentences_have_places()
    {
        var odd = new List<string>();
        var looked = 0;
        foreach (var (file, text) in Sources)
        {
            foreach (Match call in Call().Matches(text))
            {
                var (method, name) = (call.Groups[1].Value, call.Groups[2].Value);
                var places = Places(Codes[name]);
                if (NoSentence.Contains(method))
                    continue;
                var given = Arguments(text, call.Index + method.Length + 1);
                looked++;
                if (!Makers.TryGetValue(method, out var before))
                    odd.Add($"{file}: {method} is not known to make a reason");
                else if (!given[^1].StartsWith("[..", StringComparison.Ordinal) && Math.Max(0, given.Count - before) != places)
                    odd.Add($"{file}: {method}({string.Join(", ", given)}) for {places} places");
            }
        }

        odd.ShouldBeEmpty();
        looked.ShouldBeGreaterThan(250);
    }

    [Fact]
    public void A_reason_that_stands_for_a_state_or_a_condition_has_a_sentence_that_needs_no_more_than_its_step_and_state()
    {
        foreach (var code in FlowCatalogue.All.SelectMany(f => f.Steps).SelectMany(s => s.RefusedIn.Values).Distinct())
            Places(code).ShouldBe(0, code);
        foreach (var guard in Enum.GetValues<Guard>())
            Places(Guards.Refusal(guard)).ShouldBeOneOf(0, 2);
    }

    [Fact]
    public void Both_languages_say_the_same_arguments()
    {
        foreach (var code in Codes.Values)
            Arguments(code, "zh").ShouldBe(Arguments(code, "en"), code);
    }

    private static int Places(string code) => Math.Max(Arguments(code, "zh"), Arguments(code, "en"));

    /// <summary>The highest place of an argument that a sentence shows; place 0 is the field's name.</summary>
    private static int Arguments(string code, string language)
    {
        var sentence = Reasons.Sentence(code, "$", CultureInfo.GetCultureInfo(language), "‹1›", "‹2›", "‹3›");
        return Enumerable.Range(1, 3).LastOrDefault(i => sentence.Contains($"‹{i}›", StringComparison.Ordinal));
    }

    /// <summary>The arguments of a call whose opening bracket is before <paramref name="at"/>.</summary>
    private static List<string> Arguments(string text, int at)
    {
        var arguments = new List<string>();
        var (depth, quoted, start) = (0, false, at);
        for (; ; at++)
        {
            var c = text[at];
            if (c == '"')
                quoted = !quoted;
            if (quoted)
                continue;
            if (c is '(' or '[' or '{')
                depth++;
            else if (c is ')' or ']' or '}' && depth-- == 0)
                break;
            else if (c == ',' && depth == 0)
            {
                arguments.Add(text[start..at].Trim());
                start = at + 1;
            }
        }

        arguments.Add(text[start..at].Trim());
        return arguments;
    }

    [GeneratedRegex(@"ReasonCodes\.(\w+)")]
    private static partial Regex Use();

    [GeneratedRegex(@"([A-Za-z]+(?:\.[A-Za-z]+)?)\(\s*ReasonCodes\.(\w+)(?=\s*[,)])")]
    private static partial Regex Call();
}
