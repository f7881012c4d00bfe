using DataHub.FlowTests.Distributed;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace DataHub.FlowTests.Distributed;

/// <summary>
/// The tests that start whole deployments run one after the other, which takes nearly as long as all others beside them: begun
/// last, they would leave the cores idle.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderByDescending(c => c.TestCollectionDisplayName == nameof(Deployment))];
}
