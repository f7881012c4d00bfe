using System.Xml;
using System.Xml.Linq;
using System.Xml.Schema;
using DataHub.Core.Native;
using DataHub.Core.Native.Wire;

namespace DataHub.Adapters.Deyang;

/// <summary>
/// The XSD of Deyang's interface, made from the mapping table so that the two cannot part: structure, occurrence and the
/// form of values. Fields of a message may stand in any order.
/// </summary>
public static class DeyangSchema
{
    private const string LongestText = "2000";
    private const string Notice =
        " Made from seeds/mapping/deyang.csv: run the tests with UPDATE_SNAPSHOTS=1 to write it anew. How to use it: deyang.md. ";

    private static readonly XNamespace Xs = XmlSchema.Namespace;

    private static readonly (string Name, string Pattern)[] Forms =
    [
        ("日期", "(19|20)[0-9]{2}年[0-9]{1,2}月[0-9]{1,2}日"),
        ("时间", "(19|20)[0-9]{2}年[0-9]{1,2}月[0-9]{1,2}日[0-9]{1,2}时[0-9]{2}分[0-9]{2}(\\.[0-9]{1,7})?秒"),
        ("年月", "(19|20)[0-9]{2}年[0-9]{1,2}月"),
        ("金额元", "[0-9]{1,12}(\\.[0-9]{1,2})?"),
        ("整数", "-?[0-9]{1,18}"),
    ];

    public static XDocument Build(NativeMapping mapping)
    {
        var schema = new XElement(
            Xs + "schema",
            new XAttribute(XNamespace.Xmlns + "xs", Xs.NamespaceName),
            new XAttribute(XNamespace.Xmlns + "dy", DeyangXml.Namespace.NamespaceName),
            new XAttribute("targetNamespace", DeyangXml.Namespace.NamespaceName),
            new XAttribute("elementFormDefault", "qualified"),
            new XAttribute("version", "1"));
        schema.Add(SimpleType("文本", new XElement(Xs + "maxLength", new XAttribute("value", LongestText))));
        schema.Add(Forms.Select(form => SimpleType(form.Name, new XElement(Xs + "pattern", new XAttribute("value", form.Pattern)))));

        var shapes = mapping.Shapes.OrderBy(shape => shape.Type, StringComparer.Ordinal).ToList();
        schema.Add(Carrier(DeyangXml.Submit, shapes), Carrier(DeyangXml.Deliver, shapes));
        schema.Add(Top(DeyangXml.SubmitAnswer, mapping.Acks.SubmitFields, null));
        schema.Add(Top(DeyangXml.Refusal, mapping.Acks.SubmitFields, null));
        schema.Add(Top(DeyangXml.DeliverAnswer, mapping.Acks.HeldFields, null));
        foreach (var shape in shapes)
            schema.Add(Top(DeyangXml.MessageName(shape.NativeType), shape.Fields, (mapping.TypeField, shape.NativeType)));
        return new XDocument(new XComment(Notice), schema);
    }

    public static XmlSchemaSet Compile(XDocument schema)
    {
        var set = new XmlSchemaSet { XmlResolver = null };
        using var reader = schema.CreateReader();
        set.Add(null, reader);
        set.Compile();
        return set;
    }

    /// <summary>The local names of the elements at which the first fault was found, as a path; null where the document conforms.</summary>
    public static string? FirstFault(XmlSchemaSet schemas, XElement operation)
    {
        string? path = null;
        new XDocument(operation).Validate(schemas, (sender, _) => path ??= PathOf(sender));
        return path;
    }

    private static string PathOf(object? sender)
    {
        var element = sender as XElement ?? (sender as XObject)?.Parent;
        return element is null ? "$" : "$." + string.Join('.', element.AncestorsAndSelf().Reverse().Skip(1).Select(e => XmlConvert.DecodeName(e.Name.LocalName)));
    }

    private static XElement SimpleType(string name, XElement facet) => new(
        Xs + "simpleType", new XAttribute("name", name),
        new XElement(Xs + "restriction", new XAttribute("base", "xs:string"), facet));

    private static XElement Carrier(XName operation, IEnumerable<NativeShape> shapes) => new(
        Xs + "element", new XAttribute("name", operation.LocalName),
        new XElement(
            Xs + "complexType",
            new XElement(
                Xs + "choice",
                shapes.Select(shape => new XElement(Xs + "element", new XAttribute("ref", "dy:" + DeyangXml.MessageName(shape.NativeType).LocalName))))));

    private static XElement Top(XName name, IReadOnlyList<NativeField> fields, (string Field, string Value)? constant) =>
        new(Xs + "element", new XAttribute("name", name.LocalName), Record(fields, "", constant));

    private static XElement Record(IReadOnlyList<NativeField> fields, string path, (string Field, string Value)? constant) => new(
        Xs + "complexType", new XElement(Xs + "all", fields.Select(field => Field(field, path + field.Name, constant))));

    private static XElement Field(NativeField field, string path, (string Field, string Value)? constant)
    {
        var element = new XElement(Xs + "element", new XAttribute("name", XmlConvert.EncodeLocalName(field.Name)));
        if (!field.Required)
            element.SetAttributeValue("minOccurs", 0);
        switch (field.Kind)
        {
            case NativeKind.Text when field.Convert.StartsWith("words(", StringComparison.Ordinal):
                element.Add(Words(field.Convert));
                break;
            case NativeKind.Text:
                element.SetAttributeValue("type", FormOf(field.Convert));
                element.SetAttributeValue("fixed", path == constant?.Field ? constant.Value.Value : null);
                break;
            case NativeKind.Record:
                element.Add(Record(field.Fields, path + ".", constant));
                break;
            case NativeKind.Records:
                element.Add(List(new XElement(Xs + "element", new XAttribute("name", NativeXml.EntryElement), Record(field.Fields, path + ".", null))));
                break;
            default:
                element.Add(List(new XElement(Xs + "element", new XAttribute("name", NativeXml.EntryElement), new XAttribute("type", FormOf(field.Convert)))));
                break;
        }

        return element;
    }

    private static XElement List(XElement entry)
    {
        entry.SetAttributeValue("minOccurs", 0);
        entry.SetAttributeValue("maxOccurs", NativeMapping.MaxEntries);
        return new XElement(
            Xs + "complexType",
            new XElement(Xs + "sequence", entry),
            new XElement(
                Xs + "attribute", new XAttribute("name", NativeXml.CountAttribute), new XAttribute("type", "xs:nonNegativeInteger"), new XAttribute("use", "required")));
    }

    /// <summary>A handful of fixed words, in the table's form <c>words(canonical=native|…)</c>.</summary>
    private static XElement Words(string convert) => new(
        Xs + "simpleType",
        new XElement(
            Xs + "restriction", new XAttribute("base", "xs:string"),
            convert["words(".Length..^1].Split('|').Select(pair => new XElement(Xs + "enumeration", new XAttribute("value", pair[(pair.IndexOf('=', StringComparison.Ordinal) + 1)..])))));

    private static string FormOf(string convert) => convert switch
    {
        "date-cn" => "dy:日期",
        "datetime-cn" => "dy:时间",
        "month-cn" => "dy:年月",
        "yuan-decimal" => "dy:金额元",
        "integer" or "fen-integer" => "dy:整数",
        _ => "dy:文本",
    };
}
