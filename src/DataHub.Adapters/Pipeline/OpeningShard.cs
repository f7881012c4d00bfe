using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;

namespace DataHub.Adapters.Pipeline;

/// <summary>
/// The shard in which an opening message belongs by its content. A patient's results and the questions for them meet in
/// one shard, so that a revocation and a query are decided one after the other.
/// </summary>
internal static class OpeningShard
{
    /// <summary>Null where any shard will do.</summary>
    public static int? Of(IPayload payload, HubShards shards) => payload switch
    {
        // Only the city's own system may name a whole that does not exist: what it names decides the shard, which refuses it.
        ServiceSubmission { Joint: { } joint } => shards.Of(joint.WholeExchangeId),
        ResultNotice notice => OfPatient(notice.Patient, shards),
        RecognitionSearch search => OfPatient(search.Patient, shards),
        ConsentWithdrawal withdrawal => OfPatient(withdrawal.Patient, shards),
        RecognitionQuery query => OfPatient(query.Patient, shards),
        _ => null,
    };

    private static int OfPatient(Person patient, HubShards shards) =>
        (int)(BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(patient.IdNumber))) % (uint)shards.Count);
}
