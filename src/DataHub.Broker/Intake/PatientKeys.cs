using System.Security.Cryptography;
using System.Text;
using DataHub.Core.Storage;

namespace DataHub.Broker.Intake;

/// <summary>
/// The hub's index of published results knows a patient only by a keyed digest (HMAC-SHA256) of the identity number, so
/// that the index by itself names nobody.
/// </summary>
public sealed class PatientKeys(byte[] secret)
{
    /// <summary>Where the secret lies in a key folder.</summary>
    public const string FileName = "patients.secret";

    public const int SecretBytes = 32;

    /// <summary>Reads the secret, making one where there is none (32 random bytes, readable by the owner only).</summary>
    public static PatientKeys LoadOrCreate(string file)
    {
        if (!File.Exists(file))
            SafeFile.CreateOnce(file, RandomNumberGenerator.GetBytes(SecretBytes), SafeFile.OwnerOnly);
        return new PatientKeys(File.ReadAllBytes(file));
    }

    public string Of(string identityNumber) => Convert.ToHexStringLower(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(identityNumber)));
}
