using System.Security.Cryptography;

namespace DataHub.Core.Native.Ziyang;

/// <summary>The folders and the three kinds of files that go through them (contracts/native/ziyang.md).</summary>
public sealed class ZiyangFolders
{
    /// <summary>Messages for the city's system begin so.</summary>
    public const string Messages = "JS_";

    /// <summary>Refusals by the hub of what the city had sent begin so.</summary>
    public const string Notices = "TZ_";

    public ZiyangFolders(string root, NativeMapping mapping)
    {
        Out = new DropFolder(Path.Combine(root, "out"));
        Ack = new DropFolder(Path.Combine(root, "ack"));
        In = new DropFolder(Path.Combine(root, "in"));
        InAck = new DropFolder(Path.Combine(root, "in-ack"));
        Done = new DropFolder(Path.Combine(root, "done"));
        Bad = new DropFolder(Path.Combine(root, "bad"));
        MessageFormat = new ZiyangFormat(mapping.Shapes.SelectMany(shape => shape.Fields));
        SubmitAckFormat = new ZiyangFormat(mapping.Acks.SubmitFields);
        HeldAckFormat = new ZiyangFormat(mapping.Acks.HeldFields);
    }

    /// <summary>City to hub: messages.</summary>
    public DropFolder Out { get; }

    /// <summary>Hub to city: answers to files of <see cref="Out"/>, a row for each of theirs.</summary>
    public DropFolder Ack { get; }

    /// <summary>Hub to city: messages and notices.</summary>
    public DropFolder In { get; }

    /// <summary>City to hub: answers to files of <see cref="In"/>, a row for each of theirs.</summary>
    public DropFolder InAck { get; }

    /// <summary>Files that their reader has processed.</summary>
    public DropFolder Done { get; }

    /// <summary>Files that were refused as a whole, each with a note of the reasons.</summary>
    public DropFolder Bad { get; }

    public ZiyangFormat MessageFormat { get; }

    public ZiyangFormat SubmitAckFormat { get; }

    public ZiyangFormat HeldAckFormat { get; }

    /// <summary>
    /// Name of the answer to a file. It carries the beginning of the content's SHA-256, so that the answer to a file whose
    /// name is used again never replaces the answer to the first.
    /// </summary>
    public static string AckName(string name, ReadOnlySpan<byte> content) => $"{Path.GetFileNameWithoutExtension(name)}.{Mark(content)}.ack.csv";

    /// <summary>Moves a processed file away; where its name is taken there by another file, under a name that its content makes distinct.</summary>
    public static void PutAway(DropFolder from, DropFolder to, string name, ReadOnlySpan<byte> content)
    {
        var taken = to.Contains(name) && !File.ReadAllBytes(to.PathOf(name)).AsSpan().SequenceEqual(content);
        from.MoveTo(to, name, taken ? $"{Path.GetFileNameWithoutExtension(name)}.{Mark(content)}.csv" : name);
    }

    /// <summary>Markers that a crash left behind in the middle of a move.</summary>
    public void DropStaleMarkers(DropFolder folder)
    {
        foreach (var name in folder.Orphans().Where(name => Done.Contains(name) || Bad.Contains(name)).ToList())
            folder.DropMarker(name);
    }

    private static string Mark(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content))[..8];
}
