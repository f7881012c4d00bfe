using DataHub.Core.Native;
using DataHub.Core.Registry;
using Microsoft.Extensions.Logging;

namespace DataHub.Adapters.Pipeline;

/// <summary>What a city's adapter is made of.</summary>
/// <param name="Mapping">The table of the same city.</param>
/// <param name="Intake">The node that validates, signs and journals what the adapter takes in.</param>
public sealed record CityAdapterContext(
    City City, RegistrySnapshot Registry, NativeMapping Mapping, IAdapterIntake Intake, CityEndpoint Endpoint, TimeProvider Time, ILoggerFactory Logs);
