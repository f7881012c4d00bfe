using System.Reflection;
using System.Text;
using DataHub.Contracts;
using DataHub.Contracts.Json;
using DataHub.Contracts.Payloads;
using DataHub.Core.Schemas;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Schemas;

public sealed class NamesTests
{
    private const string Advice =
        "A name that is gone strands what still lies under it: keep reading the old name until its queue is empty and every exchange that used it has "
        + "ended. A reason code is never renumbered nor used again. New names are free.";

    [Fact]
    public void Message_names_queue_names_and_reason_codes_are_those_committed()
    {
        var text = new StringBuilder("# Message types\n");
        foreach (var (_, value) in Constants(typeof(MessageTypes)).Where(constant => constant.Name != nameof(MessageTypes.Prefix)))
            text.Append(value).Append('\n');
        text.Append("\n# Queues\n").Append(QueueNames.Intake("{cityCode}")).Append('\n').Append(QueueNames.Deliver("{cityCode}")).Append('\n');
        text.Append("\n# Reason codes\n");
        foreach (var (name, value) in Constants(typeof(ReasonCodes)))
            text.Append(value).Append(' ').Append(name).Append('\n');

        Repository.ShouldMatchSnapshot(text.ToString(), Advice, "contracts", "names.txt");
    }

    [Fact]
    public void Every_message_name_has_a_payload_and_every_payload_a_name()
    {
        PayloadTypes.ByName.Keys.Order(StringComparer.Ordinal)
            .ShouldBe(Constants(typeof(MessageTypes)).Select(constant => constant.Value).Where(name => name != MessageTypes.Prefix));
        PayloadTypes.NameOf.Keys.ShouldBe(
            typeof(MessageTypes).Assembly.GetTypes().Where(type => type is { IsInterface: false } && type.IsAssignableTo(typeof(IPayload))),
            ignoreOrder: true);
    }

    [Fact]
    public void The_AsyncAPI_document_is_that_committed() => Repository.ShouldMatchSnapshot(
        AsyncApiWriter.Write(), "The document is generated from the names and schemas.", "contracts", "asyncapi", "datahub.asyncapi.yaml");

    private static IEnumerable<(string Name, string Value)> Constants(Type type) => type
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Where(constant => constant.IsLiteral)
        .Select(constant => (constant.Name, Value: (string)constant.GetRawConstantValue()!))
        .OrderBy(constant => constant.Value, StringComparer.Ordinal);
}
