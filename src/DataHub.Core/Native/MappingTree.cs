namespace DataHub.Core.Native;

/// <summary>When a native field has to be there.</summary>
internal enum Need
{
    No,
    Yes,

    /// <summary>When any other field of the same object is there, such as the name of an optional agent.</summary>
    WithObject,
}

/// <summary>A part of the payload and where its native counterpart stands, relative to the record around it.</summary>
internal abstract record MapNode(string Name);

/// <summary>One value, or a list of plain texts.</summary>
internal sealed record MapLeaf(string Name, string[] Native, NativeConvert Convert, Need Need) : MapNode(Name)
{
    public string NativeName => string.Join('.', Native);
}

/// <summary>An object; its fields lie in the same native record, at the paths that its leaves name.</summary>
internal sealed record MapObject(string Name, IReadOnlyList<MapNode> Members) : MapNode(Name)
{
    /// <summary>True where a field below it must always be there.</summary>
    public bool Required { get; } = Members.Any(m => m is MapLeaf { Need: Need.Yes } or MapObject { Required: true });

    public MapLeaf? IdNumber { get; } = Members.OfType<MapLeaf>().FirstOrDefault(l => l.Convert.Name == "resident-id");

    public MapLeaf? IdType { get; } = Members.OfType<MapLeaf>().FirstOrDefault(l => l.Name == "idType");
}

/// <summary>A list of objects: a native list of records.</summary>
internal sealed record MapList(string Name, string[] Native, MapObject Element, bool Required) : MapNode(Name);

/// <summary>Names with texts: a native list of records that hold a key and a value.</summary>
internal sealed record MapPairs(string Name, string[] Native, MapLeaf Key, MapLeaf Value, bool Required) : MapNode(Name);

/// <summary>One message type's mapping.</summary>
internal sealed record MessageMap(string Type, IReadOnlyDictionary<string, MapLeaf> Header, MapObject Body, IReadOnlyList<NativeField> Fields);
