using System.Diagnostics;
using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Errors;
using DataHub.Core.Flows;
using DataHub.Core.Signing;
using DataHub.Core.Storage;
using DataHub.Core.Telemetry;
using DataHub.Core.Validation;

namespace DataHub.Adapters.Pipeline;

/// <summary>What the city's own system sends: taken in, or refused and journalled.</summary>
public sealed partial class AdapterNode
{
    public async Task<IntakeOutcome> TakeInAsync(NativeIntake message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        var started = time.GetUtcNow();
        var outcome = await DecideIntakeAsync(message, cancellationToken);
        Observe(message, outcome, started);
        return outcome;
    }

    private void Observe(NativeIntake message, IntakeOutcome outcome, DateTimeOffset started)
    {
        if (outcome is IntakeOutcome.Busy)
            metrics.Busy(message.Type);
        if (outcome is IntakeOutcome.Accepted { Duplicate: true })
            metrics.Duplicate(City, message.Type);
        if (!ExchangeTrace.IsWatched || outcome is IntakeOutcome.Busy)
            return;
        var accepted = outcome as IntakeOutcome.Accepted;
        if ((accepted?.ExchangeId ?? message.ExchangeId) is not { } exchange || !EventFormat.IsExchangeId(exchange) || !EventFormat.IsIdentifier(message.MessageId))
            return;
        var codes = outcome is IntakeOutcome.Refused refused ? string.Join(',', refused.Reasons.Select(r => r.Code).Distinct(StringComparer.Ordinal)) : "";
        ExchangeTrace.Add(ExchangeTrace.TakeIn, ActivityKind.Server, new TracedMessage(City, City, exchange, message.MessageId, message.Type), started, time.GetUtcNow(),
            accepted is null ? "refused" : accepted.Duplicate ? "duplicate" : "accepted", codes, Activity.Current);
    }

    private async Task<IntakeOutcome> DecideIntakeAsync(NativeIntake message, CancellationToken cancellationToken)
    {
        if (Form(message) is { } badForm)
            return await RefusedAsync(message, badForm, cancellationToken);
        var (payload, invalid) = check.Read(message.Type, message.Data);
        if (invalid is null && Backlog > options.MaxBacklog)
            return new IntakeOutcome.Busy(TimeSpan.FromSeconds(2));
        IntakeOutcome? outcome = null;
        var wants = new Wants([City + ":" + message.MessageId], message.ExchangeId is null ? [] : [message.ExchangeId]);
        var work = new AdapterWork(1, () => wants, async (step, cancel) => await TakeInAsync(step, message, payload, invalid, o => outcome = o, cancel));
        if (!loop.TryPost(work))
            return new IntakeOutcome.Busy(TimeSpan.FromSeconds(1));
        return await CompletedAsync(work) ? outcome! : new IntakeOutcome.Busy(TimeSpan.FromSeconds(2));
    }

    /// <exception cref="StoreUnavailableException">The refusal is not journalled, so it must not be told to anyone.</exception>
    public async Task RefuseAsync(ReadOnlyMemory<byte> native, string? messageId, IReadOnlyList<Reason> reasons, CancellationToken cancellationToken)
    {
        var work = new AdapterWork(1, static () => Wants.Nothing, (step, cancel) => step.RefuseAsync(native, messageId ?? "", "", Nodes.NoExchange, City, reasons, cancel));
        await loop.PostAsync(work, cancellationToken);
        await work.Done.Task;
    }

    private async Task<IntakeOutcome> RefusedAsync(NativeIntake message, IReadOnlyList<Reason> reasons, CancellationToken cancel)
    {
        var work = new AdapterWork(1, static () => Wants.Nothing, (step, token) => step.RefuseAsync(
            message.Native, message.MessageId.Length <= 64 ? message.MessageId : "", message.Type, Nodes.NoExchange, City, reasons, token));
        if (!loop.TryPost(work))
            return new IntakeOutcome.Busy(TimeSpan.FromSeconds(1));
        return await CompletedAsync(work) ? new IntakeOutcome.Refused(reasons) : new IntakeOutcome.Busy(TimeSpan.FromSeconds(2));
    }

