namespace DataHub.Host.Roles;

/// <summary>How a city's own system is spoken with. Several cities may share one; their words for it are data (<c>seeds/mapping</c>).</summary>
public enum NativeInterface
{
    /// <summary>REST with JSON both ways, as Chengdu has it (<c>contracts/native/chengdu.md</c>).</summary>
    Rest,

    /// <summary>SOAP 1.2 both ways, as Deyang has it (<c>contracts/native/deyang.md</c>).</summary>
    Soap,

    /// <summary>Exchange tables (前置库), as Meishan has them (<c>contracts/native/meishan.md</c>).</summary>
    Tables,

    /// <summary>Files in drop folders, as Ziyang has them (<c>contracts/native/ziyang.md</c>).</summary>
    Files,
}
