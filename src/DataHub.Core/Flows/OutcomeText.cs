using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace DataHub.Core.Flows;

/// <summary>The text over which outcomes are compared: the same outcome gives the same bytes on every side.</summary>
public static class OutcomeText
{
    /// <summary>
    /// Five lines, each ended by a line feed: version, exchange id, outcome code, amount in fen (empty where there is
    /// none), reference (empty where there is none).
    /// </summary>
    public static string Canonical(string exchangeId, Outcome outcome) =>
        $"datahub-outcome-v1\n{exchangeId}\n{outcome.Code}\n{outcome.AmountFen?.ToString(CultureInfo.InvariantCulture)}\n{outcome.Reference}\n";

    /// <summary>SHA-256 of <see cref="Canonical"/> in UTF-8, lower-case hexadecimal.</summary>
    public static string Digest(string exchangeId, Outcome outcome) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Canonical(exchangeId, outcome))));
}
