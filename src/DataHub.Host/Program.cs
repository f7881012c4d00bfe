using DataHub.Core.Messaging.RabbitMq;
using DataHub.Core.Registry;
using DataHub.Core.Signing;
using DataHub.Core.Storage;
using DataHub.Host;
using DataHub.Host.Commands;

// Chinese must come out right whatever the terminal's own encoding is.
Console.OutputEncoding = System.Text.Encoding.UTF8;
if (Console.IsOutputRedirected)
{
    // A file or a pipe gets plain text, wide enough for the tables.
    Spectre.Console.AnsiConsole.Console = Spectre.Console.AnsiConsole.Create(new Spectre.Console.AnsiConsoleSettings { Ansi = Spectre.Console.AnsiSupport.No, ColorSystem = Spectre.Console.ColorSystemSupport.NoColors });
    Spectre.Console.AnsiConsole.Profile.Width = 200;
}

var parsed = CommandLine.Build().Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors)
        await Console.Error.WriteLineAsync(error.Message);
    await Console.Error.WriteLineAsync("--help shows what can be asked.");
    return ExitCodes.CannotStart;
}

try
{
    // Nodes finish their commits and give their leases back before the process ends; the default of two seconds would cut that off.
    return await parsed.InvokeAsync(new System.CommandLine.InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(25) });
}
catch (Exception e) when (e is HostRefusedException or SeedException or StoreUnavailableException or KeyStoreException or BusRefusedException)
{
    await Console.Error.WriteLineAsync(e.Message);
    return ExitCodes.CannotStart;
}
catch (OperationCanceledException e) when (e.InnerException is not TimeoutException)
{
    await Console.Error.WriteLineAsync("Stopped before it was done.");
    return ExitCodes.TryAgain;
}
