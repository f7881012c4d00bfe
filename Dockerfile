# One image for every role; docker-compose.yml says which one a container runs.
# No BuildKit features, so that every builder can build it.
ARG DATAHUB_SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0
ARG DATAHUB_ASPNET_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0

FROM ${DATAHUB_SDK_IMAGE} AS build
ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
WORKDIR /source
# The packages stay in the cache until a project or a lock file changes.
COPY global.json Directory.Build.props Directory.Packages.props ./
COPY src/DataHub.Contracts/*.csproj src/DataHub.Contracts/packages.lock.json src/DataHub.Contracts/
COPY src/DataHub.Core/*.csproj src/DataHub.Core/packages.lock.json src/DataHub.Core/
COPY src/DataHub.Adapters/*.csproj src/DataHub.Adapters/packages.lock.json src/DataHub.Adapters/
COPY src/DataHub.Broker/*.csproj src/DataHub.Broker/packages.lock.json src/DataHub.Broker/
COPY src/DataHub.Simulators/*.csproj src/DataHub.Simulators/packages.lock.json src/DataHub.Simulators/
COPY src/DataHub.Host/*.csproj src/DataHub.Host/packages.lock.json src/DataHub.Host/
RUN dotnet restore --locked-mode src/DataHub.Host/DataHub.Host.csproj
COPY .editorconfig BannedSymbols.txt ./
COPY src src
RUN dotnet publish src/DataHub.Host/DataHub.Host.csproj --no-restore -c Release -p:UseAppHost=false -o /published

FROM ${DATAHUB_ASPNET_IMAGE}
# Volumes take over these modes; the user that runs in the container is chosen when it starts.
RUN mkdir -m 1777 /data /exchange
WORKDIR /app
COPY --from=build /published .
COPY seeds seeds
# Not by name: an orchestrator can check a number.
USER 1654:1654
EXPOSE 8080
ENTRYPOINT ["dotnet", "DataHub.Host.dll"]
