using System.Diagnostics;
using DataHub.TestServers;
using Xunit;

namespace DataHub.FlowTests.Roles;

/// <summary>The program itself as a child process that ends by itself: what an operator sees of a command.</summary>
internal static class HostProgram
{
    private static readonly TimeSpan OneLife = TimeSpan.FromMinutes(4);

    /// <param name="folder">The process's current folder.</param>
    /// <param name="variables">Its settings; of this process's own it gets none.</param>
    public static async Task<(int Code, string Text, string Errors)> RunAsync(string folder, IReadOnlyDictionary<string, string> variables, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "DataHub.Host.dll"), .. arguments])
            start.ArgumentList.Add(argument);
        ChildSettings.RemoveInherited(start);
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        try
        {
            var cancel = TestContext.Current.CancellationToken;
            var (text, errors) = (process.StandardOutput.ReadToEndAsync(cancel), process.StandardError.ReadToEndAsync(cancel));
            await process.WaitForExitAsync(cancel).WaitAsync(OneLife, cancel);
            return (process.ExitCode, await text, await errors);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }
}
