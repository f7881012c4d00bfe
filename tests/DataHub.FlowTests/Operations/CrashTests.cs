using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using DataHub.Contracts;
using DataHub.Core.Flows;
using DataHub.Host;
using DataHub.Host.Roles;
using DataHub.Simulators;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Operations;

/// <summary>The whole program in a process of its own, ended with SIGKILL at random moments and started again on the same folder.</summary>
[Collection(nameof(Deployment))]
public sealed partial class CrashTests(ITestOutputHelper output) : IDisposable
{
    private const int Kills = 20;
    private const int Cases = 500;
    private static readonly TimeSpan OneLife = TimeSpan.FromMinutes(6);

    private readonly string folder = Directory.CreateTempSubdirectory("datahub-crash-").FullName;
    private readonly string program = Path.Combine(AppContext.BaseDirectory, "DataHub.Host.dll");

    [Fact]
    public async Task Killed_twenty_times_in_a_run_of_five_hundred_cases_every_exchange_ends_once_and_the_journals_verify()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var (kills, rounds, starting) = (0, 1, 0);
        while (kills < Kills)
        {
            // Every fourth life ends while the program is starting or recovering, the others while cases run.
            var early = kills % 4 == 3;
            var after = TimeSpan.FromMilliseconds(early ? random.Next(100, 1500) : random.Next(20, 1000));
            var end = await LiveAsync(early, after, rounds);
            output.WriteLine($"life ended {end}");
            if (end == LifeEnd.Killed)
            {
                kills++;
                starting += early ? 1 : 0;
            }
            else
            {
                // Faster than the killer: this round's cases all ended as expected. Another round goes on in the same folder.
                end.ShouldBe(LifeEnd.Done);
                File.Delete(Path.Combine(folder, "demo-plan.json"));
                rounds++;
            }
        }

        var (exitCode, text, errors) = await RunAsync("demo", "--data", folder, "--cases", Cases.ToString(CultureInfo.InvariantCulture), "--seed", Seed(rounds), "--fast", "--json", "--timeout", "300");
        output.WriteLine($"{kills} kills, {starting} of them at start, {rounds} rounds; at the end: {text}{errors}");
        var last = JsonDocument.Parse(text.Trim().Split('\n')[^1]).RootElement;
        var submitted = last.GetProperty("submitted").GetInt32();
        submitted.ShouldBeGreaterThanOrEqualTo(Cases);
        last.GetProperty("open").GetInt32().ShouldBe(0, text);
        last.GetProperty("duplicates").GetInt64().ShouldBe(0);
        exitCode.ShouldBe(0, text);

        // The samples are the same cases in every round.
        await SettleAsync((rounds * Cases) + (submitted - Cases));
        var (verified, report, _) = await RunAsync("verify", "--data", folder);
        verified.ShouldBe(0, report);
        output.WriteLine(report);
    }

    /// <summary>Starts the program on the folder, lets the last messages arrive, and holds that nothing was lost or doubled.</summary>
    private async Task SettleAsync(int submitted)
    {
        await using var host = await DataHubHost.StartAsync(new DataHubOptions
        {
            DataDirectory = folder,
            Url = "http://127.0.0.1:0",
            PollInterval = TimeSpan.FromMilliseconds(20),
            Knobs = Knobs.Default with { ClerkDelayFrom = TimeSpan.Zero, ClerkDelayTo = TimeSpan.Zero },
        }, TestContext.Current.CancellationToken);
        await Conservation.SettledAsync(host);
        await Conservation.HoldsAsync(host);
        var exchanges = await host.Store.ListExchangesAsync(Nodes.Hub, 10 * submitted, default);
        exchanges.ShouldAllBe(e => e.State.Final && e.OutcomeDigest != null && e.ReconciledAt != null);
        // A part of a joint application is an exchange, and a case of its source's, that nobody submitted by itself.
        // A doctor who looks again, because the result is not listed yet, opens another search under the same number.
        var searches = exchanges.Where(e => e.State.Flow == RecognitionSearchFlow.Code).ToList();
        var again = searches.Count - searches.DistinctBy(e => (e.State.SourceCity, e.State.Outcome!.Reference)).Count();
        var opened = exchanges.Count(e => !e.State.Facts.ContainsKey(FactKeys.Whole)) - again;
        var refused = host.Cities.Values.Sum(c => c.System.Cases(null, 10 * submitted).Count(v => v.State == "refused" && !IsPart().IsMatch(v.CaseNumber)));
        output.WriteLine($"{opened} exchanges with {exchanges.Count - opened - again} parts ended, {refused} cases were refused at their opening");
        (opened + refused).ShouldBe(submitted);
    }

    private async Task<LifeEnd> LiveAsync(bool early, TimeSpan after, int round)
    {
        using var process = StartProgram("demo", "--data", folder, "--cases", Cases.ToString(CultureInfo.InvariantCulture), "--seed", Seed(round), "--fast");
        var errors = new StringBuilder();
        var alive = new TaskCompletionSource();
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is not null)
                alive.TrySetResult();
        };
        process.ErrorDataReceived += (_, line) => errors.AppendLine(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var exited = process.WaitForExitAsync(TestContext.Current.CancellationToken);
        if (!early)
            await Task.WhenAny(alive.Task, exited).WaitAsync(OneLife, TestContext.Current.CancellationToken);
        if (await Task.WhenAny(exited, Task.Delay(after, TestContext.Current.CancellationToken)) != exited)
        {
            process.Kill();
            await exited;
        }

        if (process.ExitCode == 137)
            return LifeEnd.Killed;
        process.ExitCode.ShouldBe(0, errors.ToString());
        return LifeEnd.Done;
    }

    private async Task<(int ExitCode, string Text, string Errors)> RunAsync(params string[] arguments)
    {
        using var process = StartProgram(arguments);
        var text = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(OneLife, TestContext.Current.CancellationToken);
        return (process.ExitCode, await text, await errors);
    }

    private Process StartProgram(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = AppContext.BaseDirectory };
        start.ArgumentList.Add(program);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    [GeneratedRegex("-P[1-6]$")]
    private static partial Regex IsPart();

    private static string Seed(int round) => round.ToString(CultureInfo.InvariantCulture);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private enum LifeEnd
    {
        Killed,
        Done,
    }
}
