using System.Diagnostics;
using System.Globalization;

namespace DataHub.Core;

/// <summary>
/// Places at which a test ends this process as a crash would: between two steps that must be safe to cut apart. Nothing
/// happens, and nothing is counted, unless a development process was started with <see cref="Variable"/>.
/// </summary>
public static class FaultPoints
{
    /// <summary>Names a point and the passing at which the process ends: <c>after-commit:7</c>.</summary>
    public const string Variable = "DATAHUB_TEST_FAULT";

    /// <summary>The journal holds a group; nothing of it was sent, and its frames are not acknowledged.</summary>
    public const string AfterCommit = "after-commit";

    /// <summary>The bus holds a frame; its sender does not know it yet.</summary>
    public const string AfterPublish = "after-publish";

    /// <summary>A frame is taken in and what it caused may be under way; the bus does not know it yet.</summary>
    public const string BeforeAcknowledge = "before-acknowledge";

    private static volatile string? armed;
    private static int left;

    /// <summary>Sets the point at which this process ends; null for none.</summary>
    /// <exception cref="ArgumentException">It is no point and number.</exception>
    public static void Arm(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return;
        if (text.Split(':') is not [AfterCommit or AfterPublish or BeforeAcknowledge, var times] || !int.TryParse(times, NumberStyles.None, CultureInfo.InvariantCulture, out left))
            throw new ArgumentException($"{Variable} is not a point and a number, such as {AfterCommit}:7.", nameof(text));
        armed = text.Split(':')[0];
    }

    /// <summary>Ends the process where this passing of the point is the one that was set.</summary>
    public static void Pass(string point)
    {
        if (armed is not null && armed == point && Interlocked.Decrement(ref left) == 0)
            Die();
    }

    private static void Die()
    {
        // At once, as SIGKILL does: no handler runs, nothing is written out.
        using var self = Process.GetCurrentProcess();
        self.Kill();
        new ManualResetEventSlim().Wait();
    }
}
