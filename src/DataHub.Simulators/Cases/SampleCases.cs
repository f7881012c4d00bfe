using System.Collections.Frozen;
using System.Reflection;
using System.Text.RegularExpressions;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Native;
using DataHub.Core.Registry;
using DataHub.Core.Validation;

namespace DataHub.Simulators.Cases;

/// <summary>A case as a person wrote it in a city's own form, and what has to become of it.</summary>
/// <param name="CaseNumber">The city's own number; its opening message is <c>{CaseNumber}-01</c>.</param>
/// <param name="City">GB/T 2260 code of the submitting city.</param>
/// <param name="File">Path inside the seeds folder.</param>
/// <param name="Flow">Code of the flow that the message belongs to.</param>
/// <param name="Note">What the sample shows, for people.</param>
/// <param name="Template">The file's bytes, with its times still to be filled in.</param>
public sealed record SampleCase(string CaseNumber, string City, string File, string Type, string Flow, Expectation Expectation, string Note, ReadOnlyMemory<byte> Template);

/// <summary>The sample cases of <c>seeds/samples</c>. Immutable; for any thread.</summary>
public sealed partial class SampleCases
{
    private const string Folder = "samples";
    private const string List = Folder + "/samples.csv";
    private const long MaxBytes = 256 * 1024;

    /// <summary>A doctor asks this long after the samples' results are published.</summary>
    private static readonly TimeSpan QueryAfter = TimeSpan.FromSeconds(3);

    /// <summary>Any moment will do to look whether a sample can be read.</summary>
    private static readonly DateTimeOffset AnyTime = new(2026, 1, 5, 10, 0, 0, TimeSpan.FromHours(8));

    private static readonly FrozenSet<string> KnownReasons = typeof(ReasonCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (string)f.GetRawConstantValue()!).ToFrozenSet(StringComparer.Ordinal);

    private readonly IReadOnlyDictionary<string, NativeMapping> mappings;

    private SampleCases(IReadOnlyList<SampleCase> all, IReadOnlyDictionary<string, NativeMapping> mappings)
    {
        All = all;
        this.mappings = mappings;
        FixedEnds = Plan(AnyTime).Where(p => p.Expected.Expectation is Expectation.Reconciled)
            .ToFrozenDictionary(p => NumberIn(Payload(p.Type, p.Data)!), p => ((Expectation.Reconciled)p.Expected.Expectation).OutcomeCode);
    }

    public static SampleCases None { get; } = new([], new Dictionary<string, NativeMapping>());

    /// <summary>In the order of the list.</summary>
    public IReadOnlyList<SampleCase> All { get; }

    /// <summary>How the good samples end, for <see cref="Knobs.FixedEnds"/>.</summary>
    public IReadOnlyDictionary<string, string> FixedEnds { get; }

    /// <summary>Reads and checks the samples; there are none where the seeds have no folder for them.</summary>
    /// <exception cref="SeedException">Lists every fault with file, line and reason.</exception>
    public static SampleCases Load(string seedsDir, RegistrySnapshot registry)
    {
        if (!Directory.Exists(Path.Combine(seedsDir, Folder)))
            return None;
        var seeds = new SeedFolder(seedsDir);
        var rows = seeds.Read(List, "city", "file", "caseNumber", "type", "outcome", "reason", "note");
        var byCity = new Dictionary<string, NativeMapping>(StringComparer.Ordinal);
        var numbers = new HashSet<string>(StringComparer.Ordinal);
        var files = new HashSet<string>(StringComparer.Ordinal);
        var all = new List<SampleCase>();
        foreach (var row in rows)
        {
            if (registry.CityByKey(row.Text("city")) is not { } city || !SampleForm.Knows(city.Key))
            {
                row.Fault("city must be the key of a city whose form of samples is known");
                continue;
            }

            if (!byCity.ContainsKey(city.Code))
                byCity.Add(city.Code, NativeMapping.Load(seedsDir, city.Key, registry));
            if (!numbers.Add(row.Text("caseNumber")))
                row.Fault("the case number stands in another row too");
            if (ReadRow(row, seedsDir, registry, byCity[city.Code]) is not { } sample)
                continue;
            if (!files.Add(sample.File))
                row.Fault("the file stands in another row too");
            all.Add(sample);
        }

        foreach (var city in registry.Cities.Select(c => Path.Combine(seedsDir, Folder, c.Key)).Where(Directory.Exists))
        {
            foreach (var file in Directory.EnumerateFiles(city).Select(f => $"{Folder}/{Path.GetFileName(city)}/{Path.GetFileName(f)}").Where(f => !files.Contains(f)).Order(StringComparer.Ordinal))
                seeds.Fault(file, 0, $"the file stands in no row of {List}");
        }

        return seeds.Faults.Count == 0 ? new SampleCases(all, byCity) : throw new SeedException(seeds.Faults);
    }

