using System.Diagnostics;

namespace DataHub.TestServers;

/// <summary>
/// A server as a child process that cannot outlive this one. A small shell stands between the two and reads its standard input: a line
/// is the name of a signal for the server, and the end of the input, which also comes when this process is killed, ends the server and
/// everything in its process group.
/// </summary>
/// <remarks>
/// The kernel's own way, PR_SET_PDEATHSIG, follows the thread that started the child, and the threads of a thread pool come and go.
/// </remarks>
public sealed class GuardedProcess : IAsyncDisposable
{
    // $1: the signal that ends the server when the input ends, $2: its folder, which then goes too, $3: the log, then the command.
    // Every server gets its own process group. One that does not heed the ending signal within ten seconds is killed.
    private const string Guard = """
        end=$1 folder=$2 log=$3; shift 3
        exec 3<&0
        setsid "$@" </dev/null >>"$log" 2>&1 3<&- &
        server=$!
        echo "$server"
        (
            while read -r signal; do kill -s "$signal" "$server"; done <&3
            trap '' TERM
            kill -s "$end" -- "-$server"
            tries=0
            while kill -0 "$server" && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
            kill -s KILL -- "-$server"
            rm -rf "$folder"
        ) >/dev/null 2>&1 &
        guard=$!
        wait "$server" 2>/dev/null
        code=$?
        kill "$guard" 2>/dev/null
        exit "$code"
        """;

    private readonly string endSignal;
    private readonly Process shell;

    private GuardedProcess(Process shell, string endSignal, int id)
    {
        this.shell = shell;
        this.endSignal = endSignal;
        Id = id;
    }

    /// <summary>The server's own process id, not the shell's.</summary>
    public int Id { get; }

    public bool HasExited => shell.HasExited;

    /// <param name="endSignal">What ends the server in the end: KILL, or a signal that lets it end its own children.</param>
    /// <param name="folder">Removed when this process dies before the server.</param>
    /// <param name="environment">Added to this process's variables, of which those of DataHub are not handed on.</param>
    public static async Task<GuardedProcess> StartAsync(
        string endSignal, string folder, string logFile, IEnumerable<string> command, IReadOnlyDictionary<string, string> environment)
    {
        // In a session of its own, so that a signal to this process's group spares it.
        var start = new ProcessStartInfo("setsid") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var argument in (string[])["/bin/sh", "-c", Guard, "guard", endSignal, folder, logFile, .. command])
            start.ArgumentList.Add(argument);
        ChildSettings.RemoveInherited(start);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;

        var started = Process.Start(start) ?? throw new InvalidOperationException("setsid did not start.");
        var id = await started.StandardOutput.ReadLineAsync()
            ?? throw new InvalidOperationException($"The guard of {string.Join(' ', command)} ended at once.");
        return new GuardedProcess(started, endSignal, int.Parse(id));
    }

    /// <summary>How it ended: its code, or 128 and the signal's number; null while it runs.</summary>
    public int? ExitCode => HasExited ? shell.ExitCode : null;

    /// <summary>Sends a signal: its name without SIG.</summary>
    public async Task SignalAsync(string signal)
    {
        try
        {
            await shell.StandardInput.WriteLineAsync(signal);
            await shell.StandardInput.FlushAsync();
        }
        catch (IOException) when (HasExited)
        {
            // It has ended by itself meanwhile.
        }
    }

    /// <summary>Sends a signal, and comes back when the server has ended.</summary>
    public async Task EndAsync(string signal, TimeSpan patience)
    {
        if (HasExited)
            return;
        await SignalAsync(signal);
        await WaitForExitAsync(signal, patience);
    }

    /// <summary>Comes back when the server has ended by itself.</summary>
    public Task WaitForExitAsync(TimeSpan patience) => WaitForExitAsync("what should end it", patience);

    private async Task WaitForExitAsync(string cause, TimeSpan patience)
    {
        using var deadline = new CancellationTokenSource(patience);
        try
        {
            await shell.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"Process {Id} did not end within {patience.TotalSeconds:0} s of {cause}.", e);
        }
    }

    /// <summary>Ends the server with its ending signal. One that does not heed it is killed.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await EndAsync(endSignal, TimeSpan.FromSeconds(30));
        }
        catch (TimeoutException)
        {
            await EndAsync("KILL", TimeSpan.FromSeconds(30));
        }

        shell.Dispose();
    }
}
