using DataHub.Core;
using DataHub.Host.Demo;
using DataHub.Host.Roles;

namespace DataHub.Host.Commands;

/// <summary>Runs one role until the process is told to stop.</summary>
internal static class RoleCommand
{
    public static Task<int> RunAsync(Start start, HostRole role, bool plan, CancellationToken cancel) => UntilStopped.RunAsync(async () =>
    {
        var options = start.ToOptions(HostRoles.Of(role));
        if (!options.Production)
            FaultPoints.Arm(Environment.GetEnvironmentVariable(FaultPoints.Variable));
        await using var host = await DataHubHost.StartAsync(options, cancel);
        Console.WriteLine($"DataHub runs the role {role} and answers on {host.Url}. Ctrl-C ends it.");
        if (plan && role.Kind == RoleKind.Simulator)
        {
            var (demo, _) = DemoPlan.LoadOrCreate(options.DataDirectory, start.Cases, start.Seed, DemoPlan.SharedStart(TimeProvider.System.GetUtcNow()));
            foreach (var (code, city) in host.Cities)
                await city.System.PlanAsync([.. demo.AllCases(host.Samples, options.Knobs, host.Registry).Where(c => c.City == code)], cancel);
        }

        await Task.Delay(Timeout.Infinite, cancel);
    }, cancel);
}
