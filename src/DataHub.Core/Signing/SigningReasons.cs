using DataHub.Contracts;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Signing;

internal static class SigningReasons
{
    private const string SignaturePath = "$.signature";

    public static Reason SignatureMissing() => Of(ReasonCodes.SignatureMissing, SignaturePath, "消息没有签名。");

    public static Reason SignatureInvalid() => Of(ReasonCodes.SignatureInvalid, SignaturePath, "签名无效：消息在签名后被改动，或签名不属于本消息。");

    public static Reason DigestMismatch() => Of(ReasonCodes.DigestMismatch, "$.datadigest", "内容摘要与内容不一致。");

    public static Reason UnknownKey() => Of(ReasonCodes.UnknownKey, SignaturePath, "签名所用的密钥未在本平台登记。");

    public static Reason KeyOfOtherCity(string keyId, string city) => Of(ReasonCodes.KeyOfOtherCity, SignaturePath, $"密钥 {keyId} 不属于发送方 {city}。");

    public static Reason KeyNotValidThen(string keyId) => Of(ReasonCodes.KeyNotValidThen, SignaturePath, $"密钥 {keyId} 在签名时不在有效期内。");

    private static Reason Of(string code, string path, string message) => new() { Code = code, Path = path, Message = message };
}
