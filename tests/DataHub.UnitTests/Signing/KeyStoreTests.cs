using DataHub.Core.Signing;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Signing;

public sealed class KeyStoreTests : IDisposable
{
    private static readonly string[] Cities = ["510100", "510600", "000000"];

    private readonly string dir = Path.Combine(Path.GetTempPath(), "datahub-keys-" + Guid.NewGuid().ToString("N"));

    public void Dispose() => Directory.Delete(dir, recursive: true);

    [Fact]
    public void Development_keys_are_made_once_and_read_again()
    {
        using var first = KeyStore.LoadOrCreateDevelopment(dir, Cities, TimeProvider.System);
        using var second = KeyStore.LoadOrCreateDevelopment(dir, Cities, TimeProvider.System);
        var now = TimeProvider.System.GetUtcNow();
        foreach (var city in Cities)
        {
            second.KeyOf(city, now).Info.ShouldBe(first.KeyOf(city, now).Info);
            var e = SigningSamples.Events(1)[0] with { SenderCity = city };
            var signed = new BatchSigner(first.KeyOf(city, now)).Sign([e], now)[0];
            new SignatureVerifier(second.Ring).Verify(signed).ShouldBeNull();
        }
    }

    [Fact]
    public async Task Several_starts_at_once_agree_on_the_keys()
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => KeyStore.LoadOrCreateDevelopment(dir, Cities, TimeProvider.System))));
        stores.Select(s => string.Concat(s.Ring.All.OrderBy(k => k.Info.Id, StringComparer.Ordinal).Select(k => k.ToPem()))).Distinct().ShouldHaveSingleItem();
        Directory.GetFiles(dir).Length.ShouldBe(2 * Cities.Length);
    }

    [Fact]
    public void Private_keys_are_readable_by_their_owner_only()
    {
        using var store = KeyStore.LoadOrCreateDevelopment(dir, Cities, TimeProvider.System);
        if (OperatingSystem.IsWindows())
            return;
        foreach (var file in Directory.GetFiles(dir, "*.key.pem"))
            File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var one = Directory.GetFiles(dir, "*.key.pem")[0];
        File.SetUnixFileMode(one, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Should.Throw<KeyStoreException>(() => KeyStore.Load(dir)).Message.ShouldContain("600");
    }

    [Fact]
    public void A_private_key_whose_public_file_was_not_written_yet_still_counts()
    {
        using (KeyStore.LoadOrCreateDevelopment(dir, ["510100"], TimeProvider.System))
            File.Delete(Directory.GetFiles(dir, "*.pub.pem").Single());
        using var again = KeyStore.Load(dir);
        again.Ring.All.ShouldHaveSingleItem().Info.City.ShouldBe("510100");
    }

    [Fact]
    public void A_file_whose_name_is_not_its_id_is_refused()
    {
        using (KeyStore.LoadOrCreateDevelopment(dir, ["510100"], TimeProvider.System))
            File.Move(Directory.GetFiles(dir, "*.pub.pem").Single(), Path.Combine(dir, "other.pub.pem"));
        Should.Throw<KeyStoreException>(() => KeyStore.Load(dir)).Message.ShouldContain("other.pub.pem");
    }

    [Fact]
    public void Two_files_that_are_not_a_pair_are_refused()
    {
        using (KeyStore.LoadOrCreateDevelopment(dir, Cities, TimeProvider.System))
        {
            var files = Directory.GetFiles(dir, "*.pub.pem").Order(StringComparer.Ordinal).ToList();
            var pem = File.ReadAllText(files[0]);
            var block = pem[pem.IndexOf("-----BEGIN", StringComparison.Ordinal)..];
            var other = File.ReadAllText(files[1]);
            File.WriteAllText(files[1], other[..other.IndexOf("-----BEGIN", StringComparison.Ordinal)] + block);
        }

        Should.Throw<KeyStoreException>(() => KeyStore.Load(dir)).Message.ShouldContain("not a pair");
    }

    [Fact]
    public void A_missing_folder_is_named()
    {
        Directory.CreateDirectory(dir);
        Should.Throw<KeyStoreException>(() => KeyStore.Load(dir + "-none")).Message.ShouldContain("-none");
    }

    [Fact]
    public void A_suite_that_is_not_available_is_refused()
    {
        Directory.CreateDirectory(dir);
        var info = new KeyInfo("a", "510100", Suites.Sm2Sm3, DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
        Should.Throw<KeyStoreException>(() => VerifyingKey.FromPem(info, "")).Message.ShouldContain(Suites.Sm2Sm3);
    }
}
