namespace DataHub.Core.Materials;

/// <summary>Where the bytes of materials lie.</summary>
public enum MaterialPlace
{
    /// <summary>Files in a folder.</summary>
    Folder,

    /// <summary>Rows of PostgreSQL.</summary>
    Database,
}

/// <summary>How materials are kept; see docs/design/materials.md.</summary>
public sealed record MaterialOptions
{
    /// <summary>Null: a folder in the embedded mode, the database on PostgreSQL.</summary>
    public MaterialPlace? Place { get; init; }

    /// <summary>Null: <c>materials</c> in the data folder.</summary>
    public string? Folder { get; init; }

    /// <summary>The folder is one and the same for every process of the deployment.</summary>
    public bool FolderShared { get; init; }

    /// <summary>
    /// Days that a file is kept after the last change of the last exchange that names it, once that is final. Ten years is the
    /// fixed term of service files (机关文件材料归档范围和文书档案保管期限规定, 政务服务电子文件归档和电子档案管理办法).
    /// </summary>
    public int KeepDays { get; init; } = 3650;

    /// <summary>Days that a file is kept which no accepted message has named.</summary>
    public int UnnamedDays { get; init; } = 7;

    /// <summary>Bytes that a city may begin to upload in one day (Asia/Shanghai).</summary>
    public long DailyBytes { get; init; } = 20L * 1024 * 1024 * 1024;

    /// <summary>Unfinished uploads that a city may have.</summary>
    public int OpenUploads { get; init; } = 64;

    /// <summary>An upload that is not finished within this time is forgotten.</summary>
    public TimeSpan UploadExpiry { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Pause between two looks for what is not kept any longer.</summary>
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromMinutes(10);
}
