using DataHub.Contracts;
using DataHub.Core.Journal;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Journal;

public sealed class JournalHashTests
{
    // The vector of docs/design/journal.md, made by hand from the description there.
    private const string Genesis = "f4ae69bb7245bdff560634bc92b225a97b4532d43cedd44acf598203863cf3b2";
    private const string First = "820e2adc684343d0c2aa02642a9a69c2e4ba8cdb85d4e31090eade08cfa242b5";
    private const string Second = "0c2692a519da1d2591de8ade5a19a47a147228e761b09b173ed03808ae55d57b";

    private static readonly JournalEntry Entry = new()
    {
        Kind = EntryKind.Received,
        Key = "510100:CD-1",
        MessageId = "CD-1",
        Type = MessageTypes.ServiceSubmission,
        ExchangeId = "510100-20260304-0000000001",
        Sender = "510100",
        Sequence = 1,
        At = new DateTimeOffset(2026, 3, 4, 10, 0, 0, 123, TimeSpan.FromHours(8)),
        Body = "{}"u8.ToArray(),
    };

    private static readonly byte[] Start = JournalHash.Genesis(Nodes.Hub);

    [Fact]
    public void The_documented_rows_hash_as_documented()
    {
        Convert.ToHexStringLower(Start).ShouldBe(Genesis);
        var first = JournalHash.Next(Start, 1, Entry);
        Convert.ToHexStringLower(first).ShouldBe(First);
        var refusal = new JournalEntry
        {
            Kind = EntryKind.Refused,
            Key = "refused:a",
            MessageId = "",
            Type = "",
            ExchangeId = Nodes.NoExchange,
            Sender = "",
            Sequence = 0,
            At = Entry.At,
            Body = new byte[] { 0xFF },
            Reasons = """[{"code":"DH-1001","path":"$","message":"格式错误"}]""",
        };
        Convert.ToHexStringLower(JournalHash.Next(first, 2, refusal)).ShouldBe(Second);
    }

    [Fact]
    public void The_golden_values_stand_in_the_description()
    {
        var page = File.ReadAllText(Repository.PathTo("docs", "design", "journal.md"));
        foreach (var value in new[] { Genesis, First, Second })
            page.ShouldContain(value);
    }

    [Fact]
    public void Every_part_of_a_row_counts()
    {
        byte[][] hashes =
        [
            JournalHash.Next(Start, 1, Entry),
            JournalHash.Next(JournalHash.Genesis("510100"), 1, Entry),
            JournalHash.Next(Start, 2, Entry),
            Changed(Entry with { Kind = EntryKind.Sent }),
            Changed(Entry with { Key = "510100:CD-2" }),
            Changed(Entry with { MessageId = "CD-2" }),
            Changed(Entry with { Type = "t" }),
            Changed(Entry with { ExchangeId = Nodes.NoExchange }),
            Changed(Entry with { Sender = "510600" }),
            Changed(Entry with { Sequence = 2 }),
            Changed(Entry with { At = Entry.At.AddMilliseconds(1) }),
            Changed(Entry with { Body = "{ }"u8.ToArray() }),
            Changed(Entry with { Reasons = "[]" }),
        ];
        hashes.Select(Convert.ToHexString).Distinct().Count().ShouldBe(hashes.Length);
    }

    [Fact]
    public void Absent_reasons_and_empty_reasons_differ() => Changed(Entry).ShouldNotBe(Changed(Entry with { Reasons = "" }));

    [Fact]
    public void A_text_cannot_move_into_its_neighbour() =>
        Changed(Entry with { Key = "ab", MessageId = "c" }).ShouldNotBe(Changed(Entry with { Key = "a", MessageId = "bc" }));

    [Fact]
    public void A_time_is_hashed_as_a_moment_wherever_it_was_read() =>
        Changed(Entry with { At = Entry.At.ToUniversalTime() }).ShouldBe(Changed(Entry));

    [Fact]
    public void Long_texts_are_hashed_whole()
    {
        var reasons = new string('长', 5000);
        Changed(Entry with { Reasons = reasons + "甲" }).ShouldNotBe(Changed(Entry with { Reasons = reasons + "乙" }));
    }

    private static byte[] Changed(JournalEntry entry) => JournalHash.Next(Start, 1, entry);
}
