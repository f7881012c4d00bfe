using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using DataHub.Core.Storage;

namespace DataHub.Host.Api;

/// <summary>
/// The keys with which city systems call the HTTP API, one or several per city. Only their SHA-256 is stored, in
/// a file (<see cref="DataHubOptions.ApiKeysFile"/>); a key has 256 random bits, so that a plain hash is enough. A key made or
/// removed in the file counts from the next request on, without a restart.
/// </summary>
public sealed class ApiKeys
{
    /// <summary>The request header that carries the key.</summary>
    public const string Header = "X-Api-Key";

    private const string Prefix = "dh_";
    private const int KeyLength = 46;
    private const int MaxFileBytes = 1024 * 1024;

    private readonly string file;
    private readonly Entry[] ofProcess;
    private readonly ILogger log;
    private readonly Lock gate = new();
    private volatile Loaded loaded;

    /// <param name="ofProcess">Keys, with their cities, that this process has made for cities which it simulates itself; stored nowhere.</param>
    /// <exception cref="HostRefusedException">The file cannot be read, or can be read by others.</exception>
    public ApiKeys(string file, ILogger<ApiKeys> log, IReadOnlyDictionary<string, string>? ofProcess = null)
    {
        this.ofProcess = [.. (ofProcess ?? new Dictionary<string, string>()).Select(k => new Entry(k.Value, Hash(k.Key)))];
        this.file = file;
        this.log = log;
        var stamp = Stamp();
        loaded = new Loaded(stamp, Entries(Read(file)));
    }

    /// <summary>Makes a key for a city and stores its hash. The key itself is returned once and kept nowhere.</summary>
    /// <param name="file">The host's file; the host may be running.</param>
    /// <param name="cityCode">GB/T 2260 code of the city.</param>
    /// <param name="time">For the date that is noted beside the key; the system's clock where it is left out.</param>
    /// <exception cref="HostRefusedException">The file cannot be used, or another process is making a key.</exception>
    public static string Create(string file, string cityCode, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(cityCode);
        if (cityCode.Length != 6 || !cityCode.All(char.IsAsciiDigit))
            throw new ArgumentException("A city is named by its six-digit code.", nameof(cityCode));
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        else
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!, SafeFile.OwnerOnly | UnixFileMode.UserExecute);
        using var single = LockBeside(file);
        var key = Make();
        var content = Read(file);
        content.Keys.Add(new StoredKey { City = cityCode, Sha256 = Convert.ToHexStringLower(Hash(key)), CreatedAt = (time ?? TimeProvider.System).GetUtcNow() });
        Write(file, content);
        return key;
    }

    /// <summary>A new key, which opens nothing by itself.</summary>
    internal static string Make() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>The city that a key belongs to; null where it is no one's.</summary>
    public string? CityOf(string? key)
    {
        if (key is not { Length: KeyLength })
            return null;
        var hash = Hash(key);
        string? city = null;
        // Every entry is compared, each in constant time, so that the time taken tells nothing about the keys.
        foreach (var entry in Current().Concat(ofProcess))
        {
            if (CryptographicOperations.FixedTimeEquals(entry.Hash, hash))
                city = entry.City;
        }

        return city;
    }

    private Entry[] Current()
    {
        var stamp = Stamp();
        if (stamp == loaded.Stamp)
            return loaded.Entries;
        lock (gate)
        {
            if (stamp == loaded.Stamp)
                return loaded.Entries;
            try
            {
                loaded = new Loaded(stamp, Entries(Read(file)));
            }
            catch (HostRefusedException e)
            {
                // Whoever edits the file must not lock every city out by a slip: the keys stay as they were.
                log.LogError("The API keys were not read again: {Fault}", e.Message);
                loaded = loaded with { Stamp = stamp };
            }

            return loaded.Entries;
        }
    }

    private DateTime Stamp() => File.GetLastWriteTimeUtc(file);

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private static Entry[] Entries(KeyFile content) => [.. content.Keys.Select(k => new Entry(k.City, Convert.FromHexString(k.Sha256)))];

    private static KeyFile Read(string file)
    {
        var info = new FileInfo(file);
        if (!info.Exists)
            return new KeyFile();
        if (!OperatingSystem.IsWindows() && (info.UnixFileMode & ~SafeFile.OwnerOnly) != UnixFileMode.None)
            throw new HostRefusedException($"{file} can be read by others. Set its mode to 600.");
        if (info.Length > MaxFileBytes)
            throw new HostRefusedException($"{file} is larger than a list of keys can be.");
        try
        {
            var content = JsonSerializer.Deserialize(File.ReadAllBytes(file), KeyFileJson.Default.KeyFile);
            if (content is not null && content.Keys.TrueForAll(k => k.Sha256.Length == 64 && k.Sha256.All(char.IsAsciiHexDigit)))
                return content;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new HostRefusedException($"{file} cannot be read ({e.GetType().Name}). Restore it, or remove it and make new keys.");
        }

        throw new HostRefusedException($"{file} holds something else than SHA-256 hashes. Restore it, or remove it and make new keys.");
    }

    private static void Write(string file, KeyFile content) =>
        SafeFile.Replace(file, JsonSerializer.SerializeToUtf8Bytes(content, KeyFileJson.Default.KeyFile), SafeFile.OwnerOnly);

    private static FileStream LockBeside(string file)
    {
        try
        {
            return new FileStream(file + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new HostRefusedException("Another process is making an API key; try again.");
        }
    }

    private sealed record Loaded(DateTime Stamp, Entry[] Entries);

    private sealed record Entry(string City, byte[] Hash);

    internal sealed record StoredKey
    {
        public required string City { get; init; }

        public required string Sha256 { get; init; }

        public required DateTimeOffset CreatedAt { get; init; }
    }

    internal sealed record KeyFile
    {
        public List<StoredKey> Keys { get; init; } = [];
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ApiKeys.KeyFile))]
internal sealed partial class KeyFileJson : JsonSerializerContext;
