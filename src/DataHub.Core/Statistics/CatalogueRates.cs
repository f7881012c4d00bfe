using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;

namespace DataHub.Core.Statistics;

/// <summary>How much of the catalogue is there across city limits, on a day.</summary>
/// <param name="City">City whose people apply; empty for all four together.</param>
/// <param name="HighFrequency">Of the high-frequency items (高频事项) only; else of every item.</param>
/// <param name="Items">Items in force.</param>
/// <param name="CrossCity">
/// Of these, items for which people of the city may apply in at least one other city: that city offers the item, and an
/// agreement of the two in this direction is in force. For all together: people of at least one city.
/// </param>
/// <param name="Online">Of <paramref name="CrossCity"/>, items that are offered fully online (全程网办).</param>
public sealed record CatalogueRate(string City, bool HighFrequency, int Items, int CrossCity, int Online)
{
    /// <summary>跨区通办率, 0 to 1; null where there are no items.</summary>
    public decimal? CrossCityRate => Rate(CrossCity, Items);

    /// <summary>全程网办率, 0 to 1; null where nothing is available across city limits.</summary>
    public decimal? OnlineRate => Rate(Online, CrossCity);

    internal static decimal? Rate(long part, long whole) => whole == 0 ? null : Math.Round((decimal)part / whole, 4, MidpointRounding.AwayFromZero);
}

/// <summary>The two rates that the four governments set themselves as goals, as far as the catalogue says them.</summary>
public static class CatalogueRates
{
    /// <summary>跨区通办率 of high-frequency items: at least 30% (成都都市圈发展规划).</summary>
    public const decimal CrossCityGoal = 0.30m;

    /// <summary>全程网办率 of what is available across city limits: at least 90% (成都都市圈发展规划).</summary>
    public const decimal OnlineGoal = 0.90m;

    /// <param name="registry">Items with their modes and offers; agreements.</param>
    /// <param name="on">Day in Asia/Shanghai.</param>
    /// <returns>All together first, then each city; of each the high-frequency items first, then every item.</returns>
    public static IReadOnlyList<CatalogueRate> Of(RegistrySnapshot registry, DateOnly on)
    {
        ArgumentNullException.ThrowIfNull(registry);
        registry = registry.On(on);
        // A theme of joint applications is no item of its own: its parts are.
        var items = registry.Items.Where(i => i.InForce(on) && i.Flow != JointFlow.Code).ToList();
        var cities = registry.Cities.Select(c => c.Code).ToList();
        var available = cities.ToDictionary(c => c, c => items.Where(i => IsAvailable(registry, i, c, on)).ToHashSet());
        var rates = new List<CatalogueRate>();
        foreach (var city in cities.Prepend(""))
        {
            foreach (var highFrequency in new[] { true, false })
            {
                var counted = items.Where(i => i.HighFrequency || !highFrequency).ToList();
                var crossCity = counted.Where(i => city.Length > 0 ? available[city].Contains(i) : available.Values.Any(a => a.Contains(i))).ToList();
                rates.Add(new CatalogueRate(city, highFrequency, counted.Count, crossCity.Count, crossCity.Count(i => i.Modes.Contains(ServiceMode.Online))));
            }
        }

        return rates;
    }

    private static bool IsAvailable(RegistrySnapshot registry, ServiceItem item, string source, DateOnly on) =>
        item.OfferedBy.Any(target => target != source && registry.HasAgreement(source, target, item.Flow, item.Code, on));
}