    private List<Reason>? Form(NativeIntake message)
    {
        List<Reason> reasons = [];
        if (!EventFormat.IsIdentifier(message.MessageId) || HubFrames.IsReportId(message.MessageId, City) || IsPartId(message.MessageId))
            reasons.Add(Reasons.Of(ReasonCodes.PatternMismatch, "$.messageId"));
        if (!PayloadCheck.IsBusiness(message.Type))
            reasons.Add(Reasons.Of(ReasonCodes.UnknownType, "$.type"));
        else if (!FlowCatalogue.Opens(message.Type) && message.ExchangeId is null)
            reasons.Add(Reasons.Of(ReasonCodes.RequiredMissing, "$.exchangeId"));
        else if (message.ExchangeId is not null && !EventFormat.IsExchangeId(message.ExchangeId))
            reasons.Add(Reasons.Of(ReasonCodes.PatternMismatch, "$.exchangeId"));
        return reasons.Count == 0 ? null : reasons;
    }

    private async Task TakeInAsync(AdapterStep step, NativeIntake message, IPayload? payload, IReadOnlyList<Reason>? invalid, Action<IntakeOutcome> tell, CancellationToken cancel)
    {
        var key = City + ":" + message.MessageId;
        if (step.Known(key) is { } known)
        {
            var first = known.Read();
            if (first is not null && first.Type == message.Type && first.DataDigest == SignedText.DigestOf(message.Data.Span))
            {
                tell(new IntakeOutcome.Accepted(message.MessageId, known.ExchangeId, known.Sequence, Duplicate: true));
                return;
            }

            await RefuseAsync(step, message, [Reasons.Of(ReasonCodes.ReplayedWithOtherBody, "$.messageId")], tell, cancel);
            return;
        }

        // Asked only of what is new: a repetition gets the first answer even where time has made the rules refuse it.
        if (invalid is not null)
        {
            await RefuseAsync(step, message, invalid, tell, cancel);
            return;
        }

        var opens = FlowCatalogue.OpenedBy(message.Type, payload!, check.Registry);
        if (opens is null && FlowCatalogue.Opens(message.Type))
        {
            await RefuseAsync(step, message, [Reasons.Of(ReasonCodes.UnknownItem, "$.itemCode")], tell, cancel);
            return;
        }

        if (opens is null && step.Exchange(message.ExchangeId!) is null)
        {
            await RefuseAsync(step, message, [Reasons.Of(ReasonCodes.UnknownExchange, "$.exchangeId")], tell, cancel);
            return;
        }

        var shard = opens is null ? shards.Of(message.ExchangeId!) : OpeningShard.Of(payload!, shards) ?? step.OpeningShard;
        var number = step.Links[shard].Assigned + 1;
        var exchangeId = opens is null ? message.ExchangeId! : NewExchangeId(step, shard, number);
        step.Make(shard, message.MessageId, message.Type, exchangeId, message.Data);
        var row = Views.AfterSending(opens is null ? step.Exchange(exchangeId) : null, opens, exchangeId, City, payload!, step.Now);
        step.Put(row);
        step.Sent.Add((message.MessageId, message.Type, HubFrames.CarriesOutcome(row.State.Flow, message.Type) ? payload : null));
        if (payload is JointApplication whole)
            SplitApplication(step, shard, number, row, whole);
        else if (payload is CaseWithdrawal withdrawal && row.State.Flow == JointFlow.Code)
            await SplitWithdrawalAsync(step, shard, number, row, withdrawal, cancel);
        tell(new IntakeOutcome.Accepted(message.MessageId, exchangeId, number, Duplicate: false));
    }

    private string NewExchangeId(AdapterStep step, int shard, long number) =>
        string.Create(CultureInfo.InvariantCulture, $"{City}-{WorkingDayCalendar.ShanghaiDate(step.Now):yyyyMMdd}-{shards.ExchangeNumber(number, shard):D10}");

    private async Task RefuseAsync(AdapterStep step, NativeIntake message, IReadOnlyList<Reason> reasons, Action<IntakeOutcome> tell, CancellationToken cancel)
    {
        await step.RefuseAsync(message.Native, message.MessageId, message.Type, message.ExchangeId ?? Nodes.NoExchange, City, reasons, cancel);
        tell(new IntakeOutcome.Refused(reasons));
    }

    private static async Task<bool> CompletedAsync(AdapterWork work)
    {
        try
        {
            await work.Done.Task;
            return true;
        }
        catch (Exception e) when (e is StoreUnavailableException or LeaseLostException or OperationCanceledException)
        {
            // Not durable, so not acknowledged: whoever sent it sends it again.
            return false;
        }
    }
}
