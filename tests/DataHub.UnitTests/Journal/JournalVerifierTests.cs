using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Core.Journal;
using DataHub.Core.Signing;
using DataHub.Core.Storage;
using DataHub.UnitTests.Signing;
using NSubstitute;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Journal;

public sealed class JournalVerifierTests : IDisposable
{
    private const string Node = Nodes.Hub;
    private static readonly DateTimeOffset Now = new(2026, 3, 5, 1, 30, 0, TimeSpan.Zero);

    private readonly SigningKey key = SigningSamples.NewKey("510100-a", "510100");
    private readonly SigningKey forger = SigningSamples.NewKey("510100-a", "510100");
    private readonly List<JournalRow> rows = [];

    // 1201 rows: three pages, so that every fault is also looked for where a page ends.
    public JournalVerifierTests()
    {
        foreach (var e in new BatchSigner(key).Sign(SigningSamples.Events(1000), Now).Concat(new BatchSigner(key).Sign([.. SigningSamples.Events(1200).Skip(1000)], Now)))
            Append(Row(e));
        Append(Row(SigningSamples.Events(1)[0]) with { Kind = EntryKind.Refused, Key = "refused:x", Reasons = "[]" });
    }

    public void Dispose()
    {
        key.Dispose();
        forger.Dispose();
    }

    [Fact]
    public async Task An_untouched_journal_holds()
    {
        var check = await VerifyAsync();
        (check.Node, check.Rows, check.Signatures).ShouldBe((Node, 1201, 1200));
        check.Faults.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(500)]
    [InlineData(501)]
    [InlineData(1201)]
    public async Task A_changed_row_is_reported_once(int number)
    {
        var body = rows[number - 1].Body.ToArray();
        body[^2] ^= 1;
        rows[number - 1] = rows[number - 1] with { Body = body };
        (await FaultsAsync()).ShouldBe([number]);
    }

    [Fact]
    public async Task A_changed_column_is_reported_once()
    {
        rows[10] = rows[10] with { ExchangeId = "510100-20260305-0000009999" };
        (await FaultsAsync()).ShouldBe([11]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(500)]
    [InlineData(700)]
    public async Task A_removed_row_is_reported_once(int number)
    {
        rows.RemoveAt(number - 1);
        (await FaultsAsync()).ShouldBe([number + 1]);
        (await VerifyAsync()).Faults[0].What.ShouldContain($"{number} to {number}");
    }

    [Fact]
    public async Task An_inserted_row_is_reported_once()
    {
        // Put in at the end with a hash made up: the only place with a free number.
        rows.Add(rows[5] with { Number = 1202, Key = "510100:inserted" });
        (await FaultsAsync()).ShouldBe([1202]);
    }

    [Fact]
    public async Task An_inserted_row_with_a_fitting_hash_is_betrayed_by_its_signature()
    {
        var forged = new BatchSigner(forger).Sign([SigningSamples.Events(1)[0] with { Id = "CD-forged" }], Now)[0];
        Append(Row(forged));
        var fault = (await VerifyAsync()).Faults.ShouldHaveSingleItem();
        fault.MessageId.ShouldBe("CD-forged");
        fault.What.ShouldContain(ReasonCodes.SignatureInvalid);
    }

    [Fact]
    public async Task Swapped_rows_are_reported_where_the_chain_breaks_and_no_further()
    {
        (rows[20], rows[21]) = (rows[21] with { Number = 21 }, rows[20] with { Number = 22 });
        (await FaultsAsync()).ShouldBe([21, 22, 23]);
    }

    [Fact]
    public async Task A_forged_signature_is_reported_once()
    {
        var forged = new BatchSigner(forger).Sign([SigningSamples.Events(30)[29]], Now)[0];
        Rewrite(30, Row(forged));
        var fault = (await VerifyAsync()).Faults.ShouldHaveSingleItem();
        (fault.Number, fault.MessageId).ShouldBe((30, forged.Id));
        fault.What.ShouldContain(ReasonCodes.SignatureInvalid);
    }

    [Fact]
    public async Task A_signed_message_under_another_ones_name_is_reported()
    {
        Rewrite(30, rows[29] with { MessageId = "CD-other" });
        Rewrite(31, rows[30] with { Type = MessageTypes.ServiceDecision });
        (await FaultsAsync()).ShouldBe([30, 31]);
    }

    [Fact]
    public async Task A_message_that_cannot_be_read_is_reported()
    {
        Rewrite(40, rows[39] with { Body = "{"u8.ToArray() });
        (await VerifyAsync()).Faults.ShouldHaveSingleItem().What.ShouldContain("cannot be read");
    }

    [Fact]
    public async Task Every_node_is_checked_with_its_own_beginning()
    {
        var store = Store();
        store.NodesAsync(default).ReturnsForAnyArgs([Node, "510600"]);
        var checks = await JournalVerifier.VerifyAsync(store, new KeyRing([key.PublicKey()]), default);
        checks.Select(c => c.Node).ShouldBe([Node, "510600"]);
        checks[0].Faults.ShouldBeEmpty();
        checks[1].Faults.Select(f => f.Number).ShouldBe([1L], "the same rows are not this node's journal");
    }

    private static JournalRow Row(CloudEvent e) =>
        new(0, EntryKind.Received, e.SenderCity + ":" + e.Id, e.Id, e.Type, e.ExchangeId, e.SenderCity, e.Sequence, Now, EventFormat.Write(e), null, []);

    private void Append(JournalRow row) => rows.Add(Hashed(row with { Number = rows.Count + 1 }));

    // As someone would who can compute hashes: the row and all after it.
    private void Rewrite(int number, JournalRow row)
    {
        rows[number - 1] = row with { Number = number };
        for (var i = number - 1; i < rows.Count; i++)
            rows[i] = Hashed(rows[i]);
    }

    private JournalRow Hashed(JournalRow row) => row with
    {
        Hash = JournalHash.Next(row.Number == 1 ? JournalHash.Genesis(Node) : rows[(int)row.Number - 2].Hash, row.Number, new JournalEntry
        {
            Kind = row.Kind,
            Key = row.Key,
            MessageId = row.MessageId,
            Type = row.Type,
            ExchangeId = row.ExchangeId,
            Sender = row.Sender,
            Sequence = row.Sequence,
            At = row.At,
            Body = row.Body,
            Reasons = row.Reasons,
        }),
    };

    private async Task<List<long>> FaultsAsync() => [.. (await VerifyAsync()).Faults.Select(f => f.Number)];

    private async Task<JournalCheck> VerifyAsync() => (await JournalVerifier.VerifyAsync(Store(), new KeyRing([key.PublicKey()]), default)).ShouldHaveSingleItem();

    private INodeStore Store()
    {
        var store = Substitute.For<INodeStore>();
        store.NodesAsync(default).ReturnsForAnyArgs([Node]);
        store.JournalAsync("", 0, null, 0, default).ReturnsForAnyArgs(call => ValueTask.FromResult(rows.Where(r => r.Number > call.ArgAt<long>(1)).Take(call.ArgAt<int>(3)).ToList()));
        return store;
    }
}
