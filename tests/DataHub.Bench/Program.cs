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
    "growth" => await GrowthBench.RunAsync(options),
    _ => await Startup.RunChildAsync(),
};
