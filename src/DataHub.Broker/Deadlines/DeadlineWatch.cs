using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Core.Storage;

namespace DataHub.Broker.Deadlines;

/// <summary>What a step of an exchange means for the notices of its deadline. Pure.</summary>
internal static class DeadlineWatch
{
    /// <summary>The row after a step: a deadline that is another one starts from nothing told, and its first notice has its day.</summary>
    public static ExchangeRow After(ExchangeRow? previous, ExchangeRow next, RegistrySnapshot registry)
    {
        if (previous is not null && Same(previous.State, next.State))
            return next with { NoticeStage = previous.NoticeStage, NoticeOn = previous.NoticeOn };
        return next with { NoticeStage = 0, NoticeOn = NoticePlan.Next(next.State, 0, registry) };
    }

    /// <summary>True where a breach that was told is over: the step that was awaited has come, or another deadline runs now.</summary>
    public static bool Relieved(ExchangeRow? previous, ExchangeRow next) =>
        previous is { NoticeStage: >= NoticePlan.Breached } && next.NoticeStage < NoticePlan.Breached;

    private static bool Same(ExchangeState before, ExchangeState after) =>
        before.Final == after.Final && before.Clock == after.Clock && Deadline.SupplementDueOn(before.Facts) == Deadline.SupplementDueOn(after.Facts);
}
