using DataHub.Contracts;
using DataHub.Core.Flows;
using DataHub.Core.Storage;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Compliance;

public abstract partial class NodeStoreCompliance
{
    [Fact]
    public async Task An_exchange_comes_back_with_everything_it_holds()
    {
        var full = Exchange(1) with
        {
            State = State(1) with
            {
                TargetCity = "",
                Clock = new Clock(Deyang, new DateOnly(2026, 3, 9), new DateOnly(2026, 3, 5), 7, false)
                {
                    StartedOn = new DateOnly(2026, 3, 2),
                    Term = FactKeys.DecisionDays,
                    AllowedDays = 10,
                    UsedDays = 3,
                },
                Outcome = new Outcome("approved", 123_456_789_012, "川A-1"),
                Final = true,
                Facts = new Dictionary<string, string> { ["letter"] = "联系函-1", ["empty"] = "" },
            },
            OutcomeDigest = new string('a', 64),
            SourceDigest = new string('b', 64),
            TargetDigest = new string('c', 64),
            ReconciledAt = Now.AddSeconds(4),
            NoticeStage = 2,
            NoticeOn = new DateOnly(2026, 3, 13),
            RefusedFor = "DH-3004,DH-3003",
        };
        await CommitAsync(Hub, c => c.Exchanges[ExchangeId(1)] = full);
        await CommitAsync(Chengdu, c => c.Exchanges[ExchangeId(1)] = Exchange(1));

        ShouldBeSame((await Store.ExchangesAsync(Hub, [ExchangeId(1), ExchangeId(2)], Cancel)).ShouldHaveSingleItem().Value, full);
        ShouldBeSame((await Store.ExchangesAsync(Chengdu, [ExchangeId(1)], Cancel))[ExchangeId(1)], Exchange(1));
    }

