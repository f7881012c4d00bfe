using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using DataHub.Contracts;
using DataHub.Contracts.Json;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;

namespace DataHub.Core.Validation;

/// <summary>Walks over a payload's bytes once and collects every departure from its shape, each with its JSON path.</summary>
internal ref struct ShapeCheck
{
    private const int MaxDepth = 16;
    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth };

    private readonly Segment[] _path = new Segment[MaxDepth + 2];
    private int _depth;
    private List<Reason>? _reasons;
    private Utf8JsonReader _reader;

    private ShapeCheck(ReadOnlySpan<byte> data) => _reader = new Utf8JsonReader(data, Options);

    /// <summary>Null where the bytes have the shape. At most <see cref="Reasons.MaxCount"/> reasons.</summary>
    public static List<Reason>? Run(Shape shape, ReadOnlySpan<byte> data)
    {
        var check = new ShapeCheck(data);
        try
        {
            check._reader.Read();
            check.Value(shape);
            check._reader.Read();
            return check._reasons;
        }
        catch (JsonException fault)
        {
            // The reader stops before it enters the level that is too deep; no valid payload comes near it.
            return check._reader.CurrentDepth >= MaxDepth - 1
                ? [Reasons.Of(ReasonCodes.TooDeep, "$", MaxDepth)]
                : [Reasons.Of(ReasonCodes.NotWellFormed, "$", (fault.LineNumber ?? 0) + 1, (fault.BytePositionInLine ?? 0) + 1)];
        }
        catch (InvalidOperationException)
        {
            // An escape that is half of a surrogate pair.
            return [Reasons.Of(ReasonCodes.NotWellFormed, "$", 1, check._reader.TokenStartIndex + 1)];
        }
    }

    private void Value(Shape shape)
    {
        switch (shape.Kind)
        {
            case ShapeKind.Object when _reader.TokenType == JsonTokenType.StartObject:
                Object(shape);
                break;
            case ShapeKind.List when _reader.TokenType == JsonTokenType.StartArray:
                List(shape);
                break;
            case ShapeKind.Map when _reader.TokenType == JsonTokenType.StartObject:
                Map(shape);
                break;
            case ShapeKind.Text when _reader.TokenType == JsonTokenType.String:
                Text(shape);
                break;
            case ShapeKind.Choice when _reader.TokenType == JsonTokenType.String:
                Choice(shape);
                break;
            case ShapeKind.Whole when _reader.TokenType == JsonTokenType.Number:
                Whole(shape);
                break;
            case ShapeKind.Flag when _reader.TokenType is JsonTokenType.True or JsonTokenType.False:
                break;
            default:
                Add(ReasonCodes.WrongKind, Reasons.KindName(shape.Kind));
                _reader.Skip();
                break;
        }
    }

    private void Object(Shape shape)
    {
        var seen = 0UL;
        var expected = 0;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var index = Find(shape.Members, expected);
            if (index >= 0 && (seen & (1UL << index)) == 0)
            {
                seen |= 1UL << index;
                expected = index + 1;
                Push(shape.Members[index].Name);
                _reader.Read();
                Value(shape.Members[index].Shape);
                _depth--;
                continue;
            }

            Push(index >= 0 ? shape.Members[index].Name : Printable(_reader.GetString()!));
            Add(index >= 0 ? ReasonCodes.DuplicateMember : ReasonCodes.UnknownMember);
            _depth--;
            _reader.Read();
            _reader.Skip();
        }

        var missing = shape.RequiredMask & ~seen;
        for (var index = 0; missing != 0; index++, missing >>= 1)
        {
            if ((missing & 1) == 0)
                continue;
            Push(shape.Members[index].Name);
            Add(ReasonCodes.RequiredMissing);
            _depth--;
        }
    }

    // Members mostly come in the order of the record, so the next one is tried first.
    private readonly int Find(ShapeMember[] members, int expected)
    {
        for (var step = 0; step < members.Length; step++)
        {
            var index = (expected + step) % members.Length;
            if (_reader.ValueTextEquals(members[index].Utf8Name))
                return index;
        }

        return -1;
    }

    private void List(Shape shape)
    {
        var count = 0;
        Push(null);
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            _path[_depth - 1].Index = count++;
            if (count <= shape.Max)
                Value(shape.Entry!);
            else
                _reader.Skip();
        }

        _depth--;
        Count(shape, count);
    }

    private void Map(Shape shape)
    {
        HashSet<string>? keys = null;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = _reader.GetString()!;
            _reader.Read();
            var known = Shape.KeyRegex.IsMatch(key);
            Push(known ? key : Printable(key));
            if (!(keys ??= new HashSet<string>(StringComparer.Ordinal)).Add(key))
                Add(ReasonCodes.DuplicateMember);
            if (!known)
                Add(ReasonCodes.UnknownMember);
            if (known && keys.Count <= shape.Max)
                Value(shape.Entry!);
            else
                _reader.Skip();
            _depth--;
        }

        Count(shape, keys?.Count ?? 0);
    }

    private void Count(Shape shape, int count)
    {
        if (count < shape.Min || count > shape.Max)
            Add(ReasonCodes.CountOutOfBounds, shape.Min, shape.Max);
    }

    private void Text(Shape shape)
    {
        var bytes = _reader.ValueSpan.Length;
        char[]? rented = null;
        var buffer = bytes <= 256 ? stackalloc char[256] : rented = ArrayPool<char>.Shared.Rent(bytes);
        try
        {
            ReadOnlySpan<char> text = buffer[.._reader.CopyString(buffer)];
            if (shape.Bounded && CodePoints(text) is var length && (length < shape.Min || length > shape.Max))
                Add(ReasonCodes.LengthOutOfBounds, shape.Min, shape.Max);
            else if (shape.Regex is { } regex && !regex.IsMatch(text))
                Add(ReasonCodes.PatternMismatch);
        }
        finally
        {
            if (rented is not null)
                ArrayPool<char>.Shared.Return(rented, clearArray: true);
        }
    }

    private static int CodePoints(ReadOnlySpan<char> text)
    {
        var count = text.Length;
        foreach (var unit in text)
        {
            if (char.IsLowSurrogate(unit))
                count--;
        }

        return count;
    }

    private void Choice(Shape shape)
    {
        foreach (var choice in shape.Utf8Choices)
        {
            if (_reader.ValueTextEquals(choice))
                return;
        }

        Add(ReasonCodes.UnknownValue, string.Join(", ", shape.Choices));
    }

    private void Whole(Shape shape)
    {
        if (WholeNumber.TryRead(ref _reader, out var value))
        {
            if (value < shape.Min || value > shape.Max)
                Add(ReasonCodes.NumberOutOfBounds, shape.Min, shape.Max);
        }
        else if (_reader.TryGetDouble(out var number) && double.IsInteger(number))
        {
            Add(ReasonCodes.NumberOutOfBounds, shape.Min, shape.Max);
        }
        else
        {
            Add(ReasonCodes.WrongKind, Reasons.KindName(ShapeKind.Whole));
        }
    }

    private void Push(string? name) => _path[_depth++] = new Segment { Name = name };

    private void Add(string code, params object[] args)
    {
        _reasons ??= [];
        if (_reasons.Count < Reasons.MaxCount)
            _reasons.Add(Reasons.Of(code, Path(), args));
    }

    private readonly string Path()
    {
        var path = new StringBuilder("$");
        foreach (var segment in _path.AsSpan(0, _depth))
        {
            if (segment.Name is null)
                path.Append(CultureInfo.InvariantCulture, $"[{segment.Index}]");
            else
                path.Append('.').Append(segment.Name);
        }

        return path.ToString();
    }

    // A sender's own member name is shown only where it looks like a name: it may hold anything.
    private static string Printable(string name) =>
        name.Length is > 0 and <= 40 && name.All(unit => char.IsLetter(unit) || unit is '_' or '-') ? name : "?";

    private struct Segment
    {
        public string? Name;
        public int Index;
    }
}
