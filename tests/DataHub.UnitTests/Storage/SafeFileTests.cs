using System.Text;
using DataHub.Core.Storage;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Storage;

public sealed class SafeFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("safe-file-").FullName;

    [Fact]
    public async Task Of_many_that_make_a_file_at_once_one_wins_for_good()
    {
        for (var round = 0; round < 50; round++)
        {
            var file = Path.Combine(folder, $"secret-{round}");
            using var start = new Barrier(8);
            var seen = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait(TestContext.Current.CancellationToken);
                    SafeFile.CreateOnce(file, Encoding.UTF8.GetBytes($"made by {number}"), SafeFile.OwnerOnly);
                    return File.ReadAllText(file);
                },
                TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
            seen.Distinct().ShouldHaveSingleItem();
        }

        Directory.GetFiles(folder).Length.ShouldBe(50);
    }

    [Fact]
    public void A_file_that_cannot_be_made_is_said()
    {
        Should.Throw<IOException>(() => SafeFile.CreateOnce(Path.Combine(folder, "none", "file"), "x"u8, SafeFile.OwnerOnly));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
