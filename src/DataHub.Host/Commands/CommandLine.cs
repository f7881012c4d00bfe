using System.CommandLine;
using System.CommandLine.Parsing;
using DataHub.Core.Storage;
using DataHub.Host.Demo;
using DataHub.Host.Roles;
using DataHub.Host.Telemetry;

namespace DataHub.Host.Commands;

/// <summary>Exit codes, for scripts.</summary>
public static class ExitCodes
{
    public const int Done = 0;

    /// <summary>The work was done and its result is negative: something open, refused, not found or not genuine.</summary>
    public const int Negative = 1;

    /// <summary>The command line or the settings are wrong, or the data folder is in use.</summary>
    public const int CannotStart = 2;

    /// <summary>The hub could not be reached or asked to come again, or the command was stopped before it was done.</summary>
    public const int TryAgain = 3;
}

/// <summary>The command line: what can be asked of the program, in one place.</summary>
public static class CommandLine
{
    public static RootCommand Build()
    {
        var data = new Option<string>("--data") { Description = "Folder of the database, keys and city files; or the variable DATAHUB_DATA", DefaultValueFactory = _ => HostSettings.OfVariable("DATA") ?? "data", Recursive = true };
        var urls = new Option<string>("--urls") { Description = "Address of the HTTP API; or the variable DATAHUB_URLS", DefaultValueFactory = _ => HostSettings.OfVariable("URLS") ?? "http://127.0.0.1:5080" };
        var cases = new Option<int>("--cases") { Description = "Generated cases to run, 0 to 100000", DefaultValueFactory = _ => 40 };
        cases.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() is < 0 or > 100_000)
                r.AddError("--cases takes a whole number from 0 to 100000.");
        });
        var seed = new Option<int>("--seed") { Description = "Seed of the generated cases and of the cities' behaviour", DefaultValueFactory = _ => 1 };
        var demo = new Option<string>("--demo") { Description = "Run the sample cases at start: on or off", DefaultValueFactory = _ => "on" };
        demo.AcceptOnlyFromAmong("on", "off");
        var fast = new Option<bool>("--fast") { Description = "Simulated clerks answer at once instead of after 0.2 to 1.5 seconds" };
        var clock = new Option<DateTimeOffset?>("--clock") { Description = "For demonstrations: the moment at which the hub's clock starts, such as 2026-03-05T09:00+08:00" };
        var speed = new Option<int>("--speed") { Description = "For demonstrations: seconds by which the hub's clock moves on in one, 1 to 86400", DefaultValueFactory = _ => 1 };
        speed.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() is < 1 or > MovedTime.MaxSpeed)
                r.AddError("--speed takes a whole number from 1 to 86400.");
        });
        var json = new Option<bool>("--json") { Description = "Print one JSON line at the end and nothing else" };
        var timeout = new Option<int>("--timeout") { Description = "Seconds after which the demo gives up waiting", DefaultValueFactory = _ => 600 };

        var telemetry = new TelemetryArguments();
        Start Read(ParseResult r)
        {
            var (signals, level) = telemetry.Read(r);
            return new(r.GetValue(data)!, r.GetValue(urls)!, r.GetValue(cases), r.GetValue(seed), r.GetValue(fast)) { Telemetry = signals, LogLevel = level, Clock = r.GetValue(clock), Speed = r.GetValue(speed) };
        }

        var root = new RootCommand("DataHub: cross-city exchanges of Chengdu, Deyang, Meishan and Ziyang, from submission to reconciled outcome.")
        {
            data, urls, cases, seed, demo, fast, clock, speed,
        };
        foreach (var option in telemetry.All)
            root.Add(option);
        root.SetAction((r, cancel) => ServeCommand.RunAsync(Read(r), r.GetValue(demo) == "on", cancel));

        var demoCommand = new Command("demo", "Run the sample cases and exit: 0 only when every case ended as expected") { urls, cases, seed, fast, json, timeout };
        demoCommand.SetAction((r, cancel) => DemoCommand.RunAsync(Read(r) with { Url = "http://127.0.0.1:0" }, r.GetValue(json), TimeSpan.FromSeconds(r.GetValue(timeout)), cancel));
        demoCommand.Options.Remove(urls);
        root.Add(demoCommand);

        root.Add(Role("broker", "Run the hub's shards, with other brokers (RabbitMQ and PostgreSQL)", Read, data, urls));
        root.Add(RoleOfCity("adapter", "Run a city's native interface and its node (RabbitMQ and PostgreSQL)", RoleKind.Adapter, Read, data, urls));
        root.Add(Role("console", "Serve the HTTP API for looking things up (PostgreSQL)", Read, data, urls));
        root.Add(Simulator(Read, data, urls, cases, seed, fast));
        root.Add(Generate(Read, cases, seed));
        root.Add(Health(urls));
        root.Add(Submit(urls));
        root.Add(Show(data));
        root.Add(Statistics(data));
        root.Add(Verify(data));
        root.Add(Parked(data));
        root.Add(Replay(Read));
        root.Add(ApiKey(data));
        root.Add(Keys());
        return root;
    }

    private static Command Role(string name, string description, Func<ParseResult, Start> read, params Option[] options)
    {
        var command = new Command(name, description);
        foreach (var option in options.Where(o => !o.Recursive))
            command.Add(option);
        var role = new HostRole(Enum.Parse<RoleKind>(name, ignoreCase: true));
        command.SetAction((r, cancel) => RoleCommand.RunAsync(read(r), role, plan: false, cancel));
        return command;
    }

    private static Command RoleOfCity(string name, string description, RoleKind kind, Func<ParseResult, Start> read, params Option[] options)
    {
        var city = new Argument<string>("CITY") { Description = "chengdu, deyang, meishan or ziyang" };
        var command = new Command(name, description) { city };
        foreach (var option in options.Where(o => !o.Recursive))
            command.Add(option);
        command.SetAction((r, cancel) => RoleCommand.RunAsync(read(r), new HostRole(kind, r.GetValue(city)!), plan: r.GetResult("--cases") is OptionResult { Implicit: false }, cancel));
        return command;
    }

    private static Command Simulator(Func<ParseResult, Start> read, params Option[] options) =>
        RoleOfCity("simulator", "Run a simulated city system; with --cases it hands in its share of the demo's cases", RoleKind.Simulator, read, options);

    private static Command Generate(Func<ParseResult, Start> read, Option<int> cases, Option<int> seed)
    {
        var folder = new Argument<string>("DIR") { Description = "New folder: the cities' own files, requests and tables, and expected.csv" };
        var start = new Option<DateTimeOffset?>("--start") { Description = "Moment at which the cases are submitted, such as 2026-03-05T09:00+08:00; the same seed and moment give the same cases [default: now]" };
        var command = new Command("generate", "Write realistic cases in each city's own form, right and wrong ones, with what has to become of them") { folder, cases, seed, start };
        command.SetAction((r, cancel) => GenerateCommand.RunAsync(read(r).ToOptions(), r.GetValue(folder)!, r.GetValue(cases), r.GetValue(seed), r.GetValue(start) ?? TimeProvider.System.GetUtcNow(), cancel));
        return command;
    }

    private static Command Health(Option<string> urls)
    {
        var command = new Command("health", "Ask a running process whether it can work: 0 ready, 1 not ready, 3 not reached") { urls };
        command.SetAction((r, cancel) => HealthCommand.RunAsync(r.GetValue(urls)!, cancel));
        return command;
    }

    private static Command Submit(Option<string> urls)
    {
        var file = new Argument<FileInfo>("FILE") { Description = "One CloudEvent as JSON, or a JSON array of them; {{now}} in it stands for the moment of sending" };
        var key = new Option<string>("--key") { Description = "API key of the city (see api-key); or the variable DATAHUB_API_KEY" };
        var command = new Command("submit", "Hand a message over to a running hub: 0 accepted, 1 refused, 3 not reached") { file, key, urls };
        command.SetAction((r, cancel) => SubmitCommand.RunAsync(r.GetValue(file)!, r.GetValue(key) ?? Environment.GetEnvironmentVariable("DATAHUB_API_KEY"), r.GetValue(urls)!, cancel));
        return command;
    }

    private static Command Show(Option<string> data)
    {
        var id = new Argument<string>("ID") { Description = "Exchange id, such as 510100-20261122-0000000001" };
        var command = new Command("show", "Show an exchange: its state, what each side holds, its messages; 1 where it is not known") { id };
        command.SetAction((r, cancel) => ShowCommand.RunAsync(r.GetValue(data)!, r.GetValue(id)!, cancel));
        return command;
    }

    private static Command Statistics(Option<string> data)
    {
        var command = new Command("statistics", "Print the statistics of the last twelve months, over all cities");
        command.SetAction((r, cancel) => StatisticsCommand.RunAsync(r.GetValue(data)!, cancel));
        return command;
    }

    private static Command Verify(Option<string> data)
    {
        var command = new Command("verify", "Check every journal's hash chain and signatures; 1 where something does not hold");
        command.SetAction((r, cancel) => VerifyCommand.RunAsync(r.GetValue(data)!, cancel));
        return command;
    }

    private static Command Parked(Option<string> data)
    {
        var command = new Command("parked", "List messages and deliveries that wait for an operator; 1 where there are any");
        command.SetAction((r, cancel) => ParkedCommand.ListAsync(r.GetValue(data)!, cancel));
        return command;
    }

    private static Command Replay(Func<ParseResult, Start> read)
    {
        var node = new Argument<string>("NODE") { Description = "A shard of the hub (000000 for the first) or a city's code, as parked lists it" };
        var number = new Argument<long>("NUMBER") { Description = "Journal number, as parked lists it" };
        var position = new Option<int>("--position") { Description = "Position within a receipt, as parked lists it" };
        var by = new Option<string>("--operator") { Description = "Who does it", Required = true };
        var reason = new Option<string>("--reason") { Description = "Why; journalled with it", Required = true };
        var id = new Option<string>("--request") { Description = "Id of the request; one that was made before is not carried out twice", DefaultValueFactory = _ => Guid.NewGuid().ToString("N") };
        id.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<string>() is not { Length: > 0 and <= 64 } text || !text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
                r.AddError("--request takes 1 to 64 letters, digits and hyphens.");
        });
        var timeout = new Option<int>("--timeout") { Description = "Seconds to wait for the process that runs the node", DefaultValueFactory = _ => 60 };
        var command = new Command("replay", "Work a parked message again, beside a running hub or without one: 0 worked, 1 not, 3 nobody has done it in time")
        {
            node, number, position, by, reason, id, timeout,
        };
        command.SetAction((r, cancel) =>
        {
            var request = new ReplayRequest(r.GetValue(id)!, r.GetValue(node)!, r.GetValue(number), r.GetValue(position), r.GetValue(by)!, r.GetValue(reason)!, TimeProvider.System.GetUtcNow());
            return ReplayCommand.RunAsync(read(r), request, TimeSpan.FromSeconds(r.GetValue(timeout)), cancel);
        });
        return command;
    }

    private static Command Keys()
    {
        var folder = new Argument<string>("DIR") { Description = "Folder of the keys of a deployment, with a folder for each party" };
        var node = new Argument<string>("PARTY") { Description = "hub, chengdu, deyang, meishan or ziyang" };
        var from = new Option<DateOnly>("--from") { Description = "First day on which the key signs", DefaultValueFactory = _ => DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime) };
        var years = new Option<int>("--years") { Description = "Years for which it signs, 1 to 10", DefaultValueFactory = _ => 2 };
        years.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() is < 1 or > 10)
                r.AddError("--years takes a whole number from 1 to 10.");
        });
        var create = new Command("create", "Make a key folder for the hub and each city: its own private key, everyone's public ones; the brokers' patients.secret in the hub's") { folder, from, years };
        create.SetAction(r => KeysCommand.Create(r.GetValue(folder)!, new KeyPeriod(r.GetValue(from), r.GetValue(years))));
        var add = new Command("add", "Make a further key for one party, to follow the one that it has") { folder, node, from, years };
        add.SetAction(r => KeysCommand.Add(r.GetValue(folder)!, r.GetValue(node)!, new KeyPeriod(r.GetValue(from), r.GetValue(years))));
        return new Command("keys", "Make signing keys for production") { create, add };
    }

    private static Command ApiKey(Option<string> data)
    {
        var city = new Argument<string>("CITY") { Description = "chengdu, deyang, meishan or ziyang" };
        var command = new Command("api-key", "Make an API key for a city and print it once; only its hash is kept") { city };
        command.SetAction(r => ApiKeyCommand.Run(DataFolder.Options(r.GetValue(data)!), r.GetValue(city)!));
        return command;
    }
}

