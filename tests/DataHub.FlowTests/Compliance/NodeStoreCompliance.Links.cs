using DataHub.Core.Storage;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Compliance;

public abstract partial class NodeStoreCompliance
{
    [Fact]
    public async Task What_must_be_sent_stays_until_the_peer_holds_it()
    {
        await CommitAsync(Hub, c =>
        {
            c.Entries.AddRange([Entry("a") with { Body = "a"u8.ToArray() }, Entry("b") with { Body = "b"u8.ToArray() }]);
            c.Outgoing.AddRange([new OutgoingRow(Deyang, 1, 0, 0, "accepted", 2, "service.online"), new OutgoingRow(Deyang, 2, 1, 0, null, 0, null), new OutgoingRow(Chengdu, 1, 1, 0, null, 0, null)]);
        });
        await CommitAsync(Hub, c => c.Outgoing.Add(new OutgoingRow(Deyang, 3, -1, 1, null, 0, null)));

        var outgoing = await Store.OutgoingAsync(Hub, Deyang, 0, 10, Cancel);
        outgoing.Select(o => (o.LinkSequence, System.Text.Encoding.UTF8.GetString(o.Body.Span), o.HubState, o.HubVersion, o.Flow))
            .ShouldBe([(1, "a", "accepted", 2, "service.online"), (2, "b", null, 0, null), (3, "a", null, 0, null)]);
        (await Store.OutgoingAsync(Hub, Deyang, 1, 1, Cancel)).ShouldHaveSingleItem().LinkSequence.ShouldBe(2);
        (await Store.LinkAsync(Hub, Deyang, Cancel)).ShouldBe(new LinkState(3, 0, 0));

        await CommitAsync(Hub, c => c.Acknowledged[Deyang] = 2);
        (await Store.OutgoingAsync(Hub, Deyang, 0, 10, Cancel)).Select(o => o.LinkSequence).ShouldBe([3L]);
        (await Store.OutgoingAsync(Hub, Chengdu, 0, 10, Cancel)).Count.ShouldBe(1, "another peer's rows are its own");
        (await Store.LinkAsync(Hub, Deyang, Cancel)).ShouldBe(new LinkState(3, 2, 0));
    }

    [Fact]
    public async Task A_links_numbers_never_go_back()
    {
        await CommitAsync(Chengdu, c => c.Received[Hub] = 5);
        await CommitAsync(Chengdu, c => c.Acknowledged[Hub] = 7);
        await CommitAsync(Chengdu, c =>
        {
            c.Received[Hub] = 4;
            c.Acknowledged[Hub] = 6;
        });
        await ReopenAsync();
        (await Store.LinkAsync(Chengdu, Hub, Cancel)).ShouldBe(new LinkState(0, 7, 5));
        (await Store.LinkAsync(Hub, Chengdu, Cancel)).ShouldBe(default, "the other direction is another node's");
    }

    [Fact]
    public async Task A_number_is_given_once_on_a_link()
    {
        await CommitAsync(Hub, c =>
        {
            c.Entries.Add(Entry("a"));
            c.Outgoing.Add(new OutgoingRow(Deyang, 1, 0, 0, null, 0, null));
        });
        await Should.ThrowAsync<StoreUnavailableException>(() => CommitAsync(Hub, c =>
        {
            c.Entries.Add(Entry("b"));
            c.Outgoing.Add(new OutgoingRow(Deyang, 1, 0, 0, null, 0, null));
        }));
        (await CommitAsync(Hub, c => c.Entries.Add(Entry("c")))).FirstJournalNumber.ShouldBe(2, "what was refused left no trace, nor a gap");
        ShouldBeChained(Hub, await JournalAsync(Hub));
    }

