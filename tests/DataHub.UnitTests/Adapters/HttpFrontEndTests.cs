using System.Text;
using DataHub.Adapters.Chengdu;
using DataHub.Adapters.Deyang;
using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Core.Errors;
using DataHub.Core.Native;
using DataHub.Core.Registry;
using DataHub.Simulators;
using DataHub.Simulators.Chengdu;
using DataHub.Simulators.Deyang;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Adapters;

/// <summary>The simulated city's side and the adapter's side of the two HTTP interfaces, against each other over sockets.</summary>
public sealed class HttpFrontEndTests
{
    private static readonly OutgoingNative Withdrawal = new(
        MessageTypes.CaseWithdrawal, "W-1", MemoryIntake.ExchangeId, new DateTimeOffset(2026, 11, 20, 9, 0, 0, TimeSpan.FromHours(8)),
        """{"reason":"申请人㛃撤回\r\n<&>","withdrawnAt":"2026-11-20T08:59:59+08:00"}"""u8.ToArray());

    public static TheoryData<string> Cities => ["chengdu", "deyang"];

    [Theory]
    [MemberData(nameof(Cities))]
    public async Task What_the_city_sends_is_taken_in_as_it_was_meant(string city)
    {
        await using var run = await Run.StartAsync(city);
        (await run.Port.SendAsync(Withdrawal, default)).ShouldBe(new PortOutcome.Accepted(MemoryIntake.ExchangeId));
        (await run.Port.SendAsync(Withdrawal, default)).ShouldBe(new PortOutcome.Accepted(MemoryIntake.ExchangeId));
        var taken = run.Bench.Intake.Taken.ShouldHaveSingleItem();
        taken.Type.ShouldBe(Withdrawal.Type);
        taken.ExchangeId.ShouldBe(MemoryIntake.ExchangeId);
        Encoding.UTF8.GetString(taken.Data.Span).ShouldBe("""{"reason":"申请人㛃撤回\r\n<&>","withdrawnAt":"2026-11-20T08:59:59+08:00"}""");
    }

    [Theory]
    [MemberData(nameof(Cities))]
    public async Task A_refusal_reaches_the_city_and_a_busy_node_is_tried_again(string city)
    {
        await using var run = await Run.StartAsync(city);
        run.Bench.Intake.Says = new IntakeOutcome.Refused([Reasons.Of(ReasonCodes.ExchangeFinished, "$")]);
        (await run.Port.SendAsync(Withdrawal, default)).ShouldBeOfType<PortOutcome.Refused>().Reasons.ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.ExchangeFinished);
        run.Bench.Intake.Says = new IntakeOutcome.Busy(TimeSpan.FromSeconds(3));
        (await run.Port.SendAsync(Withdrawal, default)).ShouldBe(new PortOutcome.Retry(TimeSpan.FromSeconds(3)));
        (await run.Port.SendRawAsync("CD-1-01", "nonsense"u8.ToArray(), default)).ShouldBeOfType<PortOutcome.Refused>();
    }

    [Theory]
    [MemberData(nameof(Cities))]
    public async Task A_node_that_is_not_there_yet_is_tried_again(string city)
    {
        await using var run = await Run.StartAsync(city);
        await run.StopAdapterAsync();
        (await run.Port.SendAsync(Withdrawal, default)).ShouldBeOfType<PortOutcome.Retry>();
    }

    [Theory]
    [MemberData(nameof(Cities))]
    public async Task A_delivery_is_kept_by_the_city_s_system_and_answered_with_what_it_recorded(string city)
    {
        await using var run = await Run.StartAsync(city);
        var delivery = new Delivery(
            "X-1", MessageTypes.CaseReminder, "512000-20261120-0000000001", "service.online", "accepted", Withdrawal.Time,
            """{"text":"请尽快办理","remindedAt":"2026-11-20T08:59:59+08:00"}"""u8.ToArray());
        var first = await run.Bench.Adapter.DeliverAsync(delivery, default);
        (await run.Bench.Adapter.DeliverAsync(delivery, default)).ShouldBe(first);
        first.ShouldNotBeOfType<DeliveryOutcome.Transient>();
    }

    [Theory]
    [MemberData(nameof(Cities))]
    public async Task A_notice_of_refusal_is_kept_and_a_city_that_is_down_is_a_transient_fault(string city)
    {
        await using var run = await Run.StartAsync(city);
        var notice = new RefusalNotice("W-1", Withdrawal.Type, MemoryIntake.ExchangeId, [Reasons.Of(ReasonCodes.ExchangeFinished, "$")]);
        (await run.Bench.Adapter.NotifyRefusalAsync(notice, default)).ShouldBe(new DeliveryOutcome.Held(null));
        run.System.Knobs = run.System.Knobs with { Down = true };
        (await run.Bench.Adapter.NotifyRefusalAsync(notice, default)).ShouldBeOfType<DeliveryOutcome.Transient>();
    }

    private sealed class Run : IAsyncDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("datahub-front-end").FullName;
        private CityStore? _store;
        private bool _adapterStopped;

        public AdapterBench Bench { get; private set; } = null!;

        public CitySystem System { get; private set; } = null!;

        public INativePort Port { get; private set; } = null!;

        public static async Task<Run> StartAsync(string city)
        {
            var run = new Run();
            var seeds = RegistrySnapshot.FindSeeds();
            var registry = RegistrySnapshot.Load(seeds);
            var mapping = NativeMapping.Load(seeds, city, registry);
            var options = new HttpFrontEndOptions(NativeListener.AnyPort, () => run.Bench.Url, AdapterBench.ApiKey, AdapterBench.Secret);
            var time = new ManualTime();
            run._store = CityStore.Open(Path.Combine(run._folder, "sim.db"));
            Uri url;
            if (city == "chengdu")
            {
                var frontEnd = new ChengduFrontEnd(options, mapping, time);
                run.Port = frontEnd;
                run.System = new CitySystem(city, run._store, Knobs.Default, frontEnd, time, registry);
                await frontEnd.StartAsync(run.System, default);
                url = frontEnd.Url;
                run.Bench = await AdapterBench.StartAsync(city, context => new ChengduAdapter(context), url);
            }
            else
            {
                var frontEnd = new DeyangFrontEnd(options, mapping, time);
                run.Port = frontEnd;
                run.System = new CitySystem(city, run._store, Knobs.Default, frontEnd, time, registry);
                await frontEnd.StartAsync(run.System, default);
                url = frontEnd.Url;
                run.Bench = await AdapterBench.StartAsync(city, context => new DeyangAdapter(context), url);
            }

            return run;
        }

        public ValueTask StopAdapterAsync()
        {
            _adapterStopped = true;
            return Bench.DisposeAsync();
        }

        public async ValueTask DisposeAsync()
        {
            if (!_adapterStopped)
                await Bench.DisposeAsync();
            await ((IAsyncDisposable)Port).DisposeAsync();
            await _store!.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
