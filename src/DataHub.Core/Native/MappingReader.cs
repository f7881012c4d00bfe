using DataHub.Contracts;
using DataHub.Core.Registry;

namespace DataHub.Core.Native;

/// <summary>One row of <c>mapping/&lt;city&gt;.csv</c>.</summary>
internal sealed record MappingRow(string Message, string Path, string Native, string Convert, string Table, Need Need, Action<string> Fault);

/// <summary>
/// Reads a city's mapping table and builds the trees that the two directions walk. Everything that can be wrong in a table
/// is found here, at the start, with the row's number.
/// </summary>
internal sealed class MappingReader(SeedFolder folder, string cityKey, string cityCode, CodeTables codes)
{
    public const string EveryMessage = "*";

    private static readonly string[] HeaderPaths = ["@type", "@messageId", "@exchangeId", "@sentAt"];

    private readonly string file = $"mapping/{cityKey}.csv";

    /// <returns>The maps by message type; acknowledgements by their name with a leading <c>@</c>.</returns>
    public IReadOnlyDictionary<string, MessageMap> Read()
    {
        var rows = folder.Read(file, "message", "path", "native", "convert", "table", "required").Select(ToRow).ToList();
        var everywhere = rows.Where(r => r.Message == EveryMessage).ToList();
        var maps = new Dictionary<string, MessageMap>(StringComparer.Ordinal);
        foreach (var group in rows.Where(r => r.Message != EveryMessage).GroupBy(r => r.Message, StringComparer.Ordinal))
        {
            var acknowledgement = group.Key.StartsWith('@');
            var type = acknowledgement ? group.Key : MessageTypes.Prefix + group.Key;
            var map = Build(type, acknowledgement ? [.. group] : [.. everywhere, .. group]);
            if (!acknowledgement && codes.ToNative(cityCode, Tables.MessageType, group.Key) is null)
                group.First().Fault($"{group.Key} is no code of the table {Tables.MessageType}");
            if (!acknowledgement && HeaderPaths.Any(p => !map.Header.ContainsKey(p)))
                group.First().Fault($"the message needs a row for each of {string.Join(", ", HeaderPaths)}");
            maps.Add(type, map);
        }

        return maps;
    }

    private static MappingRow ToRow(SeedRow row)
    {
        var need = row.Named("required", new Dictionary<string, Need> { ["yes"] = Need.Yes, ["no"] = Need.No, ["with-object"] = Need.WithObject });
        return new MappingRow(row.Text("message"), row.Text("path"), row.Text("native"), row.Text("convert"), row.Optional("table"), need, row.Fault);
    }

    private MessageMap Build(string type, List<MappingRow> rows)
    {
        foreach (var twice in rows.GroupBy(r => r.Path).Concat(rows.GroupBy(r => r.Native)).Where(g => g.Count() > 1))
            twice.Last().Fault($"{twice.Key} stands twice in the message");

        var header = new Dictionary<string, MapLeaf>(StringComparer.Ordinal);
        foreach (var row in rows.Where(r => r.Path.StartsWith('@')))
        {
            if (HeaderPaths.Contains(row.Path) && Leaf(row, row.Path, row.Native) is { } leaf)
                header.TryAdd(row.Path, leaf);
            else
                row.Fault($"{row.Path} is none of {string.Join(", ", HeaderPaths)}");
        }

        var body = rows.Where(r => !r.Path.StartsWith('@')).Select(r => new Placed(r, r.Path, r.Native)).ToList();
        return new MessageMap(type, header, new MapObject("$", Members(body)), Fields(rows, ""));
    }

    /// <summary>A row with what is left of its two paths at this depth.</summary>
    private sealed record Placed(MappingRow Row, string Path, string Native)
    {
        public string Head => Path.IndexOfAny(['.', '[', '{']) is var end and >= 0 ? Path[..end] : Path;
    }

    private List<MapNode> Members(List<Placed> rows)
    {
        var members = new List<MapNode>();
        foreach (var group in rows.GroupBy(r => r.Head))
        {
            var first = group.First();
            var list = group.FirstOrDefault(r => r.Path == group.Key + "[]" || r.Path == group.Key + "{}");
            if (list is { Row.Convert: "list" or "map" })
                Add(members, Collection(group.Key, list, [.. group.Where(r => r != list)]));
            else if (list is not null && group.Count() == 1 && list.Native.EndsWith("[]", StringComparison.Ordinal))
                Add(members, Leaf(list.Row, group.Key, list.Native[..^2]) is { Convert.IsTextList: true } texts ? texts : Misplaced(list));
            else if (group.Count() == 1 && first.Path == group.Key)
                Add(members, Leaf(first.Row, group.Key, first.Native) is { Convert.IsTextList: false } leaf ? leaf : Misplaced(first));
            else if (group.All(r => r.Path.StartsWith(group.Key + ".", StringComparison.Ordinal)))
                members.Add(new MapObject(group.Key, Members([.. group.Select(r => r with { Path = r.Path[(group.Key.Length + 1)..] })])));
            else
                Misplaced(first);
        }

        return members;
    }

