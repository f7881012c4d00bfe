using static DataHub.Core.Storage.Postgres.PostgresValues;

namespace DataHub.Core.Storage.Postgres;

/// <summary>Settings of the deployment, kept with its data.</summary>
public sealed partial class PostgresNodeStore
{
    public async ValueTask<string> FixAsync(string setting, string value, CancellationToken cancel) =>
        // The update changes nothing; it makes the statement answer with the value that was first, whoever wrote it.
        (await ListAsync(null, "INSERT INTO datahub.setting AS s (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = s.value RETURNING value",
            static r => r.GetString(0), cancel, Of(setting), Of(value)))[0];
}
