using System.Security.Cryptography;
using System.Text;

namespace DataHub.Broker.Intake;

/// <summary>
/// The hub's index of published results knows a patient only by a keyed digest (HMAC-SHA256) of the identity number, so
/// that the index by itself names nobody.
/// </summary>
public sealed class PatientKeys(byte[] secret)
{
    /// <summary>Reads the secret, making one where there is none (32 random bytes, readable by the owner only).</summary>
    public static PatientKeys LoadOrCreate(string file)
    {
        if (!File.Exists(file))
        {
            var temporary = file + ".new";
            using (var stream = new FileStream(temporary, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = OperatingSystem.IsWindows() ? null : UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                stream.Write(RandomNumberGenerator.GetBytes(32));
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, file, overwrite: false);
        }

        return new PatientKeys(File.ReadAllBytes(file));
    }

    public string Of(string identityNumber) => Convert.ToHexStringLower(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(identityNumber)));
}
