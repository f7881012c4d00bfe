using DataHub.Core.Materials;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Materials;

public sealed class MaterialRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 4, 2, 0, 0, TimeSpan.Zero);
    private static readonly MaterialOptions Options = new() { KeepDays = 100, UnnamedDays = 7 };

    [Fact]
    public void A_file_of_an_open_exchange_is_kept_however_old_and_looked_at_again() =>
        MaterialRules.LookAgain(Content(named: true, inUse: true, lastChange: -4000, touched: -4000), Options, Now).ShouldBe(Now.AddDays(30));

    [Theory]
    [InlineData(-99, 1)]
    [InlineData(-20, 30)]
    public void A_file_of_ended_exchanges_is_kept_for_its_days_after_the_last_change(int lastChange, int again) =>
        MaterialRules.LookAgain(Content(named: true, inUse: false, lastChange, touched: -4000), Options, Now).ShouldBe(Now.AddDays(again));

    [Fact]
    public void A_file_of_ended_exchanges_goes_when_its_days_are_over() =>
        MaterialRules.LookAgain(Content(named: true, inUse: false, lastChange: -100, touched: -4000), Options, Now).ShouldBeNull();

    [Fact]
    public void A_file_that_nobody_names_is_kept_for_a_week_after_it_was_handed_in()
    {
        MaterialRules.LookAgain(Content(named: false, inUse: false, null, touched: -6), Options, Now).ShouldBe(Now.AddDays(1));
        MaterialRules.LookAgain(Content(named: false, inUse: false, null, touched: -7), Options, Now).ShouldBeNull();
    }

    [Fact]
    public void A_file_of_a_long_ended_exchange_that_was_handed_in_again_is_kept_for_a_message_to_come() =>
        MaterialRules.LookAgain(Content(named: true, inUse: false, lastChange: -200, touched: -1), Options, Now).ShouldBe(Now.AddDays(6));

    private static DueContent Content(bool named, bool inUse, int? lastChange, int touched) =>
        new(new string('a', 64), 100, named, inUse, lastChange is { } days ? Now.AddDays(days) : null, Now.AddDays(touched));
}
