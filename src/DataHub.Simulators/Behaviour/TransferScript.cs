namespace DataHub.Simulators.Behaviour;

internal enum TransferEnd
{
    Completed,
    Returned,
    Withdrawn,

    /// <summary>Sent in error: the old agency recalls the whole transfer, and the case is closed.</summary>
    Closed,
}

/// <summary>What happens on the way of the money.</summary>
internal enum MoneyStory
{
    /// <summary>One remittance of the whole.</summary>
    Whole,

    /// <summary>In two or three parts.</summary>
    Split,

    /// <summary>The bank sends it back; it is paid again to a corrected account.</summary>
    Bounced,

    /// <summary>Too much, and the surplus goes back.</summary>
    Overpaid,

    /// <summary>The first notice names a wrong amount and is refused.</summary>
    Misstated,

    /// <summary>The first table is recalled before anything is paid.</summary>
    TableRecalled,

    /// <summary>Paid once more after completion (重复划款), and sent back.</summary>
    PaidTwice,
}

/// <summary>How a transfer goes. Only a transfer that is completed has a story of its money, or months paid twice.</summary>
/// <param name="Overlap">The new city already holds months of the old record (重复缴费).</param>
/// <param name="MoneyFirst">The order of table and money is free.</param>
internal sealed record TransferStory(TransferEnd End, MoneyStory Money, bool Overlap, bool MoneyFirst);

/// <summary>Draws the story of a transfer, for both cities and the generator alike.</summary>
internal static class TransferScript
{
    public static TransferStory Of(Knobs knobs, string number, bool moneyMoves)
    {
        var first = moneyMoves && Draw.Of(knobs.Seed, number, "remittance-first") < 0.2;
        var plain = new TransferStory(TransferEnd.Completed, MoneyStory.Whole, Overlap: false, first);
        if (knobs.FixedEnds.TryGetValue(number, out var end))
            return plain with { End = end switch { "returned" => TransferEnd.Returned, "withdrawn" => TransferEnd.Withdrawn, _ => TransferEnd.Completed } };
        var draw = Draw.Of(knobs.Seed, number, "end");
        if ((draw -= knobs.ReturnRate) < 0)
            return plain with { End = TransferEnd.Returned };
        if ((draw -= knobs.WithdrawalRate) < 0)
            return plain with { End = TransferEnd.Withdrawn };
        if (Draw.Of(knobs.Seed, number, "overlap") < knobs.OverlapRate)
            return plain with { Overlap = true };

        // Where no money moves there is nothing to wait for, so that a recall would come too late.
        if (!moneyMoves)
            return plain;
        if (draw - knobs.RecallRate < 0)
            return plain with { End = TransferEnd.Closed, MoneyFirst = false };
        var money = Money(knobs, number);
        return plain with { Money = money, MoneyFirst = first && money is (MoneyStory.Whole or MoneyStory.Split) };
    }

    private static MoneyStory Money(Knobs knobs, string number)
    {
        var draw = Draw.Of(knobs.Seed, number, "money");
        if ((draw -= knobs.SplitRate) < 0)
            return MoneyStory.Split;
        if ((draw -= knobs.BounceRate) < 0)
            return MoneyStory.Bounced;
        if ((draw -= knobs.OverpayRate) < 0)
            return MoneyStory.Overpaid;
        if ((draw -= knobs.MisstateRate) < 0)
            return MoneyStory.Misstated;
        if ((draw -= knobs.RecallRate) < 0)
            return MoneyStory.TableRecalled;
        return draw - knobs.PaidTwiceRate < 0 ? MoneyStory.PaidTwice : MoneyStory.Whole;
    }
}
