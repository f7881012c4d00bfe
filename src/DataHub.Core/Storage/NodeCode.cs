using System.Globalization;

namespace DataHub.Core.Storage;

/// <summary>Node codes as the integers that databases keep.</summary>
internal static class NodeCode
{
    public static int Of(string node) => int.Parse(node, NumberStyles.None, CultureInfo.InvariantCulture);

    public static string Name(int code) => code.ToString("D6", CultureInfo.InvariantCulture);
}
