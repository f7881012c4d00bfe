using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace DataHub.Simulators;

/// <summary>A web server of a simulated city system, on an address of its own. Reads no configuration but its arguments.</summary>
public sealed class NativeListener : IAsyncDisposable
{
    private readonly WebApplication _app;

    private NativeListener(WebApplication app, Uri url)
    {
        _app = app;
        Url = url;
    }

    /// <summary>Loopback, any free port.</summary>
    public static readonly Uri AnyPort = new("http://127.0.0.1:0");

    /// <summary>The address that was bound, with the real port.</summary>
    public Uri Url { get; }

    /// <param name="listen">Address to listen on; port 0: any free one.</param>
    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<NativeListener> StartAsync(Uri listen, Action<IEndpointRouteBuilder> map, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRoutingCore();
        builder.Services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            if (IPAddress.TryParse(listen.Host, out var address))
                kestrel.Listen(address, listen.Port);
            else
                kestrel.ListenAnyIP(listen.Port);
        });
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        var app = builder.Build();
        try
        {
            app.UseRouting();
            map(app);
            await app.StartAsync(cancellationToken);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        var bound = app.Urls.Single();
        return new NativeListener(app, new Uri(bound + "/"));
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }
}