    private static void Add(List<MapNode> members, MapNode? node)
    {
        if (node is not null)
            members.Add(node);
    }

    private static MapNode? Misplaced(Placed row)
    {
        row.Row.Fault($"the path {row.Row.Path} and the convert {row.Row.Convert} do not fit together, or the list has no row of its own");
        return null;
    }

    private MapNode? Collection(string name, Placed list, List<Placed> rows)
    {
        if (!list.Native.EndsWith("[]", StringComparison.Ordinal))
            return Misplaced(list);

        var native = list.Native[..^2].Split('.');
        var inside = new List<Placed>();
        foreach (var row in rows)
        {
            if (row.Native.StartsWith(list.Native + ".", StringComparison.Ordinal))
                inside.Add(row with { Native = row.Native[(list.Native.Length + 1)..] });
            else
                row.Row.Fault($"{row.Row.Native} must lie in {list.Row.Native}");
        }

        var required = list.Row.Need == Need.Yes;
        if (list.Row.Convert == "list" && list.Path == name + "[]" && inside.TrueForAll(r => r.Path.StartsWith(name + "[].", StringComparison.Ordinal)))
            return new MapList(name, native, new MapObject(name, Members([.. inside.Select(r => r with { Path = r.Path[(name.Length + 3)..] })])), required);

        var key = inside.Find(r => r.Path == name + "{key}");
        var value = inside.Find(r => r.Path == name + "{value}");
        if (list.Row.Convert == "map" && list.Path == name + "{}" && inside.Count == 2 && key is not null && value is not null
            && Leaf(key.Row, "key", key.Native) is { } keyLeaf && Leaf(value.Row, "value", value.Native) is { } valueLeaf)
        {
            return new MapPairs(name, native, keyLeaf, valueLeaf, required);
        }

        return Misplaced(list);
    }

    private MapLeaf? Leaf(MappingRow row, string name, string native)
    {
        if (row.Table.Length > 0 && !codes.Rows.Any(r => r.City == cityCode && r.Table == row.Table))
            row.Fault($"there is no code table {row.Table}");
        if (NativeConvert.Find(row.Convert, row.Table, cityCode, codes) is { } convert)
        {
            if (convert.Table is not null && codes.Rows.Any(r => r.City == cityCode && r.Table == convert.Table && convert.Write(r.Canonical)?.Length > convert.MaxLength))
                row.Fault($"the table {row.Table} has codes longer than {row.Convert}");
            return new MapLeaf(name, native.Split('.'), convert, row.Need);
        }

        row.Fault($"{row.Convert} is no convert, or lacks or must not have a table");
        return null;
    }

    /// <summary>The native side of the rows as a tree of fields.</summary>
    private static List<NativeField> Fields(IEnumerable<MappingRow> rows, string prefix)
    {
        var fields = new List<NativeField>();
        foreach (var group in rows.Where(r => r.Native.StartsWith(prefix, StringComparison.Ordinal)).GroupBy(r => r.Native[prefix.Length..].Split('.')[0]))
        {
            var own = group.FirstOrDefault(r => r.Native == prefix + group.Key);
            var below = Fields(group.Where(r => r != own), prefix + group.Key + ".");
            var list = group.Key.EndsWith("[]", StringComparison.Ordinal);
            var kind = (list, own?.Convert) switch
            {
                (true, "text-list") => NativeKind.Texts,
                (true, _) => NativeKind.Records,
                _ when below.Count > 0 => NativeKind.Record,
                _ => NativeKind.Text,
            };
            if (own is not null && (kind == NativeKind.Record || (kind is NativeKind.Text or NativeKind.Texts && below.Count > 0)))
                own.Fault($"{own.Native} is both a value and a record");
            var required = own is { Need: Need.Yes } || (kind == NativeKind.Record && below.Exists(f => f.Required));
            fields.Add(new NativeField(list ? group.Key[..^2] : group.Key, kind, below.Count > 0 ? "" : own?.Convert ?? "", required, below));
        }

        return fields;
    }
}