/// <summary>Settings that several commands share.</summary>
public sealed record Start(string Data, string Url, int Cases, int Seed, bool Fast)
{
    public TelemetryOptions Telemetry { get; init; } = new();

    public LogLevel LogLevel { get; init; } = LogLevel.Warning;

    /// <summary>Where a moved clock starts; null: at the true time.</summary>
    public DateTimeOffset? Clock { get; init; }

    /// <summary>Seconds by which the hub's clock moves on in one.</summary>
    public int Speed { get; init; } = 1;

    /// <summary>What the command line says, where it names a folder or an address; for the rest the environment.</summary>
    public DataHubOptions ToOptions(HostRoles? roles = null)
    {
        var knobs = Simulators.Knobs.Default with { Seed = Seed };
        if (Fast)
            knobs = knobs with { ClerkDelayFrom = TimeSpan.Zero, ClerkDelayTo = TimeSpan.Zero };
        var options = new DataHubOptions { DataDirectory = Data, Url = Url, Knobs = knobs, Telemetry = Telemetry, LogLevel = LogLevel, Roles = roles ?? HostRoles.Everything };
        if (Clock is not null || Speed > 1)
        {
            // How long the sides take to confirm is the machine's doing, which is no faster than before.
            options = options with
            {
                Time = new MovedTime(Clock ?? TimeProvider.System.GetUtcNow(), Speed, TimeProvider.System),
                Hub = options.Hub with { ReconcileWithin = options.Hub.ReconcileWithin * Speed },
            };
        }

        return HostSettings.OfProcess().Apply(options) with { DataDirectory = Data, Url = Url };
    }
}

