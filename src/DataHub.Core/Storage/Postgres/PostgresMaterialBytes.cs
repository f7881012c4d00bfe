using DataHub.Core.Materials;
using Npgsql;
using static DataHub.Core.Storage.Postgres.PostgresValues;

namespace DataHub.Core.Storage.Postgres;

/// <summary>The bytes of materials as rows of at most 1 MiB: read and written piece by piece, so that memory stays flat.</summary>
internal sealed class PostgresMaterialBytes(NpgsqlDataSource source) : IMaterialBytes
{
    public Task<bool> AppendAsync(string location, long offset, ReadOnlyMemory<byte> piece, CancellationToken cancel) => UseAsync(async () =>
    {
        // One statement: of two that send the same place of an upload, one moves it on and the other writes nothing.
        await using var command = source.CreateCommand(
            "WITH moved AS (UPDATE datahub.material_upload SET received = received + $4 WHERE id = $1 AND received = $2 RETURNING id) "
            + "INSERT INTO datahub.material_chunk (location, position, bytes) SELECT id, $2, $3 FROM moved");
        command.Parameters.Add(Of(location));
        command.Parameters.Add(Of(offset));
        command.Parameters.Add(Of(piece));
        command.Parameters.Add(Of((long)piece.Length));
        return await command.ExecuteNonQueryAsync(cancel) == 1;
    });

    public Task<Stream?> OpenAsync(string location, long size, CancellationToken cancel) => UseAsync<Stream?>(async () =>
    {
        await using var command = source.CreateCommand("SELECT coalesce(sum(length(bytes)), 0)::bigint FROM datahub.material_chunk WHERE location = $1");
        command.Parameters.Add(Of(location));
        return await command.ExecuteScalarAsync(cancel) is long there && there == size ? new ChunkStream(this, location, size) : null;
    });

    public Task DeleteAsync(string location, CancellationToken cancel) => UseAsync(async () =>
    {
        await using var command = source.CreateCommand("DELETE FROM datahub.material_chunk WHERE location = $1");
        command.Parameters.Add(Of(location));
        return await command.ExecuteNonQueryAsync(cancel);
    });

    /// <summary>The piece in which a place lies, and where the piece begins; none where the bytes were removed meanwhile.</summary>
    private Task<(long Position, byte[] Bytes)> PieceAsync(string location, long at, CancellationToken cancel) => UseAsync(async () =>
    {
        await using var command = source.CreateCommand("SELECT position, bytes FROM datahub.material_chunk WHERE location = $1 AND position <= $2 ORDER BY position DESC LIMIT 1");
        command.Parameters.Add(Of(location));
        command.Parameters.Add(Of(at));
        await using var reader = await command.ExecuteReaderAsync(cancel);
        return await reader.ReadAsync(cancel) ? (reader.GetInt64(0), reader.GetFieldValue<byte[]>(1)) : (0, []);
    });

    private static async Task<T> UseAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (PostgresFaults.IsFault(e))
        {
            throw new MaterialsUnavailableException("The database could not be used for materials.", e);
        }
    }

    private sealed class ChunkStream(PostgresMaterialBytes owner, string location, long size) : Stream
    {
        private long position;
        private long pieceAt;
        private byte[] piece = [];

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => size;

        public override long Position
        {
            get => position;
            set => position = value;
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (position >= size || buffer.IsEmpty)
                return 0;
            if (position < pieceAt || position >= pieceAt + piece.Length)
                (pieceAt, piece) = await owner.PieceAsync(location, position, cancellationToken);
            var from = (int)(position - pieceAt);
            if (from >= piece.Length)
                throw new EndOfStreamException("The bytes of the material were removed while they were read.");
            var count = Math.Min(buffer.Length, piece.Length - from);
            piece.AsMemory(from, count).CopyTo(buffer);
            position += count;
            return count;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override long Seek(long offset, SeekOrigin origin) => position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => position + offset,
            _ => size + offset,
        };

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
