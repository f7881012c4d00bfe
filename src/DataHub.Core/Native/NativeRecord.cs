using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace DataHub.Core.Native;

/// <summary>What a field of a native record holds.</summary>
public abstract record NativeValue
{
    public sealed record Text(string Value) : NativeValue;

    public sealed record Record(NativeRecord Value) : NativeValue;

    /// <summary>A list of records, such as the materials of an application.</summary>
    public sealed record Records(IReadOnlyList<NativeRecord> Values) : NativeValue;

    /// <summary>A list of plain texts.</summary>
    public sealed record Texts(IReadOnlyList<string> Values) : NativeValue;
}

/// <summary>
/// One message in a city's own words: field names in order, each with a text, a record or a list. It is what a city's
/// codec (JSON, XML, table rows, CSV) writes and reads; no field occurs twice. Holds personal data: never logged.
/// </summary>
public sealed class NativeRecord : IEnumerable<KeyValuePair<string, NativeValue>>
{
    private readonly OrderedDictionary<string, NativeValue> fields = new(StringComparer.Ordinal);

    public int Count => fields.Count;

    public IEnumerable<string> Names => fields.Keys;

    public NativeValue? this[string name] => fields.GetValueOrDefault(name);

    /// <exception cref="ArgumentException">The record already has the field.</exception>
    public void Add(string name, NativeValue value) => fields.Add(name, value);

    public void Add(string name, string value) => fields.Add(name, new NativeValue.Text(value));

    public void Add(string name, NativeRecord value) => fields.Add(name, new NativeValue.Record(value));

    public void Add(string name, IReadOnlyList<NativeRecord> values) => fields.Add(name, new NativeValue.Records(values));

    public void Add(string name, IReadOnlyList<string> values) => fields.Add(name, new NativeValue.Texts(values));

    /// <summary>For codecs that read what others wrote: false when the field is there already, and the first stays.</summary>
    public bool TryAdd(string name, NativeValue value) => fields.TryAdd(name, value);

    /// <summary>The field's text; null where it is absent or holds something else.</summary>
    public string? Text(string name) => (this[name] as NativeValue.Text)?.Value;

    /// <summary>The nested record; null where it is absent or holds something else.</summary>
    public NativeRecord? Record(string name) => (this[name] as NativeValue.Record)?.Value;

    /// <summary>The nested records; empty where there are none.</summary>
    public IReadOnlyList<NativeRecord> Records(string name) => (this[name] as NativeValue.Records)?.Values ?? [];

    /// <summary>The list of texts; empty where there is none.</summary>
    public IReadOnlyList<string> Texts(string name) => (this[name] as NativeValue.Texts)?.Values ?? [];

    public bool Has(string name, [NotNullWhen(true)] out NativeValue? value) => fields.TryGetValue(name, out value);

    public IEnumerator<KeyValuePair<string, NativeValue>> GetEnumerator() => fields.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
