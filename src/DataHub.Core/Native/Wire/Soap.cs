using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;

namespace DataHub.Core.Native.Wire;

/// <summary>SOAP 1.2 envelopes, document/literal: one element in the body. No header block is understood.</summary>
public static partial class Soap
{
    public const string MediaType = "application/soap+xml";
    public static readonly XNamespace Namespace = "http://www.w3.org/2003/05/soap-envelope";

    private static readonly XNamespace Soap11 = "http://schemas.xmlsoap.org/soap/envelope/";
    private static readonly XNamespace Xml = XNamespace.Xml;

    /// <summary>False with the fault that answers it.</summary>
    public static bool TryRead(
        ReadOnlyMemory<byte> envelope, [NotNullWhen(true)] out XElement? content, [NotNullWhen(false)] out SoapFault? fault)
    {
        content = null;
        fault = null;
        if (!NativeXml.TryParse(envelope, out var root, out var reason))
            fault = new SoapFault(SoapFaultCode.Sender, reason);
        else if (root.Name == Soap11 + "Envelope")
            fault = new SoapFault(SoapFaultCode.VersionMismatch, Reasons.Of(ReasonCodes.SchemaInvalid, "$"));
        else if (root.Name != Namespace + "Envelope" || root.Elements(Namespace + "Body").ToList() is not [var body] || body.Elements().ToList() is not [var only])
            fault = new SoapFault(SoapFaultCode.Sender, Reasons.Of(ReasonCodes.SchemaInvalid, "$"));
        else if (root.Elements(Namespace + "Header").Elements().Any(MustBeUnderstood))
            fault = new SoapFault(SoapFaultCode.MustUnderstand, Reasons.Of(ReasonCodes.SchemaInvalid, "$"));
        else
            content = only;
        return content is not null;
    }

    public static byte[] Write(XElement content) => NativeXml.ToBytes(
        new XElement(
            Namespace + "Envelope",
            new XAttribute(XNamespace.Xmlns + "env", Namespace.NamespaceName),
            new XElement(Namespace + "Body", content)));

    /// <param name="ns">Namespace of the subcodes and of the detail.</param>
    public static byte[] Write(SoapFault fault, XNamespace ns) => Write(
        new XElement(
            Namespace + "Fault",
            new XAttribute(XNamespace.Xmlns + "dh", ns.NamespaceName),
            new XElement(
                Namespace + "Code",
                new XElement(Namespace + "Value", "env:" + fault.Code),
                new XElement(Namespace + "Subcode", new XElement(Namespace + "Value", "dh:" + fault.Reason.Code))),
            new XElement(
                Namespace + "Reason",
                new XElement(Namespace + "Text", new XAttribute(Xml + "lang", "zh-CN"), fault.Reason.Message))));

    /// <summary>The fault that the content is; null where it is none. A code that SOAP does not know is the sender's fault.</summary>
    public static SoapFault? ReadFault(XElement content)
    {
        if (content.Name != Namespace + "Fault")
            return null;
        var code = content.Element(Namespace + "Code");
        _ = Enum.TryParse<SoapFaultCode>(LocalPart(code?.Element(Namespace + "Value")), out var known);
        var number = LocalPart(code?.Element(Namespace + "Subcode")?.Element(Namespace + "Value"));
        var text = content.Element(Namespace + "Reason")?.Element(Namespace + "Text")?.Value.Trim() ?? "";
        var reason = ReasonNumber().IsMatch(number) && text.Length is > 0 and <= 500
            ? new Reason { Code = number, Path = "$", Message = text }
            : Reasons.Of(ReasonCodes.NativeNotReadable, "$");
        return new SoapFault(known, reason);
    }

    private static string LocalPart(XElement? qualifiedName) => qualifiedName?.Value.Trim().Split(':')[^1] ?? "";

    [GeneratedRegex("^DH-[0-9]{4}$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 100)]
    private static partial Regex ReasonNumber();

    private static bool MustBeUnderstood(XElement block) => block.Attribute(Namespace + "mustUnderstand")?.Value.Trim() is "true" or "1";
}

/// <summary>A fault: the code of SOAP 1.2, and a reason whose number stands as the subcode.</summary>
public sealed record SoapFault(SoapFaultCode Code, Reason Reason);

/// <summary>The codes of SOAP 1.2, section 5.4.6, that are used here.</summary>
public enum SoapFaultCode
{
    /// <summary>The message is at fault: the same one fails again.</summary>
    Sender,

    /// <summary>The receiver is at fault: the same message may succeed later.</summary>
    Receiver,
    VersionMismatch,
    MustUnderstand,
}
