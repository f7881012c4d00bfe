using DataHub.Host;
using DataHub.Host.Roles;
using DataHub.Simulators.Cases;
var dir = args.Length > 0 ? args[0] : "/tmp/run1";
var n = args.Length > 1 ? int.Parse(args[1]) : 40;
var sw = System.Diagnostics.Stopwatch.StartNew();
await using var host = await DataHubHost.StartAsync(new DataHubOptions { DataDirectory = dir, Url = "http://127.0.0.1:0", LogLevel = LogLevel.Information });
Console.WriteLine($"started {sw.ElapsedMilliseconds} ms {host.Url}");
var cases = new CaseGenerator(host.Options.Knobs, host.Registry).Generate(n, TimeProvider.System.GetUtcNow(), TimeSpan.Zero);
foreach (var g in cases.GroupBy(c => c.City)) await host.Cities[g.Key].System.PlanAsync([.. g], default);
for (var i = 0; i < 20; i++)
{
    await Task.Delay(2000);
    Console.WriteLine(sw.Elapsed);
    foreach (var c in host.Cities.Values) Console.WriteLine("  " + c.City.Key + " " + c.System.Summary());
    foreach (var c in await host.Store.CountExchangesAsync("000000", default)) Console.WriteLine("    hub " + c);
}
return 0;
