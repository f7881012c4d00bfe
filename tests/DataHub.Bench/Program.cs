using DataHub.Bench;

if (BenchOptions.Parse(args, out var fault) is not { } options)
{
    await Console.Error.WriteLineAsync(fault);
    await Console.Error.WriteLineAsync(BenchOptions.Usage);
    return 2;
}

return options.Command switch
{
    "exchange" => await ExchangeBench.RunAsync(options),
    "growth" when options.Distributed => await StoredGrowthBench.RunAsync(options),
    "growth" => await GrowthBench.RunAsync(options),
    "endurance" => await EnduranceBench.RunAsync(options),
    "overload" => await OverloadBench.RunAsync(options),
    _ => await Startup.RunChildAsync(),
};
