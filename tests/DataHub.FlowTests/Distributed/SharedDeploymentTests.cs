using DataHub.TestServers;
using Xunit;

namespace DataHub.FlowTests.Distributed;

/// <summary>What is done to a deployment that is whole again afterwards. It ends with the last of these tests: idle, it would still take from the others.</summary>
[Collection(nameof(Deployment))]
public sealed partial class SharedDeploymentTests(SharedDeployment shared, ITestOutputHelper output) : IClassFixture<SharedDeployment>;

/// <summary>
/// A deployment that tests use one after the other: to start its dozen processes takes longer than much of what is done to them.
/// A test that fails leaves it to nobody.
/// </summary>
public sealed class SharedDeployment(SharedServers servers) : IAsyncDisposable
{
    private Deployment? deployment;

    /// <summary>For one test, which disposes of it.</summary>
    internal async Task<Deployment> TakeAsync(ITestOutputHelper output)
    {
        if (deployment is { Passed: true } taken)
        {
            // Where it cannot be handed on, it is nobody's.
            deployment = null;
            await taken.HandOnAsync(output);
            return deployment = taken;
        }

        return deployment = await Deployment.StartAsync(output, servers);
    }

    public async ValueTask DisposeAsync()
    {
        if (deployment is { Passed: true })
            await deployment.EndAsync();
    }
}
