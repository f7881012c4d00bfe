using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;

namespace DataHub.Core.Native.Wire;

/// <summary>
/// Native records as XML: a field is an element of its name, a list is an element with the attribute <c>数量</c> whose
/// children are <c>项</c>. Names that XML does not allow are written as <c>_xHHHH_</c> (ISO 9075-14). Documents are
/// read without DTD, without anything from outside, and within bounds of size and depth.
/// </summary>
public static class NativeXml
{
    public const int MaxDepth = 24;
    public const string CountAttribute = "数量";
    public const string EntryElement = "项";

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>False with one reason: forbidden (a DTD, a processing instruction), too deep, too large, or not well-formed.</summary>
    public static bool TryParse(
        ReadOnlyMemory<byte> xml, [NotNullWhen(true)] out XElement? root, [NotNullWhen(false)] out Reason? reason)
    {
        root = null;
        if (xml.Length > BoundedBody.MaxBytes)
        {
            reason = Reasons.Of(ReasonCodes.TooLarge, "$", BoundedBody.MaxBytes);
            return false;
        }

        try
        {
            var text = Utf8.GetString(xml.Span).TrimStart('\uFEFF');
            reason = Survey(text);
            if (reason is not null)
                return false;
            using var reader = Open(text, DtdProcessing.Prohibit);
            root = XDocument.Load(reader, LoadOptions.PreserveWhitespace).Root!;
            return true;
        }
        catch (DecoderFallbackException)
        {
            reason = Reasons.Of(ReasonCodes.EncodingInvalid, "$", "UTF-8");
        }
        catch (XmlException)
        {
            reason = Reasons.Of(ReasonCodes.NativeNotReadable, "$");
        }

        return false;
    }

    /// <exception cref="FormatException">A list's count differs from its entries, or a field stands twice.</exception>
    public static NativeRecord Read(XElement element)
    {
        var record = new NativeRecord();
        foreach (var field in element.Elements())
        {
            var name = XmlConvert.DecodeName(field.Name.LocalName);
            if (!record.TryAdd(name, ReadValue(field)))
                throw new FormatException("A field stands twice.");
        }

        return record;
    }

    /// <exception cref="ArgumentException">A text holds a character that XML 1.0 cannot carry.</exception>
    public static XElement Write(XName name, NativeRecord record)
    {
        var element = new XElement(name);
        foreach (var (fieldName, value) in record)
        {
            var fieldXName = name.Namespace + XmlConvert.EncodeLocalName(fieldName);
            switch (value)
            {
                case NativeValue.Text text:
                    element.Add(new XElement(fieldXName, XmlConvert.VerifyXmlChars(text.Value)));
                    break;
                case NativeValue.Record nested when nested.Value.Count > 0:
                    element.Add(Write(fieldXName, nested.Value));
                    break;
                case NativeValue.Records list:
                    element.Add(List(fieldXName, list.Values.Select(entry => Write(name.Namespace + EntryElement, entry))));
                    break;
                case NativeValue.Texts texts:
                    element.Add(List(fieldXName, texts.Values.Select(
                        entry => new XElement(name.Namespace + EntryElement, XmlConvert.VerifyXmlChars(entry)))));
                    break;
            }
        }

        return element;
    }

    public static byte[] ToBytes(XElement root)
    {
        using var stream = new MemoryStream();
        using (var writer = XmlWriter.Create(stream, new XmlWriterSettings
        {
            Encoding = Utf8,
            NewLineHandling = NewLineHandling.Entitize,
        }))
        {
            root.Save(writer);
        }

        return stream.ToArray();
    }

    private static XElement List(XName name, IEnumerable<XElement> entries)
    {
        var list = new XElement(name, entries);
        list.SetAttributeValue(CountAttribute, list.Elements().Count());
        return list;
    }

    private static NativeValue ReadValue(XElement field)
    {
        var count = field.Attribute(CountAttribute);
        if (count is null)
            return field.HasElements ? new NativeValue.Record(Read(field)) : new NativeValue.Text(field.Value);
        var entries = field.Elements().ToList();
        if (count.Value.Trim() != XmlConvert.ToString(entries.Count))
            throw new FormatException("A list's count differs from its entries.");
        return entries.All(static entry => entry.HasElements)
            ? new NativeValue.Records([.. entries.Select(Read)])
            : new NativeValue.Texts([.. entries.Select(static entry => entry.Value)]);
    }

    private static Reason? Survey(string xml)
    {
        var inside = false;
        try
        {
            using var reader = Open(xml, DtdProcessing.Prohibit);
            while (reader.Read())
            {
                inside |= reader.NodeType == XmlNodeType.Element;
                if (reader.NodeType == XmlNodeType.ProcessingInstruction)
                    return Reasons.Of(ReasonCodes.XmlForbidden, "$");
                if (reader.Depth > MaxDepth)
                    return Reasons.Of(ReasonCodes.TooDeep, "$", MaxDepth);
            }

            return null;
        }
        catch (XmlException) when (!inside && HasDtd(xml))
        {
            return Reasons.Of(ReasonCodes.XmlForbidden, "$");
        }
    }

    // The reader gives a DTD no error of its own. One that skips DTDs gets past it to the root; nothing is expanded.
    private static bool HasDtd(string xml)
    {
        try
        {
            using var reader = Open(xml, DtdProcessing.Ignore);
            return reader.MoveToContent() == XmlNodeType.Element;
        }
        catch (XmlException)
        {
            return false;
        }
    }

    private static XmlReader Open(string xml, DtdProcessing dtd) => XmlReader.Create(
        new StringReader(xml),
        new XmlReaderSettings
        {
            DtdProcessing = dtd,
            XmlResolver = null,
            MaxCharactersInDocument = BoundedBody.MaxBytes,
            IgnoreComments = true,
        });
}
