using System.Diagnostics;
using System.Globalization;
using DataHub.Host;
using DataHub.TestServers;

namespace DataHub.Bench;

/// <summary>A broker in a process of its own, as in production.</summary>
internal sealed class BrokerProcess : IDisposable
{
    private readonly Process process;

    private BrokerProcess(Process process) => this.process = process;

    public bool HasExited => process.HasExited;

    public TimeSpan ProcessorTime => ProcessTree.ProcessorTime(process.Id);

    public double RssMb => Reading.RssMb(process.Id);

    public double PeakRssMb => Reading.PeakRssMb(process.Id);

    public static BrokerProcess Start(string folder, DataHubOptions settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "DataHub.Host.dll"), "broker", "--data", folder, "--urls", "http://127.0.0.1:0"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        ChildSettings.RemoveInherited(start);
        var rabbit = settings.RabbitMq!;
        start.Environment["DATAHUB_KEYS"] = settings.Keys;
        start.Environment["DATAHUB_SHARDS"] = settings.Shards.ToString(CultureInfo.InvariantCulture);
        start.Environment["DATAHUB_POSTGRES"] = settings.Postgres;
        start.Environment["DATAHUB_RABBITMQ_HOSTS"] = rabbit.Hosts;
        start.Environment["DATAHUB_RABBITMQ_VHOST"] = rabbit.VirtualHost;
        start.Environment["DATAHUB_RABBITMQ_USER"] = rabbit.User;
        start.Environment["DATAHUB_RABBITMQ_PASSWORD"] = rabbit.Password;
        var started = Process.Start(start) ?? throw new BenchFailedException("No broker could be started.");
        started.BeginOutputReadLine();
        return new BrokerProcess(started);
    }

    public void Dispose()
    {
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        process.Dispose();
    }
}
