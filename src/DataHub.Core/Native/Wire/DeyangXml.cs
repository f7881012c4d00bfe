using System.Xml;
using System.Xml.Linq;

namespace DataHub.Core.Native.Wire;

/// <summary>
/// The operations of Deyang's interface and how a message stands in them. The schema is
/// <c>contracts/native/deyang.xsd</c>.
/// </summary>
public static class DeyangXml
{
    public static readonly XNamespace Namespace = "urn:deyang:datahub:v1";

    /// <summary>报送: city to hub, one message.</summary>
    public static readonly XName Submit = Namespace + "报送";
    public static readonly XName SubmitAnswer = Namespace + "报送回执";

    /// <summary>下发: hub to city, one message.</summary>
    public static readonly XName Deliver = Namespace + "下发";

    /// <summary>退件通知: the hub refused what the city had sent.</summary>
    public static readonly XName Refusal = Namespace + "退件通知";

    /// <summary>The answer to both operations of the hub.</summary>
    public static readonly XName DeliverAnswer = Namespace + "下发回执";

    /// <summary>An operation that carries one message, whose element has the name of the city's message type.</summary>
    public static XElement Message(XName operation, NativeRecord record, string typeField) =>
        new(operation, NativeXml.Write(MessageName(TypeOf(record, typeField)!), record));

    public static XName MessageName(string nativeType) => Namespace + XmlConvert.EncodeLocalName(nativeType);

    /// <summary>The message inside an operation; null where it is not there or its name differs from its type.</summary>
    /// <exception cref="FormatException">A list's count differs from its entries, or a field stands twice.</exception>
    public static NativeRecord? ReadMessage(XElement operation, string typeField)
    {
        if (operation.Elements().ToList() is not [var message])
            return null;
        var record = NativeXml.Read(message);
        return TypeOf(record, typeField) is { } type && MessageName(type) == message.Name ? record : null;
    }

    private static string? TypeOf(NativeRecord record, string typeField)
    {
        var path = typeField.Split('.');
        var holder = record;
        foreach (var name in path[..^1])
            holder = holder?.Record(name);
        return holder?.Text(path[^1]);
    }
}
