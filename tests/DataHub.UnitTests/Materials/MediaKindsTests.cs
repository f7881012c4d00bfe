using DataHub.Core.Materials;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Materials;

public sealed class MediaKindsTests
{
    [Theory]
    [InlineData("application/pdf", "255044462D312E37", true)]
    [InlineData("application/pdf", "FFD8FFE000104A46", false)]
    [InlineData("application/pdf", "25504446", false)]
    [InlineData("image/jpeg", "FFD8FFE000104A46", true)]
    [InlineData("image/png", "89504E470D0A1A0A", true)]
    [InlineData("image/png", "89504E470D0A1A", false)]
    [InlineData("image/tiff", "49492A00", true)]
    [InlineData("image/tiff", "4D4D002A", true)]
    [InlineData("application/ofd", "504B0304", true)]
    [InlineData("application/ofd", "4D5A9000", false)]
    public void A_file_is_judged_by_its_own_first_bytes(string mediaType, string beginning, bool matches) =>
        MediaKinds.Matches(MediaKinds.Find(mediaType)!, Convert.FromHexString(beginning)).ShouldBe(matches);

    [Theory]
    [InlineData("text/html")]
    [InlineData("image/svg+xml")]
    [InlineData("application/x-msdownload")]
    [InlineData("APPLICATION/PDF")]
    public void What_a_browser_or_a_system_would_run_is_not_taken(string mediaType) => MediaKinds.Find(mediaType).ShouldBeNull();

    [Fact]
    public void All_that_tells_kinds_apart_lies_within_what_is_looked_at() =>
        MediaKinds.All.SelectMany(k => k.Beginnings).ShouldAllBe(b => b.Length > 0 && b.Length <= MediaKinds.Looked);
}
