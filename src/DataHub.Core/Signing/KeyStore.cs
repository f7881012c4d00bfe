using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DataHub.Core.Storage;

namespace DataHub.Core.Signing;

/// <summary>Keys cannot be read or used; the message names the file and what to do.</summary>
public sealed class KeyStoreException : Exception
{
    public KeyStoreException(string message)
        : base(message)
    {
    }

    public KeyStoreException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>
/// The keys of a folder: <c>{id}.pub.pem</c> for each trusted key and <c>{id}.key.pem</c> (mode 600) for each key that
/// this node may sign with. Before the PEM block both hold lines <c>id</c>, <c>city</c>, <c>suite</c>, <c>valid-from</c>
/// and <c>valid-to</c>, which PEM readers skip (RFC 7468, section 2).
/// </summary>
public sealed class KeyStore : IDisposable
{
    private const string PrivateSuffix = ".key.pem";
    private const string PublicSuffix = ".pub.pem";
    private const int MaxFileBytes = 16 * 1024;

    private readonly List<SigningKey> signing;

    private KeyStore(KeyRing ring, List<SigningKey> signing)
    {
        Ring = ring;
        Verifier = new SignatureVerifier(ring);
        this.signing = signing;
    }

    public KeyRing Ring { get; }

    /// <summary>Shared by the nodes of a process: a batch's root that one of them has checked need not be checked again.</summary>
    public SignatureVerifier Verifier { get; }

    /// <summary>The signing keys that are in the folder, whatever their validity.</summary>
    public IReadOnlyList<SigningKey> SigningKeys => signing;

    /// <summary>The city's key that is valid at <paramref name="moment"/>; of several, the one that was put in force last.</summary>
    /// <exception cref="KeyStoreException">There is none.</exception>
    public SigningKey KeyOf(string city, DateTimeOffset moment)
        => FindKey(city, moment) ?? throw new KeyStoreException($"There is no signing key for {city} that is valid at {moment:O}.");

    private SigningKey? FindKey(string city, DateTimeOffset moment) => signing
        .Where(k => k.Info.City == city && k.Info.IsValidAt(moment))
        .OrderByDescending(k => k.Info.ValidFrom).ThenByDescending(k => k.Info.Id, StringComparer.Ordinal)
        .FirstOrDefault();

    /// <summary>Reads every key of the folder.</summary>
    /// <exception cref="KeyStoreException">A file is not readable, not private enough, or says something else than its name.</exception>
    public static KeyStore Load(string dir)
    {
        if (!Directory.Exists(dir))
            throw new KeyStoreException($"The key folder {dir} does not exist.");
        var trusted = Files(dir, PublicSuffix).Select(file => Read(file, PublicSuffix, VerifyingKey.FromPem)).ToList();
        var own = Files(dir, PrivateSuffix).Select(file =>
        {
            RequirePrivate(file);
            return Read(file, PrivateSuffix, SigningKey.FromPem);
        }).ToList();
        var byId = trusted.ToDictionary(k => k.Info.Id, StringComparer.Ordinal);
        foreach (var key in own)
        {
            // A crash between the two files of a new key leaves the private one alone; the public one follows from it.
            if (!byId.TryGetValue(key.Info.Id, out var its))
                trusted.Add(key.PublicKey());
            else if (its.Info != key.Info || its.ToPem() != key.PublicKey().ToPem())
                throw new KeyStoreException($"{key.Info.Id}{PublicSuffix} and {key.Info.Id}{PrivateSuffix} in {dir} are not a pair.");
        }

        return new KeyStore(new KeyRing(trusted), own);
    }

