namespace DataHub.Core.Native;

/// <summary>Resident identity numbers of the first generation: 15 digits, without century and check character.</summary>
internal static class FirstGeneration
{
    /// <summary>Inserts the century and appends the check character (GB 11643-1999).</summary>
    public static string Upgrade(string fifteenDigits)
    {
        ReadOnlySpan<int> weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        var digits = fifteenDigits[..6] + "19" + fifteenDigits[6..];
        var sum = 0;
        for (var i = 0; i < weights.Length; i++)
            sum += weights[i] * (digits[i] - '0');
        return digits + "10X98765432"[sum % 11];
    }
}
