using DataHub.Host.Roles;

namespace DataHub.Host.Api;

/// <summary>The HTTP API for city systems.</summary>
internal static class HubApi
{
    public static void AddServices(IServiceCollection services, DataHubHost host) => services.AddSingleton(host);

    public static void Map(WebApplication app, DataHubHost host) =>
        app.MapGet("/health/live", () => Results.Text("ok"));
}