    [Fact]
    public async Task A_later_version_replaces_the_exchange()
    {
        await CommitAsync(Hub, c => c.Exchanges[ExchangeId(1)] = Exchange(1) with { OutcomeDigest = new string('a', 64) });
        var next = Exchange(1) with { State = State(1) with { State = "accepted", Version = 2, ChangedAt = Now.AddHours(1) } };
        await CommitAsync(Hub, c => c.Exchanges[ExchangeId(1)] = next);
        ShouldBeSame((await Store.ExchangesAsync(Hub, [ExchangeId(1)], Cancel))[ExchangeId(1)], next);
        (await Store.ListExchangesAsync(Hub, 10, Cancel)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Exchanges_are_listed_and_counted_per_node()
    {
        await CommitAsync(Hub, c =>
        {
            for (var i = 1; i <= 5; i++)
                c.Exchanges[ExchangeId(i)] = Exchange(i);
            c.Exchanges[ExchangeId(6)] = WithOutcome(6, Now) with { ReconciledAt = Now };
            c.Exchanges[ExchangeId(7)] = Exchange(7) with { RefusedFor = "DH-3004" };
            c.Exchanges[ExchangeId(8)] = Exchange(8) with { NoticeStage = 2 };
        });
        await CommitAsync(Chengdu, c => c.Exchanges[ExchangeId(1)] = Exchange(1));

        (await Store.ListExchangesAsync(Hub, 3, Cancel)).Select(r => r.State.ExchangeId).ShouldBe([ExchangeId(1), ExchangeId(2), ExchangeId(3)]);
        (await Store.CountExchangesAsync(Hub, Cancel)).ShouldBe(
        [
            new ExchangeCount(Chengdu, "service.online", "submitted", false, false, false, false, 5),
            new ExchangeCount(Chengdu, "service.online", "submitted", true, true, false, false, 1),
            new ExchangeCount(Chengdu, "service.online", "submitted", false, false, true, false, 1),
            new ExchangeCount(Chengdu, "service.online", "submitted", false, false, false, true, 1),
        ], ignoreOrder: true);
    }

    [Fact]
    public async Task Exchanges_with_something_to_tell_are_the_hubs_in_the_order_of_their_days()
    {
        ExchangeRow Due(int n, int? day) => Exchange(n) with { NoticeOn = day is { } d ? new DateOnly(2026, 3, d) : null };
        await CommitAsync(Hub, c =>
        {
            foreach (var row in new[] { Due(1, 9), Due(2, 8), Due(3, 10), Due(4, 7), Due(7, null) })
                c.Exchanges[row.State.ExchangeId] = row;
        });
        await CommitAsync(Chengdu, c => c.Exchanges[ExchangeId(8)] = Due(8, 1));

        (await Store.DueAsync(Hub, new DateOnly(2026, 3, 9), 10, Cancel)).Select(r => r.State.ExchangeId).ShouldBe([ExchangeId(4), ExchangeId(2), ExchangeId(1)]);
        (await Store.DueAsync(Hub, new DateOnly(2026, 3, 9), 1, Cancel)).Select(r => r.State.ExchangeId).ShouldBe([ExchangeId(4)]);
        await CommitAsync(Hub, c => c.Exchanges[ExchangeId(4)] = Due(4, null));
        (await Store.DueAsync(Hub, new DateOnly(2026, 3, 8), 10, Cancel)).Select(r => r.State.ExchangeId).ShouldBe([ExchangeId(2)]);
    }

    [Fact]
    public async Task Unreconciled_exchanges_are_the_hubs_that_a_side_has_not_confirmed_oldest_first()
    {
        await CommitAsync(Hub, c =>
        {
            c.Exchanges[ExchangeId(1)] = WithOutcome(1, Now.AddMinutes(-10));
            c.Exchanges[ExchangeId(2)] = WithOutcome(2, Now.AddMinutes(-20));
            c.Exchanges[ExchangeId(3)] = WithOutcome(3, Now.AddMinutes(-30)) with { ReconciledAt = Now };
            c.Exchanges[ExchangeId(4)] = WithOutcome(4, Now);
            c.Exchanges[ExchangeId(5)] = Exchange(5) with { State = State(5) with { ChangedAt = Now.AddHours(-1) } };
        });
        await CommitAsync(Chengdu, c => c.Exchanges[ExchangeId(6)] = WithOutcome(6, Now.AddHours(-1)));

        (await UnreconciledAsync(10)).ShouldBe([ExchangeId(2), ExchangeId(1)]);
        (await UnreconciledAsync(1)).ShouldBe([ExchangeId(2)]);
    }

    [Fact]
    public async Task Unreconciled_exchanges_whose_break_is_open_make_room_for_the_next()
    {
        await CommitAsync(Hub, c =>
        {
            c.Exchanges[ExchangeId(1)] = WithOutcome(1, Now.AddMinutes(-30));
            c.Exchanges[ExchangeId(2)] = WithOutcome(2, Now.AddMinutes(-20)) with { SourceDigest = new string('a', 64) };
            c.Exchanges[ExchangeId(3)] = WithOutcome(3, Now.AddMinutes(-10));
            c.Exchanges[ExchangeId(4)] = WithOutcome(4, Now.AddMinutes(-5)) with { SourceDigest = new string('a', 64), TargetDigest = new string('b', 64) };
            c.Breaks.Add(Opened(1, ReasonCodes.BreakMissingAtSource));
            c.Breaks.Add(Opened(1, ReasonCodes.BreakMissingAtTarget));
            c.Breaks.Add(Opened(2, ReasonCodes.BreakMissingAtTarget));
        });
        (await UnreconciledAsync(1)).ShouldBe([ExchangeId(3)], "1 and 2 have their breaks, both sides of 4 have reported");

        await CommitAsync(Hub, c => c.Breaks.Add(new BreakChange.Healed(ExchangeId(1), [ReasonCodes.BreakMissingAtSource], Now)));
        (await UnreconciledAsync(10)).ShouldBe([ExchangeId(1), ExchangeId(3)], "a side whose break was closed is missing again");
    }

    [Fact]
    public async Task A_break_is_opened_once_and_closed_when_it_heals()
    {
        await CommitAsync(Hub, c => c.Breaks.AddRange([Opened(1, ReasonCodes.BreakAmountDiffers, "900 ≠ 800"), Opened(1, ReasonCodes.BreakOverlappingMonths), Opened(2, ReasonCodes.BreakAmountDiffers)]));
        await CommitAsync(Hub, c => c.Breaks.Add(new BreakChange.Opened(new BreakRow(ExchangeId(1), ReasonCodes.BreakAmountDiffers, "900 ≠ 700", Now.AddHours(1), null))));
        var open = (await Store.BreaksAsync(ExchangeId(1), openOnly: true, 10, Cancel)).Find(b => b.Code == ReasonCodes.BreakAmountDiffers)!;
        (open.Detail, open.OpenedAt).ShouldBe(("900 ≠ 700", Now));

        await CommitAsync(Hub, c => c.Breaks.Add(new BreakChange.Healed(ExchangeId(1), [ReasonCodes.BreakAmountDiffers, ReasonCodes.BreakLate], Now.AddHours(2))));
        (await Store.BreaksAsync(ExchangeId(1), openOnly: true, 10, Cancel)).Select(b => b.Code).ShouldBe([ReasonCodes.BreakOverlappingMonths]);
        (await Store.BreaksAsync(ExchangeId(1), openOnly: false, 10, Cancel)).Find(b => b.Code == ReasonCodes.BreakAmountDiffers)!.ClosedAt.ShouldBe(Now.AddHours(2));
        (await Store.BreaksAsync(null, openOnly: true, 10, Cancel)).Count.ShouldBe(2);
        (await Store.BreaksAsync(null, openOnly: false, 1, Cancel)).Count.ShouldBe(1);

        await CommitAsync(Hub, c => c.Breaks.Add(new BreakChange.Healed(ExchangeId(1), [ReasonCodes.BreakAmountDiffers], Now.AddHours(9))));
        (await Store.BreaksAsync(ExchangeId(1), openOnly: false, 10, Cancel)).Find(b => b.Code == ReasonCodes.BreakAmountDiffers)!.ClosedAt.ShouldBe(Now.AddHours(2), "it had healed before");
    }

    [Fact]
    public async Task A_break_that_comes_back_is_as_old_as_its_return()
    {
        await CommitAsync(Hub, c => c.Breaks.Add(Opened(1, ReasonCodes.BreakAmountDiffers)));
        await CommitAsync(Hub, c => c.Breaks.Add(new BreakChange.Healed(ExchangeId(1), [ReasonCodes.BreakAmountDiffers], Now.AddHours(1))));
        await CommitAsync(Hub, c => c.Breaks.Add(new BreakChange.Opened(new BreakRow(ExchangeId(1), ReasonCodes.BreakAmountDiffers, "again", Now.AddHours(5), null))));
        var open = (await Store.BreaksAsync(null, openOnly: true, 10, Cancel)).ShouldHaveSingleItem();
        (open.OpenedAt, open.ClosedAt).ShouldBe((Now.AddHours(5), null));
    }

    [Fact]
    public async Task Breaks_open_and_heal_in_the_order_in_which_one_commit_says()
    {
        await CommitAsync(Hub, c => c.Breaks.AddRange(
        [
            Opened(1, ReasonCodes.BreakAmountDiffers),
            new BreakChange.Healed(ExchangeId(1), [ReasonCodes.BreakAmountDiffers], Now),
            new BreakChange.Healed(ExchangeId(2), [ReasonCodes.BreakAmountDiffers], Now),
            Opened(2, ReasonCodes.BreakAmountDiffers),
        ]));
        (await Store.BreaksAsync(null, openOnly: true, 10, Cancel)).ShouldHaveSingleItem().ExchangeId.ShouldBe(ExchangeId(2));
    }

    [Fact]
    public async Task A_published_result_is_found_with_its_holders()
    {
        await CommitAsync(Hub, c =>
        {
            c.Published.AddRange([Result("r1", Now.AddDays(-3)), Result("r2", Now.AddDays(-1)), Result("r3", Now.AddDays(-2))]);
            c.Published.Add(new PublishedRow(Result("r4", Now).Result, "another patient"));
            c.Holders.AddRange([("r2", Deyang), ("r2", Chengdu), ("r2", Deyang)]);
            c.Uses.AddRange([("r2", new ResultUse("x-2", Deyang), true), ("r2", new ResultUse("x-1", Chengdu), true), ("r2", new ResultUse("x-1", Chengdu), true)]);
            c.Entries.Add(Entry("a"));
        });
        var found = (await Store.PublishedAsync("r2", Cancel))!;
        (found with { Holders = [], Uses = [] }).ShouldBe(Result("r2", Now.AddDays(-1)).Result with { Holders = [] }, "but for the list of holders");
        found.Holders.ShouldBe([Chengdu, Deyang], ignoreOrder: true);
        found.Uses.ShouldBe([new ResultUse("x-1", Chengdu), new ResultUse("x-2", Deyang)]);
        var listed = await Store.PublishedOfAsync("patient", ["MR", "CT"], 10, Cancel);
        listed.Select(r => r.ResultId).ShouldBe(["r2", "r3", "r1"], "the newest first, and nobody else's");
        listed[0].Holders.ShouldBe([Chengdu, Deyang], ignoreOrder: true);
        (await Store.PublishedOfAsync("patient", ["CT"], 2, Cancel)).Select(r => r.ResultId).ShouldBe(["r2", "r3"]);
        (await Store.PublishedOfAsync("patient", ["MR"], 10, Cancel)).ShouldBeEmpty();
        (await Store.PublishedAsync("r9", Cancel)).ShouldBeNull();

        await CommitAsync(Hub, c =>
        {
            c.Uses.AddRange([("r2", new ResultUse("x-1", Chengdu), false), ("r2", new ResultUse("x-9", Chengdu), false)]);
            c.ChangedResults.AddRange([("r2", new string('e', 64), true), ("r3", new string('f', 64), false)]);
            c.Entries.Add(Entry("b"));
        });
        (await Store.PublishedAsync("r2", Cancel))!.Revoked.ShouldBeTrue();
        (await Store.PublishedAsync("r2", Cancel))!.Uses.ShouldBe([new ResultUse("x-2", Deyang)], "a recognition that was taken back is none");
        var changed = await Store.PublishedOfAsync("patient", ["CT"], 10, Cancel);
        changed.Select(r => (r.ResultId, r.Revoked)).ShouldBe([("r2", true), ("r3", false), ("r1", false)], "a revoked result stays known");
        changed[1].ResultDigest.ShouldBe(new string('f', 64));
    }

    [Fact]
    public async Task A_consent_that_was_taken_back_is_known_by_its_city_and_number()
    {
        for (var i = 0; i < 2; i++)
        {
            await CommitAsync(Hub, c =>
            {
                c.WithdrawnConsents.Add((Chengdu, "K-1"));
                c.Entries.Add(Entry("w" + i));
            });
        }

        (await Store.ConsentWithdrawnAsync(Chengdu, "K-1", Cancel)).ShouldBeTrue();
        (await Store.ConsentWithdrawnAsync(Chengdu, "K-2", Cancel)).ShouldBeFalse();
        (await Store.ConsentWithdrawnAsync(Deyang, "K-1", Cancel)).ShouldBeFalse("each city gives its own numbers");
    }

    [Fact]
    public async Task A_result_is_published_once()
    {
        await CommitAsync(Hub, c => c.Published.Add(Result("r1", Now)));
        await Should.ThrowAsync<StoreUnavailableException>(() => CommitAsync(Hub, c => c.Published.Add(Result("r1", Now))));
    }
}
