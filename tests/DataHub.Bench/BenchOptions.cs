using System.Globalization;

namespace DataHub.Bench;

/// <summary>What to measure.</summary>
internal sealed record BenchOptions
{
    public const string Usage = """
        exchange [--mode embedded|distributed] [--n 20000] [--runs 3] [--inflight N] [--rate N] [--data DIR] [--brokers 1] [--shards 1]
                 whole exchanges: throughput, latency at half of it (or at --rate per second), memory, start-up, validation
        growth   [--mode distributed] [--rows 1000000] [--n 20000] [--brokers 1] [--shards 1]
                 throughput beside so many stored exchanges against an empty database
        growth   --mode embedded [--rows 100000] [--inflight 256] [--data DIR]
                 one host, cost per exchange in twenty segments of equal size
        overload [--n 30000] [--rate N] [--brokers 1] [--shards 1]
                 brokers away, cities at full speed: what waits where, and that all of it ends
        endurance [--minutes 10] [--n 20000] [--brokers 1] [--shards 1]
                 full load for minutes in segments of n exchanges: memory of each process, and what an exchange costs
        startup  starts a host, hands one request in, prints the milliseconds since the process was started
        """;

    public required string Command { get; init; }

    /// <summary>Exchanges of a counted run.</summary>
    public int N { get; init; } = 20_000;

    /// <summary>Folder of the parties' keys; null for new ones. A database that is used again wants the keys that it was used with.</summary>
    public string? Keys { get; init; }

    /// <summary>For <c>growth</c>: exchanges stored before (distributed), or of the whole (embedded).</summary>
    public int Rows { get => field > 0 ? field : Distributed ? 1_000_000 : 100_000; init; }

    public int Runs { get; init; } = 3;

    /// <summary>Length of an <c>endurance</c> run, at least.</summary>
    public int Minutes { get; init; } = 10;

    /// <summary>Exchanges under way at once in a closed loop; on servers more, since a commit crosses to another process: 2,000 keep the groups large, 4,000 gain nothing (docs/design/exchange-path.md).</summary>
    public int InFlight { get => field > 0 ? field : Distributed ? 2_000 : 256; init; }

    /// <summary>On RabbitMQ and PostgreSQL, with brokers in processes of their own.</summary>
    public bool Distributed { get; init; }

    /// <summary>Broker processes; 0: the broker runs with the adapters.</summary>
    public int Brokers { get; init; } = 1;

    /// <summary>Of the hub: at least as many as brokers, or some of them stand by.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>Messages of a city that may wait for the hub; null: the product's default.</summary>
    public int? MaxBacklog { get; init; }

    /// <summary>Rate of the latency run, exchanges per second; null: half of the measured throughput.</summary>
    public double? Rate { get; init; }

    /// <summary>Folder that gets the temporary data folders: choose the disk by it.</summary>
    public string DataDirectory { get; init; } = Path.GetTempPath();

    public static BenchOptions? Parse(string[] args, out string fault)
    {
        fault = "";
        if (args is not [("exchange" or "growth" or "overload" or "endurance" or "startup") and var command, .. var rest] || rest.Length % 2 != 0)
        {
            fault = "Name a command; every option takes a value.";
            return null;
        }

        var options = new BenchOptions { Command = command, N = command == "overload" ? 30_000 : 20_000, Distributed = command is "growth" or "overload" or "endurance" };
        foreach (var pair in rest.Chunk(2))
        {
            int? number = int.TryParse(pair[1], NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0 ? value : null;
            var next = (pair[0], number) switch
            {
                ("--mode", _) when pair[1] is "embedded" or "distributed" => options with { Distributed = pair[1] == "distributed" },
                ("--brokers", _) when pair[1] == "0" => options with { Brokers = 0 },
                ("--brokers", not null) => options with { Brokers = value },
                ("--shards", not null) => options with { Shards = value },
                ("--n", >= 100) => options with { N = value },
                ("--rows", >= 100) => options with { Rows = value },
                ("--minutes", >= 1 and <= 600) => options with { Minutes = value },
                ("--runs", not null) => options with { Runs = value },
                ("--inflight", not null) => options with { InFlight = value },
                ("--rate", not null) => options with { Rate = value },
                ("--data", _) when Directory.Exists(pair[1]) => options with { DataDirectory = pair[1] },
                _ => null,
            };
            if (next is null)
            {
                fault = $"{pair[0]} {pair[1]} is not an option of this bench (--n and --rows: at least 100; --mode: embedded; --data: a folder that exists).";
                return null;
            }

            options = next;
        }

        return options;
    }
}