    /// <summary>
    /// Reads the folder and creates an ES256 key, valid for two years, for each city that has none in force. For
    /// development only: keys that a production node trusts are made and handed over by their owners. Several processes
    /// may do this at once: the first file wins and the others use it.
    /// </summary>
    /// <exception cref="KeyStoreException">As <see cref="Load"/>.</exception>
    public static KeyStore LoadOrCreateDevelopment(string dir, IEnumerable<string> cities, TimeProvider time)
    {
        if (!Directory.Exists(dir))
            CreateFolder(dir);
        var store = Load(dir);
        var now = time.GetUtcNow();
        var missing = cities.Where(city => store.FindKey(city, now) is null).ToList();
        if (missing.Count == 0)
            return store;
        var from = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero).AddDays(-1);
        foreach (var city in missing)
            Create(dir, new KeyInfo($"{city}-es256-{from:yyyyMMdd}", city, Suites.Es256, from, from.AddYears(2)));
        store.Dispose();
        return Load(dir);
    }

    public void Dispose() => signing.ForEach(k => k.Dispose());

    /// <summary>Makes an ES256 key in the folder: the private file and the public one. A file that is there stays.</summary>
    /// <returns>The public file.</returns>
    public static string Create(string dir, KeyInfo info)
    {
        ArgumentNullException.ThrowIfNull(info);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var file = Path.Combine(dir, info.Id + PrivateSuffix);
        WriteOnce(file, info, key.ExportPkcs8PrivateKeyPem(), SafeFile.OwnerOnly);
        // Whoever won the race, the public file follows from the private one that is there now.
        using var winner = Read(file, PrivateSuffix, SigningKey.FromPem);
        var published = Path.Combine(dir, info.Id + PublicSuffix);
        WriteOnce(published, winner.Info, winner.PublicKey().ToPem(), SafeFile.OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        return published;
    }

    private static void WriteOnce(string file, KeyInfo info, string pem, UnixFileMode mode)
    {
        var text = $"id: {info.Id}\ncity: {info.City}\nsuite: {info.Suite}\nvalid-from: {info.ValidFrom:O}\nvalid-to: {info.ValidTo:O}\n\n{pem}\n";
        SafeFile.CreateOnce(file, Encoding.UTF8.GetBytes(text), mode);
    }

    private static T Read<T>(string file, string suffix, Func<KeyInfo, string, T> import)
    {
        if (new FileInfo(file).Length > MaxFileBytes)
            throw new KeyStoreException($"{file} is larger than a key can be.");
        var text = File.ReadAllText(file);
        if (!PemEncoding.TryFind(text, out var block))
            throw new KeyStoreException($"{file} holds no PEM block.");
        var lines = text[..block.Location.Start.Value].Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string Value(string name) => lines.FirstOrDefault(l => l.StartsWith(name + ":", StringComparison.Ordinal))?[(name.Length + 1)..].Trim()
            ?? throw new KeyStoreException($"{file} has no line '{name}:' before its PEM block.");
        DateTimeOffset Moment(string name) => DateTimeOffset.TryParseExact(Value(name), "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var moment)
            ? moment
            : throw new KeyStoreException($"{file}: '{name}' is not a moment such as 2026-01-01T00:00:00.0000000+00:00.");
        var info = new KeyInfo(Value("id"), Value("city"), Value("suite"), Moment("valid-from"), Moment("valid-to"));
        if (!KeyInfo.IsId(info.Id) || Path.GetFileName(file) != info.Id + suffix)
            throw new KeyStoreException($"{file} says that its key is '{info.Id}'; name and id must agree.");
        return import(info, text[block.Location]);
    }

    private static void RequirePrivate(string file)
    {
        const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & others) != UnixFileMode.None)
            throw new KeyStoreException($"{file} can be read by others. Set its mode to 600.");
    }

    /// <summary>Makes a folder that only its owner can enter.</summary>
    public static void CreateFolder(string dir)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(dir);
        else
            Directory.CreateDirectory(dir, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static IEnumerable<string> Files(string dir, string suffix) => Directory.EnumerateFiles(dir, "*" + suffix).Order(StringComparer.Ordinal);
}