internal static class ServeCommand
{
    public static Task<int> RunAsync(Start start, bool demo, CancellationToken cancel) => UntilStopped.RunAsync(async () =>
    {
        await using var host = await DataHubHost.StartAsync(start.ToOptions(), cancel);
        Console.WriteLine($"DataHub listens on {host.Url} and keeps its data in {Path.GetFullPath(start.Data)}. Ctrl-C ends it.");
        if (demo)
        {
            var (plan, continued) = DemoPlan.LoadOrCreate(start.Data, start.Cases, start.Seed, host.Options.Time.GetUtcNow());
            if (continued)
                Console.WriteLine($"Going on with the {plan.Cases} cases that this folder was started with; name another folder with --data for new ones.");
            await DemoScreen.RunAsync(host, plan, TimeSpan.MaxValue, quiet: false, cancel);
        }

        await Task.Delay(Timeout.Infinite, cancel);
    }, cancel);
}

internal static class DemoCommand
{
    public static async Task<int> RunAsync(Start start, bool json, TimeSpan atMost, CancellationToken cancel)
    {
        // As in UntilStopped.
        await Task.Yield();
        DemoSummary summary;
        await using (var host = await DataHubHost.StartAsync(start.ToOptions(), cancel))
        {
            var (plan, _) = DemoPlan.LoadOrCreate(start.Data, start.Cases, start.Seed, TimeProvider.System.GetUtcNow());
            summary = await DemoScreen.RunAsync(host, plan, atMost, json, cancel);
        }

        // The last line, after whatever stopping may print.
        if (json)
            Console.WriteLine(DemoScreen.Json(summary));
        return summary.Success ? ExitCodes.Done : ExitCodes.Negative;
    }
}