    [Fact]
    public async Task The_receipt_that_covers_a_number_is_found()
    {
        await CommitAsync(Hub, c =>
        {
            c.Entries.AddRange([Entry("receipt-1"), Entry("receipt-2")]);
            c.Receipts.AddRange([new ReceiptRow(Chengdu, 1, 3, 0), new ReceiptRow(Chengdu, 5, 9, 1), new ReceiptRow(Deyang, 1, 1, 1)]);
        });
        (await Store.ReceiptAsync(Hub, Chengdu, 1, Cancel))!.MessageId.ShouldBe("receipt-1");
        (await Store.ReceiptAsync(Hub, Chengdu, 3, Cancel))!.MessageId.ShouldBe("receipt-1");
        (await Store.ReceiptAsync(Hub, Chengdu, 4, Cancel)).ShouldBeNull("no receipt covers it");
        (await Store.ReceiptAsync(Hub, Chengdu, 7, Cancel))!.MessageId.ShouldBe("receipt-2");
        (await Store.ReceiptAsync(Hub, Chengdu, 10, Cancel)).ShouldBeNull();
        (await Store.ReceiptAsync(Hub, Deyang, 1, Cancel))!.MessageId.ShouldBe("receipt-2");
        (await Store.ReceiptAsync(Chengdu, Hub, 1, Cancel)).ShouldBeNull("another node's");
    }

    [Fact]
    public async Task Native_deliveries_wait_in_order_until_they_are_done()
    {
        await CommitAsync(Deyang, c =>
        {
            c.Entries.AddRange([Entry("a"), Entry("receipt")]);
            c.NativeDeliveries.AddRange([Delivery(0, ExchangeId(1)), Delivery(1, ExchangeId(2)) with { Refusal = true, Position = 0 }, Delivery(1, ExchangeId(3)) with { Refusal = true, Position = 4 }]);
        });
        await CommitAsync(Chengdu, c =>
        {
            c.Entries.Add(Entry("other"));
            c.NativeDeliveries.Add(Delivery(0, ExchangeId(9)));
        });

        var pending = await Store.PendingDeliveriesAsync(Deyang, 0, 10, Cancel);
        pending.Select(d => (d.Row.MessageId, d.ExchangeId, d.Refusal, d.Position, d.Attempts))
            .ShouldBe([("a", ExchangeId(1), false, 0, 0), ("receipt", ExchangeId(2), true, 0, 0), ("receipt", ExchangeId(3), true, 4, 0)]);
        (await Store.PendingDeliveriesAsync(Deyang, 1, 10, Cancel)).Count.ShouldBe(2);
        (await Store.PendingDeliveriesAsync(Deyang, 0, 1, Cancel)).Count.ShouldBe(1);

        await CommitAsync(Deyang, c => c.NativeDone.AddRange([(1, 0), (2, 0)]));
        await ReopenAsync();
        (await Store.PendingDeliveriesAsync(Deyang, 0, 10, Cancel)).ShouldHaveSingleItem().ExchangeId.ShouldBe(ExchangeId(3));
    }

    [Fact]
    public async Task A_delivery_is_postponed_parked_and_set_free()
    {
        await CommitAsync(Deyang, c =>
        {
            c.Entries.Add(Entry("a"));
            c.NativeDeliveries.Add(Delivery(0, ExchangeId(1)));
        });
        var later = new NativeDeliveryRow(1, -1, ExchangeId(1), false, 0, 3, Now.AddMinutes(2), null);
        await CommitAsync(Deyang, c => c.NativeDeliveries.Add(later));
        var postponed = (await Store.PendingDeliveriesAsync(Deyang, 0, 10, Cancel)).ShouldHaveSingleItem();
        (postponed.Attempts, postponed.NextAttemptAt).ShouldBe((3, Now.AddMinutes(2)));

        await CommitAsync(Deyang, c => c.NativeDeliveries.Add(later with { ParkedCause = "接口拒绝" }));
        (await Store.PendingDeliveriesAsync(Deyang, 0, 10, Cancel)).ShouldBeEmpty();
        (await Store.ParkedDeliveriesAsync(Deyang, Cancel)).ShouldHaveSingleItem().ParkedCause.ShouldBe("接口拒绝");
        (await Store.ParkedDeliveriesAsync(Chengdu, Cancel)).ShouldBeEmpty();

        await CommitAsync(Deyang, c => c.NativeDeliveries.Add(later with { Attempts = 0 }));
        (await Store.PendingDeliveriesAsync(Deyang, 0, 10, Cancel)).Count.ShouldBe(1);
        (await Store.ParkedDeliveriesAsync(Deyang, Cancel)).ShouldBeEmpty();
    }
}
