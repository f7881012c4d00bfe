using System.Collections.Frozen;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using DataHub.Contracts;
using DataHub.Contracts.Json;

namespace DataHub.Core.Validation;

public enum ShapeKind
{
    Object,
    List,
    Map,
    Text,
    Choice,
    Whole,
    Flag,
}

/// <summary>A member of an object shape.</summary>
public sealed record ShapeMember(string Name, byte[] Utf8Name, Shape Shape, bool Required);

/// <summary>
/// The form of a value: built once from a contract record's members and their constraint attributes. Both the reader and the
/// JSON Schemas come from it, so that the two cannot drift apart. It is built for all messages when a process starts, so it asks
/// the records themselves: their JSON metadata, which says the same, is some thousand methods to compile, and waits until a
/// message of its type is read.
/// </summary>
public sealed class Shape
{
    public required ShapeKind Kind { get; init; }

    /// <summary>Name of the record or enumeration; null for simple values.</summary>
    public Type? Type { get; init; }

    public ShapeMember[] Members { get; init; } = [];

    /// <summary>The form of each entry of a list or a map.</summary>
    public Shape? Entry { get; init; }

    /// <summary>Least number of code points or entries, or least value.</summary>
    public long Min { get; init; }

    /// <summary>Greatest number of code points or entries, or greatest value.</summary>
    public long Max { get; init; }

    /// <summary>False for a text that only its pattern bounds.</summary>
    public bool Bounded { get; init; } = true;

    public string? Pattern { get; init; }

    public Regex? Regex => Compiled?.Value;

    /// <summary>Compiled when it is first used, since a process meets some of the messages only.</summary>
    internal Lazy<Regex>? Compiled { get; init; }

    public string[] Choices { get; init; } = [];

    internal byte[][] Utf8Choices { get; init; } = [];

    /// <summary>Bit mask of the required members' positions.</summary>
    internal ulong RequiredMask { get; init; }

    /// <summary>The shape of every message by wire name.</summary>
    public static FrozenDictionary<string, Shape> ByName { get; } =
        new Builder().Build(PayloadTypes.ByName).ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Map keys: the catalogue's own codes.</summary>
    internal static Regex KeyRegex { get; } = Builder.Compile(Patterns.Identifier);

    private sealed class Builder
    {
        private readonly Dictionary<Type, Shape> _objects = [];
        private readonly Dictionary<string, Lazy<Regex>> _patterns = new(StringComparer.Ordinal);

        public Dictionary<string, Shape> Build(IEnumerable<KeyValuePair<string, Type>> types) =>
            types.ToDictionary(pair => pair.Key, pair => Object(pair.Value), StringComparer.Ordinal);

        // `$` also matches before a final line feed in .NET, but not in ECMA-262.
        public static Regex Compile(string anchored) => new(anchored[..^1] + "\\z", RegexOptions.Compiled | RegexOptions.CultureInvariant);

        private Shape Object(Type type)
        {
            if (_objects.TryGetValue(type, out var known))
                return known;
            var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance);
            if (properties.Length is 0 or > 64)
                throw new InvalidOperationException($"{type} is not a record of at most 64 members.");
            var members = Array.ConvertAll(properties, property =>
            {
                var name = JsonNamingPolicy.CamelCase.ConvertName(property.Name);
                return new ShapeMember(name, Encoding.UTF8.GetBytes(name), Member(property), property.IsDefined(typeof(RequiredMemberAttribute)));
            });
            var mask = members.Select((member, index) => member.Required ? 1UL << index : 0).Aggregate(0UL, (sum, bit) => sum | bit);
            return _objects[type] = new Shape { Kind = ShapeKind.Object, Type = type, Members = members, RequiredMask = mask };
        }

        private Shape Member(PropertyInfo property)
        {
            var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
                return Many(ShapeKind.List, Value(type.GetGenericArguments()[0], property), Get<CountAttribute>(property), property.Name);
            return type == typeof(IReadOnlyDictionary<string, string>)
                ? Many(ShapeKind.Map, Value(typeof(string), property), Get<CountAttribute>(property), property.Name)
                : Value(type, property);
        }

        private static Shape Many(ShapeKind kind, Shape entry, CountAttribute? count, string name) => count is null
            ? throw new InvalidOperationException($"{name} has no bounds on its number of entries.")
            : new Shape { Kind = kind, Entry = entry, Min = count.Min, Max = count.Max };

        private Shape Value(Type type, ICustomAttributeProvider attributes)
        {
            if (type == typeof(string))
                return Text(Get<TextAttribute>(attributes), Get<PatternAttribute>(attributes)?.Expression);
            if (type == typeof(DateOnly))
                return Text(null, Patterns.Date);
            if (type == typeof(DateTimeOffset))
                return Text(null, Patterns.DateTime);
            if (type == typeof(bool))
                return new Shape { Kind = ShapeKind.Flag };
            if (type == typeof(int) || type == typeof(long))
            {
                var range = Get<RangeAttribute>(attributes) ?? throw new InvalidOperationException("A number has no bounds.");
                return new Shape { Kind = ShapeKind.Whole, Min = range.Min, Max = range.Max };
            }

            return type.IsEnum ? Choice(type) : Object(type);
        }

        private Shape Text(TextAttribute? text, string? pattern)
        {
            if (text is null && pattern is null)
                throw new InvalidOperationException("A text has neither bounds nor pattern.");
            if (pattern is not (null or ['^', .., '$']))
                throw new InvalidOperationException($"The pattern {pattern} is not anchored.");
            if (pattern is not null && !_patterns.ContainsKey(pattern))
                _patterns.Add(pattern, new Lazy<Regex>(() => Compile(pattern)));
            return new Shape
            {
                Kind = ShapeKind.Text,
                Bounded = text is not null,
                Min = text?.Min ?? 0,
                Max = text?.Max ?? long.MaxValue,
                Pattern = pattern,
                Compiled = pattern is null ? null : _patterns[pattern],
            };
        }

        private static Shape Choice(Type type)
        {
            var names = type.GetFields(BindingFlags.Public | BindingFlags.Static)
                .Select(field => field.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name
                    ?? throw new InvalidOperationException($"{type}.{field.Name} has no wire name."))
                .ToArray();
            return new Shape { Kind = ShapeKind.Choice, Type = type, Choices = names, Utf8Choices = [.. names.Select(Encoding.UTF8.GetBytes)] };
        }

        private static T? Get<T>(ICustomAttributeProvider attributes)
            where T : Attribute => attributes.GetCustomAttributes(typeof(T), inherit: false).OfType<T>().SingleOrDefault();
    }
}
