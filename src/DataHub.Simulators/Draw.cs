namespace DataHub.Simulators;

/// <summary>Chance that is the same for the same seed, key and question, in every city and every run.</summary>
internal static class Draw
{
    /// <summary>0 to 1, 1 excluded.</summary>
    public static double Of(int seed, string key, string question) => (Bits(seed, key, question) >> 11) * (1.0 / (1UL << 53));

    /// <summary>0 to <paramref name="count"/> - 1.</summary>
    public static int Below(int seed, string key, string question, int count) => (int)(Bits(seed, key, question) % (ulong)count);

    public static T Pick<T>(int seed, string key, string question, IReadOnlyList<T> from) => from[Below(seed, key, question, from.Count)];

    // FNV-1a over the text, then the finaliser of SplitMix64: string.GetHashCode differs from process to process.
    private static ulong Bits(int seed, string key, string question)
    {
        var hash = 14695981039346656037UL ^ (uint)seed;
        hash = Mix(Mix(hash, key) * 1099511628211UL, question);
        hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9UL;
        hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBUL;
        return hash ^ (hash >> 31);
    }

    private static ulong Mix(ulong hash, string text)
    {
        foreach (var c in text)
            hash = (hash ^ c) * 1099511628211UL;
        return hash;
    }
}
