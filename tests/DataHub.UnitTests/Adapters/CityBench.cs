using System.Collections.Concurrent;
using System.Text;
using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Native;
using DataHub.Core.Registry;
using DataHub.Simulators;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataHub.UnitTests.Adapters;

/// <summary>A folder, a node that remembers what it took in, and a city system that remembers what it was given.</summary>
internal sealed class CityBench : IAsyncDisposable
{
    public const string Exchange = "510100-20260305-0000000001";
    public static readonly DateTimeOffset Time = new(2026, 3, 5, 14, 30, 5, TimeSpan.FromHours(8));
    public static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);
    private static readonly RegistrySnapshot Registry = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds());

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    public CityBench(string cityKey)
    {
        City = Registry.CityByKey(cityKey)!;
        Mapping = NativeMapping.Load(RegistrySnapshot.FindSeeds(), cityKey, Registry);
        Intake = new RememberingIntake(City.Code);
    }

    public City City { get; }

    public NativeMapping Mapping { get; }

    public RememberingIntake Intake { get; }

    public string Root { get; } = Directory.CreateTempSubdirectory("datahub-").FullName;

    /// <summary>What the city's system was given, by message id; and how often it was told in all.</summary>
    public ConcurrentDictionary<string, string> Handled { get; } = new();

    public int Told => _told;

    public ConcurrentDictionary<string, IReadOnlyList<Reason>> Refusals { get; } = new();

    public bool Down { get; set; }

    private int _told;

    public CityHandlers Handlers => new(
        (messageId, type, _, data, _) =>
        {
            Interlocked.Increment(ref _told);
            if (Down)
                throw new CityUnavailableException("down");
            Handled[messageId] = Encoding.UTF8.GetString(data.Span);
            return Task.FromResult(type == MessageTypes.ServiceDecision ? new Outcome("approved", 900, "川510681-2026-000318") : null);
        },
        (messageId, _, _, reasons, _) =>
        {
            Refusals[messageId] = reasons;
            return Task.CompletedTask;
        });

    public CityAdapterContext Context(string path) => new(
        City, Registry, Mapping, Intake,
        new CityEndpoint { Path = path, PollInterval = Poll, Resilience = new CityResilienceOptions { AttemptTimeout = TimeSpan.FromSeconds(5) } },
        TimeProvider.System, NullLoggerFactory.Instance);

    public static byte[] Sample(string type, string name) =>
        File.ReadAllBytes(Path.Combine(Repository.Root, "contracts", "samples", type[MessageTypes.Prefix.Length..], "valid", name + ".json"));

    public static OutgoingNative Submission(string messageId) =>
        new(MessageTypes.ServiceSubmission, messageId, null, Time, Sample(MessageTypes.ServiceSubmission, "enterprise-with-agent"));

    public static Delivery Decision(string messageId)
    {
        var folder = Path.Combine(Repository.Root, "contracts", "samples", "service.decision.v1", "valid");
        var data = Directory.EnumerateFiles(folder).Select(File.ReadAllBytes).First(bytes => Encoding.UTF8.GetString(bytes).Contains("\"amountFen\": 900", StringComparison.Ordinal));
        return new Delivery(messageId, MessageTypes.ServiceDecision, Exchange, "service.online", "decided", Time, data);
    }

    public NativeRecord Record(OutgoingNative message) => Mapping.ToNative(message.Type, message.MessageId, message.ExchangeId, message.Time, message.Data);

    public void Run(Func<CancellationToken, Task> run) => _running.Add(run(_stop.Token));

    /// <summary>Ends what runs, as at a stop of the process.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
    }

    public static async Task Until(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!condition())
            await Task.Delay(5, deadline.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        Directory.Delete(Root, recursive: true);
    }

    public sealed class RememberingIntake(string city) : IAdapterIntake
    {
        private readonly Lock _turn = new();

        public string City => city;

        public Dictionary<string, NativeIntake> Taken { get; } = [];

        public List<(string? MessageId, IReadOnlyList<Reason> Reasons)> Refused { get; } = [];

        public int Duplicates { get; private set; }

        /// <summary>How often the node still says that it is busy.</summary>
        public int BusyTimes { get; set; }

        public Task<IntakeOutcome> TakeInAsync(NativeIntake message, CancellationToken cancellationToken)
        {
            lock (_turn)
            {
                if (BusyTimes-- > 0)
                    return Task.FromResult<IntakeOutcome>(new IntakeOutcome.Busy(TimeSpan.FromMilliseconds(1)));
                var duplicate = !Taken.TryAdd(message.MessageId, message);
                if (duplicate)
                    Duplicates++;
                return Task.FromResult<IntakeOutcome>(new IntakeOutcome.Accepted(message.MessageId, Exchange, 1, duplicate));
            }
        }

        public Task RefuseAsync(ReadOnlyMemory<byte> native, string? messageId, IReadOnlyList<Reason> reasons, CancellationToken cancellationToken)
        {
            lock (_turn)
                Refused.Add((messageId, reasons));
            return Task.CompletedTask;
        }
    }
}