    /// <summary>The samples as cases to submit: the same bytes for the same start.</summary>
    /// <param name="start">The moment from which the times in the samples count.</param>
    public IReadOnlyList<PlannedCase> Plan(DateTimeOffset start) =>
    [
        .. from sample in All
           let native = SampleForm.Fill(mappings[sample.City], sample.Template.Span, start)
           let data = SampleForm.Read(mappings[sample.City], native) is NativeReadOutcome.Ok { Message: var message } && Payload(message.Type, message.Data) is not null
               ? message.Data
               : ReadOnlyMemory<byte>.Empty
           let due = sample.Type == MessageTypes.RecognitionQuery ? start + QueryAfter : start
           select new PlannedCase(sample.CaseNumber, sample.City, due, sample.Type, data, new ExpectedCase(sample.CaseNumber, sample.City, sample.Flow, sample.Expectation)) { Native = native },
    ];

    private static SampleCase? ReadRow(SeedRow row, string seedsDir, RegistrySnapshot registry, NativeMapping mapping)
    {
        var city = mapping.City;
        var number = row.Identifier("caseNumber");
        var name = row.Text("file");
        var type = MessageTypes.Prefix + row.Text("type");
        var (outcome, reason) = (row.Optional("outcome"), row.Optional("reason"));
        var flow = FlowCatalogue.All.FirstOrDefault(f => f.StepsOf(type).Count > 0);
        if (flow is null)
            row.Fault("type is no message of a flow");
        if (outcome.Length > 0 == reason.Length > 0)
            row.Fault("either outcome or reason must be given");
        if (reason.Length > 0 && !KnownReasons.Contains(reason))
            row.Fault("reason is no reason code of the hub");
        if (outcome.Length > 0 && registry.Codes.ToNative(city.Code, Tables.Outcome, outcome) is null)
            row.Fault("outcome is no outcome code of the hub");
        if (outcome.Length > 0 && !FlowCatalogue.Opens(type))
            row.Fault("only a message that opens an exchange has an outcome");
        if (!FileName().IsMatch(name))
        {
            row.Fault("file must be a plain file name");
            return null;
        }

        var file = new FileInfo(Path.Combine(seedsDir, Folder, city.Key, name));
        if (!file.Exists || file.Length > MaxBytes)
        {
            row.Fault(file.Exists ? $"the file is larger than {MaxBytes} bytes" : "the file is missing");
            return null;
        }

        var template = File.ReadAllBytes(file.FullName);
        if (SampleForm.HasOddPlaceholder(template))
            row.Fault("{{ must begin a time such as {{now}}, {{now-3d}}, {{now+2h}} or {{now-15m}}");
        var read = SampleForm.Read(mapping, SampleForm.Fill(mapping, template, AnyTime));
        CheckContent(row, number, type, outcome.Length > 0, read);
        if (read is NativeReadOutcome.Ok { Message: var message } && Payload(message.Type, message.Data) is { } payload)
            flow = FlowCatalogue.OpenedBy(message.Type, payload, registry) ?? flow;
        return new SampleCase(
            number, city.Code, $"{Folder}/{city.Key}/{name}", type, flow?.Code ?? "",
            outcome.Length > 0 ? new Expectation.Reconciled(outcome) : new Expectation.Refused(reason), row.Text("note"), template);
    }

    private static void CheckContent(SeedRow row, string number, string type, bool isGood, NativeReadOutcome read)
    {
        var (messageId, message) = read is NativeReadOutcome.Ok ok ? (ok.Message.MessageId, ok.Message) : (((NativeReadOutcome.Refused)read).MessageId, null);
        if (messageId is not null && messageId != number + "-01")
            row.Fault($"the message's own number must be {number}-01");
        if (message is not null && message.Type != type)
            row.Fault($"the file holds a {message.Type[MessageTypes.Prefix.Length..]}");
        if (isGood && (message is null || Payload(message.Type, message.Data) is null))
            row.Fault("a sample that has an outcome must be readable");
    }

    private static IPayload? Payload(string type, ReadOnlyMemory<byte> data) => PayloadReader.Read(type, data.Span) is ReadOutcome.Ok ok ? ok.Payload : null;

    /// <summary>The number from which the cities draw what becomes of the case.</summary>
    private static string NumberIn(IPayload payload) => payload switch
    {
        ServiceSubmission submission => submission.CaseNumber,
        JointApplication whole => whole.CaseNumber,
        ITransferApplication application => application.CaseNumber,
        IInquiry inquiry => inquiry.CaseNumber,
        ResultNotice notice => notice.ResultId,
        RecognitionQuery query => query.QueryNumber,
        RecognitionSearch search => search.SearchNumber,
        ConsentWithdrawal withdrawal => withdrawal.ConsentNumber,
        _ => throw new ArgumentOutOfRangeException(nameof(payload)),
    };

    [GeneratedRegex("^[a-z0-9-]+(\\.[a-z0-9]+)+$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex FileName();
}
