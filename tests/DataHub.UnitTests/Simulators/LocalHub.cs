using System.Collections.Concurrent;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Flows;
using DataHub.Core.Native;
using DataHub.Core.Registry;
using DataHub.Core.Validation;
using DataHub.Simulators;
using DataHub.Simulators.Cases;

namespace DataHub.UnitTests.Simulators;

/// <summary>
/// The hub's rules without its transport: what a city hands over goes through its native form, validation, authority,
/// routing and the flow, and on to the other cities in order, every so often twice. Answers get lost now and then.
/// </summary>
internal sealed class LocalHub : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly ValidationPipeline validation;
    private readonly Dictionary<string, NativeMapping> mappings;
    private readonly Dictionary<(string City, string MessageId), PortOutcome> answered = [];
    private readonly Dictionary<string, ExchangeState> exchanges = [];
    private readonly Dictionary<string, PublishedResult> results = [];
    private readonly List<(string Patient, string ResultId)> byPatient = [];
    private readonly Dictionary<string, ConcurrentQueue<Func<CitySystem, Task>>> links = [];
    private readonly Dictionary<string, CitySystem> cities = [];
    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> pumps = [];
    private readonly Random chance = new(7);
    private int numbers;

    public LocalHub(RegistrySnapshot registry)
    {
        mappings = registry.Cities.ToDictionary(c => c.Code, c => NativeMapping.Load(RegistrySnapshot.FindSeeds(), c.Key, registry));
        Registry = registry;
        validation = new ValidationPipeline(registry, TimeProvider.System);
        foreach (var city in registry.Cities)
        {
            links[city.Code] = new();
            pumps.Add(Task.Run(() => PumpAsync(city.Code)));
        }
    }

    public RegistrySnapshot Registry { get; }

    /// <summary>Share of the answers and deliveries that get lost or come twice.</summary>
    public double Unrest { get; init; }

    public ConcurrentDictionary<string, string> Breaks { get; } = new();

    public ConcurrentBag<string> Unexpected { get; } = [];

    public bool Quiet => links.Values.All(l => l.IsEmpty);

    public void Connect(CitySystem system)
    {
        lock (gate)
            cities[system.City] = system;
    }

    public ExchangeState? Exchange(string exchangeId)
    {
        lock (gate)
            return exchanges.GetValueOrDefault(exchangeId);
    }

    public INativePort PortOf(string city) => new Port(this, city, mappings[city]);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(pumps);
        stop.Dispose();
    }

    private bool Happens() => Unrest > 0 && chance.NextDouble() < Unrest;

    private PortOutcome Take(string city, NativeMapping mapping, OutgoingNative message)
    {
        lock (gate)
        {
            if (answered.TryGetValue((city, message.MessageId), out var before))
                return before;
            PortOutcome outcome;
            try
            {
                outcome = Decide(city, mapping, message);
            }
            catch (Exception e)
            {
                Unexpected.Add(e.ToString());
                outcome = new PortOutcome.Refused([]);
            }

            answered.Add((city, message.MessageId), outcome);
            return outcome;
        }
    }

    private PortOutcome Decide(string city, NativeMapping mapping, OutgoingNative message)
    {
        var native = mapping.ToNative(message.Type, message.MessageId, message.ExchangeId, message.Time, message.Data);
        if (mapping.ToCanonical(native) is not NativeReadOutcome.Ok { Message: var read })
            return new PortOutcome.Refused(((NativeReadOutcome.Refused)mapping.ToCanonical(native)).Reasons);
        if (validation.Validate(read.Type, read.Data) is not ValidationOutcome.Ok { Payload: var payload })
            return Unwanted(message, new PortOutcome.Refused(((ValidationOutcome.Refused)validation.Validate(read.Type, read.Data)).Reasons));

        var exchangeId = read.ExchangeId ?? $"{city}-20260305-{++numbers:D10}";
        var reasons = Apply(new FlowMessage(read.MessageId, read.Type, exchangeId, city, message.Time, payload), read.Data.ToArray());
        if (reasons.Count == 0 && payload is JointApplication whole)
            OpenParts(city, mapping, message, exchangeId, whole);
        if (reasons.Count == 0 && payload is CaseWithdrawal && exchanges[exchangeId].Flow == JointFlow.Code)
            WithdrawParts(city, message, exchangeId, payload);
        if (reasons.Count > 0)
        {
            Unwanted(message, new PortOutcome.Refused(reasons));
            links[city].Enqueue(c => c.HandleRefusalAsync(message.MessageId, message.Type, exchangeId, reasons, stop.Token));
        }

        return new PortOutcome.Accepted(exchangeId);
    }

    // What the city's node does with a joint application: files every part, and tells the city's system of each.
    private void OpenParts(string city, NativeMapping mapping, OutgoingNative message, string wholeId, JointApplication whole)
    {
        foreach (var part in whole.Parts)
        {
            var submission = JointSplit.Part(whole, part, wholeId, Registry);
            var (id, exchangeId, data) = ($"{message.MessageId}-part-{part.Number}", $"{city}-20260305-{++numbers:D10}", PayloadReader.Write(submission));
            var native = mapping.ToNative(MessageTypes.ServiceSubmission, id, exchangeId, message.Time, data);
            var read = ((NativeReadOutcome.Ok)mapping.ToCanonical(native)).Message;
            links[city].Enqueue(c => c.HandleAsync(read.MessageId, read.Type, exchangeId, read.Data, stop.Token));
            var reasons = Apply(new FlowMessage(id, MessageTypes.ServiceSubmission, exchangeId, city, message.Time, submission), data);
            if (reasons.Count > 0)
                PartChanged(wholeId, part.Number, exchangeId, new Outcome(JointPartState.NotOpened, null, null), reasons[0].Code);
        }
    }

    private void WithdrawParts(string city, OutgoingNative message, string wholeId, IPayload withdrawal)
    {
        foreach (var part in JointParts.Of(exchanges[wholeId].Facts).Where(p => p is { ExchangeId: not null, Outcome: null }))
            Apply(new FlowMessage($"{message.MessageId}-part-{part.Number}", MessageTypes.CaseWithdrawal, part.ExchangeId!, city, message.Time, withdrawal), PayloadReader.Write(withdrawal));
    }

    private void PartChanged(string wholeId, int number, string exchangeId, Outcome? outcome, string reasons)
    {
        var evidence = outcome is null ? null : outcome.Code == JointPartState.NotOpened ? reasons : OutcomeText.Digest(exchangeId, outcome);
        var context = new FlowContext(TimeProvider.System.GetUtcNow(), Registry.Calendar, Registry, "", null);
        var (whole, told) = JointFlow.PartChanged(exchanges[wholeId], new JointPartState(number, exchangeId, outcome?.Code, evidence), context);
        exchanges[wholeId] = whole;
        if (told is null)
            return;
        var mapping = mappings[whole.SourceCity];
        var native = mapping.ToNative(MessageTypes.JointCompletion, $"joint-{wholeId}-{whole.Version}", wholeId, context.Now, PayloadReader.Write(told));
        var read = ((NativeReadOutcome.Ok)mapping.ToCanonical(native)).Message;
        links[whole.SourceCity].Enqueue(c => c.HandleAsync(read.MessageId, read.Type, wholeId, read.Data, stop.Token));
    }

    private PortOutcome Unwanted(OutgoingNative message, PortOutcome.Refused refused)
    {
        // What follows an opening message may be under way before the city learns that the opening was refused.
        var overtaken = refused.Reasons.All(r => r.Code == ReasonCodes.UnknownExchange);
        // A wrong amount on purpose, which the clerk puts right.
        var misstated = refused.Reasons.All(r => r.Code == ReasonCodes.RemittanceAmountDiffers);
        if (!FlowCatalogue.Opens(message.Type) && !overtaken && !misstated)
            Unexpected.Add($"{message.Type}: {string.Join("; ", refused.Reasons.Select(r => $"{r.Code} {r.Path}"))}");
        return refused;
    }

    private IReadOnlyList<Reason> Apply(FlowMessage message, byte[] data)
    {
        var state = exchanges.GetValueOrDefault(message.ExchangeId);
        var published = message.Payload switch
        {
            RecognitionQuery q => RecognitionSearchFlow.Choose(q, ResultsOf(q.Patient, [q.ItemCode]), Registry, message.SenderCity, TimeProvider.System.GetUtcNow()),
            ResultNotice n => results.GetValueOrDefault(n.ResultId),
            _ => state?.Facts.TryGetValue(FactKeys.ResultId, out var id) == true ? results.GetValueOrDefault(id) : null,
        };
        var now = TimeProvider.System.GetUtcNow();
        var target = state?.TargetCity ?? "";
        if (state is null && FlowCatalogue.OpenedBy(message.Type, message.Payload, Registry) is { } flow)
        {
            var (city, reason) = Routing.TargetOf(message.Payload, Registry, published);
            if (reason is not null)
                return [reason];
            target = city!;
            // As in the hub: what has no target is judged by its flow alone.
            if (flow.HasTarget && Authority.Check(Registry, flow.Code, OpenerItem.Of(message.Payload), message.SenderCity, target, WorkingDayCalendar.ShanghaiDate(now)) is { Count: > 0 } against)
                return against;
        }

        var whole = message.Payload is ServiceSubmission { Joint: { } joint } ? exchanges.GetValueOrDefault(joint.WholeExchangeId) : null;
        switch (FlowEngine.Decide(state, message, new FlowContext(now, Registry.Calendar, Registry, target, published) { Whole = whole }))
        {
            case Decision.Refused refused:
                return refused.Reasons;
            case Decision.Advanced advanced:
                exchanges[message.ExchangeId] = advanced.State;
                if (advanced.State.Facts.TryGetValue(FactKeys.Whole, out var wholeId) && (state is null || state.Outcome != advanced.State.Outcome))
                    PartChanged(wholeId, int.Parse(advanced.State.Facts[FactKeys.PartNumber]), advanced.State.ExchangeId, advanced.State.Outcome, "");
                foreach (var effect in advanced.Effects)
                    Cause(effect, message, data);
                return [];
            default:
                throw new InvalidOperationException("A decision has two outcomes.");
        }
    }

    private void Cause(Effect effect, FlowMessage message, byte[] data)
    {
        switch (effect)
        {
            case Effect.Forward forward:
                var mapping = mappings[forward.City];
                var native = mapping.ToNative(message.Type, message.MessageId, message.ExchangeId, message.Time, data);
                var read = ((NativeReadOutcome.Ok)mapping.ToCanonical(native)).Message;
                Task Deliver(CitySystem c) => c.HandleAsync(read.MessageId, read.Type, read.ExchangeId!, read.Data, stop.Token);
                links[forward.City].Enqueue(Deliver);
                if (Happens())
                    links[forward.City].Enqueue(Deliver);
                break;
            case Effect.IndexResult index:
                results[index.Result.ResultId] = index.Result;
                byPatient.Add((index.PatientIdNumber, index.Result.ResultId));
                break;
            case Effect.ListResults(var search):
                var list = RecognitionSearchFlow.ListFor(search, ResultsOf(search.Patient, search.ItemCodes), Registry, message.SenderCity, TimeProvider.System.GetUtcNow());
                links[message.SenderCity].Enqueue(c => c.HandleAsync("list-" + message.ExchangeId, MessageTypes.ResultList, message.ExchangeId, PayloadReader.Write(list), stop.Token));
                break;
            case Effect.AddHolder holder:
                results[holder.ResultId] = results[holder.ResultId] with { Holders = [.. results[holder.ResultId].Holders.Append(holder.City).Distinct()] };
                break;
            case Effect.ChangeResult change:
                results[change.ResultId] = results[change.ResultId] with { ResultDigest = change.ResultDigest, Revoked = change.Revoked };
                break;
            case Effect.UseResult use:
                var others = results[use.ResultId].Uses.Where(u => u.ExchangeId != message.ExchangeId);
                results[use.ResultId] = results[use.ResultId] with { Uses = use.Recognised ? [.. others, new ResultUse(message.ExchangeId, message.SenderCity)] : [.. others] };
                break;
            // The others count as had: this one every acknowledgement closes.
            case Effect.CloseBreak { Code: ReasonCodes.BreakRecognisedResultChanged } close:
                Breaks.TryRemove(KeyValuePair.Create(close.ExchangeId ?? message.ExchangeId, close.Code));
                break;
            case Effect.OpenBreak open:
                Breaks[open.ExchangeId ?? message.ExchangeId] = open.Code;
                break;
        }
    }

    private async Task PumpAsync(string city)
    {
        while (!stop.IsCancellationRequested)
        {
            CitySystem? system;
            lock (gate)
                system = cities.GetValueOrDefault(city);
            if (system is null || !links[city].TryPeek(out var deliver))
            {
                await Task.Delay(2);
                continue;
            }

            try
            {
                await deliver(system);
                links[city].TryDequeue(out _);
            }
            catch (Exception e) when (e is CityUnavailableException or OperationCanceledException or System.Threading.Channels.ChannelClosedException)
            {
                // Tried again: the link keeps the message until it is held.
                await Task.Delay(2);
            }
            catch (Exception e)
            {
                Unexpected.Add(e.ToString());
                links[city].TryDequeue(out _);
            }
        }
    }

    private List<PublishedResult> ResultsOf(Person patient, IReadOnlyList<string> items) =>
        [.. byPatient.Where(p => p.Patient == patient.IdNumber).Select(p => results[p.ResultId]).Where(r => items.Contains(r.ItemCode)).OrderByDescending(r => r.PerformedAt)];

    private sealed class Port(LocalHub hub, string city, NativeMapping mapping) : INativePort
    {
        public async Task<PortOutcome> SendAsync(OutgoingNative message, CancellationToken cancellationToken)
        {
            await Task.Yield();
            PortOutcome outcome;
            bool lost;
            lock (hub.gate)
            {
                outcome = hub.Take(city, mapping, message);
                lost = hub.Happens();
            }

            return lost ? throw new IOException("The answer was lost.") : outcome;
        }

        public Task<PortOutcome> SendRawAsync(string messageId, ReadOnlyMemory<byte> sample, CancellationToken cancellationToken) => SampleForm.Read(mapping, sample) switch
        {
            NativeReadOutcome.Ok { Message: var read } => SendAsync(new OutgoingNative(read.Type, read.MessageId, read.ExchangeId, TimeProvider.System.GetUtcNow(), read.Data), cancellationToken),
            NativeReadOutcome.Refused refused => Task.FromResult<PortOutcome>(new PortOutcome.Refused(refused.Reasons)),
            _ => throw new InvalidOperationException("Reading has two outcomes."),
        };
    }
}
