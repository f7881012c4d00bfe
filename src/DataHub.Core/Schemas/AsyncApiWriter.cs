using System.Globalization;
using System.Text;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Core.Validation;

namespace DataHub.Core.Schemas;

/// <summary>Writes <c>contracts/asyncapi/datahub.asyncapi.yaml</c> (AsyncAPI 3.0): the queues and what travels on them.</summary>
public static class AsyncApiWriter
{
    private static readonly string[] FromHubOnly = [MessageTypes.HubReceipt, MessageTypes.DeadlineNotice, MessageTypes.ResultList, MessageTypes.JointCompletion];
    private static readonly string[] ToHubOnly = [MessageTypes.HolderReport];

    public static string Write()
    {
        var names = Shape.ByName.Keys.Order(StringComparer.Ordinal).ToList();
        var yaml = new StringBuilder();
        yaml.Append(CultureInfo.InvariantCulture, $$"""
            asyncapi: 3.0.0
            info:
              title: DataHub
              version: 1.0.0
              description: >-
                Messages between the four cities' nodes and the hub. Each is a CloudEvents 1.0 event in structured JSON; events bound
                for the same receiver travel as a batch. The envelope's schema is cloudevent.schema.json; each message's payload
                below is the schema of its data.
            defaultContentType: {{EventFormat.BatchMediaType}}
            channels:

            """);
        Channel(yaml, "intake", QueueNames.Intake("{cityCode}"), "What one city sends to the hub, in the order of its sequence. A hub divided into shards has one such queue for each; those after the first end in its number.", names.Except(FromHubOnly));
        Channel(yaml, "deliver", QueueNames.Deliver("{cityCode}"), "What the hub sends to one city, in the order of deliverysequence; likewise one from each shard.", names.Except(ToHubOnly));
        yaml.Append("""
            operations:
              sendToHub:
                action: send
                channel:
                  $ref: '#/channels/intake'
                bindings:
                  amqp:
                    deliveryMode: 2
                    mandatory: true
                    bindingVersion: 0.3.0
                summary: A city's node sends; the hub answers with link progress and a signed receipt on the city's deliver queue.
              receiveFromHub:
                action: receive
                channel:
                  $ref: '#/channels/deliver'
                bindings:
                  amqp:
                    ack: true
                    bindingVersion: 0.3.0
                summary: A city's node receives; it answers with link progress and with reports of what the city's system holds.
            components:
              parameters:
                cityCode:
                  description: GB/T 2260 code of the city.
                  examples:
                    - '510100'
              messages:

            """);
        foreach (var name in names)
        {
            yaml.Append(CultureInfo.InvariantCulture, $$"""
                    {{Key(name)}}:
                      name: {{name}}
                      contentType: {{EventFormat.SingleMediaType}}
                      payload:
                        schemaFormat: application/schema+json;version=draft-2020-12
                        schema:
                          $ref: ../schemas/{{SchemaWriter.ShortName(name)}}.schema.json

                """);
        }

        return yaml.ToString();
    }

    private static void Channel(StringBuilder yaml, string key, string address, string description, IEnumerable<string> names)
    {
        yaml.Append(CultureInfo.InvariantCulture, $$"""
              {{key}}:
                address: '{{address}}'
                description: {{description}}
                parameters:
                  cityCode:
                    $ref: '#/components/parameters/cityCode'
                bindings:
                  amqp:
                    is: queue
                    queue:
                      name: '{{address}}'
                      durable: true
                      exclusive: false
                      autoDelete: false
                    bindingVersion: 0.3.0
                messages:

            """);
        foreach (var name in names)
            yaml.Append(CultureInfo.InvariantCulture, $"      {Key(name)}:\n        $ref: '#/components/messages/{Key(name)}'\n");
    }

    // AsyncAPI allows letters, digits, '.', '-' and '_' in keys.
    private static string Key(string name) => SchemaWriter.ShortName(name);
}
