using DataHub.Core.Registry;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Registry;

/// <summary>A copy of the seeds, broken in one place at a time.</summary>
public sealed class SeedFaultTests : IDisposable
{
    private readonly SeedCopy seeds = new();

    public void Dispose() => seeds.Dispose();

    [Fact]
    public void An_unbroken_copy_loads() => RegistrySnapshot.Load(seeds.Folder).Cities.Count.ShouldBe(4);

    [Theory]
    [InlineData("districts.csv", "510999,某区,510900", "the city 510900 is not in cities.csv")]
    [InlineData("districts.csv", "510681,广汉市,510600", "510681 stands twice")]
    [InlineData("districts.csv", "51068,广汉市,510600", "code must be a GB/T 2260 code of six digits")]
    [InlineData("districts.csv", "510699,某区", "the row has 2 fields, the header has 3")]
    [InlineData("items.csv", "x.y,某事项,service.online,online,no,1,5,3,no,*,2024-01-01,,依据", "promisedDays is more than statutoryDays")]
    [InlineData("items.csv", "x.y,某事项,service.online,telepathy,no,1,1,3,no,*,2024-01-01,,依据", "telepathy is not one of online, collect-on-behalf, joint")]
    [InlineData("items.csv", "x.y,某事项,service.online,online,maybe,1,1,3,no,*,2024-01-01,,依据", "instant must be yes or no")]
    [InlineData("items.csv", "x.y,某事项,service.online,online,no,0,1,3,no,*,2024-01-01,,依据", "acceptDays must be a whole number from 1 to 366")]
    [InlineData("items.csv", "x.y,某事项,service.online,online,no,1,1,3,no,510100|510100,2024-01-01,,依据", "offeredBy has an entry twice")]
    [InlineData("items.csv", "x.y,某事项,service.online,online,no,1,1,3,no,*,2024-02-30,,依据", "validFrom must be a date yyyy-MM-dd")]
    [InlineData("items.csv", "x.y,某事项,service.online,online,no,1,1,3,no,*,2024-01-01,2023-12-31,依据", "validTo lies before validFrom")]
    [InlineData("items.csv", "x.y,某事项,service.online,online,no,1,1,3,no,*,2024-01-01,,", "basis is empty")]
    [InlineData("items.csv", "transfer.x,某转移,transfer.pension,online,no,1,1,3,no,*,2024-01-01,,依据", "the item transfer.x needs a rule for any pair of cities (*,*) without end")]
    [InlineData("items.csv", "x.y,某事项,service.online,online,no,1,1,3,no,*,2024-01-01,,依据", "the table item has no row for x.y")]
    [InlineData("items.csv", "id-card.renewal,某事项,service.online,online,no,1,1,3,no,*,2030-01-01,,依据", "id-card.renewal has another row for some of these days")]
    [InlineData("items.csv", "health-code.proof,某事项,transfer.pension,online,no,1,1,3,no,*,2030-01-01,,依据", "health-code.proof changes its flow; a new flow needs a new code")]
    [InlineData("hospitals.csv", "H510100001,四川大学华西医院,510100,三级,2030-01-01,", "H510100001 has another row for some of these days")]
    [InlineData("item_materials.csv", "id-card.renewal,x,某材料,yes,2026-02-01,2026-01-01", "validTo lies before validFrom")]
    [InlineData("item_materials.csv", "x.y,id-card,居民身份证,yes,,", "the item x.y is not in items.csv")]
    [InlineData("item_fields.csv", "id-card.renewal,deliveryAddress,邮寄地址,no,200,,", "deliveryAddress stands twice for id-card.renewal")]
    [InlineData("service_terms.csv", "x.y,electronic,5,依据", "the item x.y is not in items.csv")]
    [InlineData("service_terms.csv", "marriage.record,parchment,5,依据", "parchment is not one of electronic, paper")]
    [InlineData("service_terms.csv", "marriage.record,paper,0,依据", "followUpDays must be a whole number from 1 to 366")]
    [InlineData("agreements.csv", "510100,510100,service.online,*,2024-01-01,", "sourceCity and targetCity are the same")]
    [InlineData("agreements.csv", "510100,510600,service.online,pension.employee,2024-01-01,", "the item pension.employee is not one of the flow service.online")]
    [InlineData("agreements.csv", "510100,510600,recognition.use,lab.none,2024-01-01,", "the item lab.none is not one of the flow recognition.use")]
    [InlineData("agreements.csv", "510100,510600,service.paper,*,2024-01-01,", "there is no flow service.paper")]
    [InlineData("agreements.csv", "510100,510600,service.online,*,2026-01-01,", "another row for these cities and this item is in force at the same time")]
    [InlineData("cities.csv", "519000,deyang,某市", "the key deyang stands twice")]
    [InlineData("items.csv", "x.y,某事项,service.paper,online,no,1,1,3,no,*,2024-01-01,,依据", "there is no flow service.paper")]
    [InlineData("transfer_rules.csv", "x.y,*,*,no,,,yes,,,1,1,1,依据,,", "the item x.y is not in items.csv")]
    [InlineData("transfer_rules.csv", "medical.employee,510100,*,yes,principal,,yes,,,3,10,5,依据,,", "contactLetterDays must be a whole number from 0 to 0")]
    [InlineData("transfer_rules.csv", "housing-fund.account,510100,*,yes,principal,,yes,,,0,5,2,依据,,", "contactLetterDays must be a whole number from 1 to 366")]
    [InlineData("transfer_rules.csv", "housing-fund.account,510100,*,yes,capital,,yes,,,3,5,2,依据,,", "capital is not one of principal, interest, pooled")]
    [InlineData("transfer_rules.csv", "housing-fund.account,510100,*,yes,principal,12,yes,,,3,5,2,依据,,", "pooledPercent is given where no pooled amount moves")]
    [InlineData("case_rules.csv", "x.y,2,3,4,2,2,3,10,1,1,依据", "the item x.y is in no catalogue")]
    [InlineData("case_rules.csv", "*,2,3,4,2,2,3,10,1,1,依据", "* stands twice")]
    [InlineData("case_rules.csv", "lab.hba1c,2,3,4,2,2,3,10,1,0,依据", "acknowledgementDays must be a whole number from 1 to 366")]
    [InlineData("case_rules.csv", "library.loan,2,3,1,2,2,3,10,1,1,依据", "breakLevel is more than maxLevel")]
    [InlineData("hospitals.csv", "H1,某医院,510100,一级,,", "grade must be one of 二级, 二级甲等, 三级, 三级甲等")]
    [InlineData("marks.csv", "成德眉,某互认,cities,*,,2024-01-01,,依据", "mark must be a range followed by HR")]
    [InlineData("marks.csv", "某HR,某互认,village,*,,2024-01-01,,依据", "scope must be one of national, province, cities, hospitals")]
    [InlineData("marks.csv", "某HR,某互认,hospitals,,H510100001,2024-01-01,,依据", "hospitals must name at least two")]
    [InlineData("marks.csv", "某HR,某互认,hospitals,,H510100001|H9,2024-01-01,,依据", "the hospital H9 is not in hospitals.csv")]
    [InlineData("marks.csv", "某HR,某互认,hospitals,510100,H510100001|H510600001,2024-01-01,,依据", "cities must be empty: the hospitals say which cities they are of")]
    [InlineData("marks.csv", "某HR,某互认,cities,510100,H510100001|H510600001,2024-01-01,,依据", "hospitals must be empty: this mark covers every hospital of its cities")]
    [InlineData("marks.csv", "某HR,某互认,national,510100,,2024-01-01,,依据", "cities must be * for a national or provincial mark")]
    [InlineData("marks.csv", "某HR,某互认,cities,510100,,2024-01-01,2023-01-01,依据", "validTo lies before validFrom")]
    [InlineData("recognition_items.csv", "lab.x,某项目,laboratory,,7,二级,100,2024-01-01,2023-01-01", "validTo lies before validFrom")]
    [InlineData("laboratory_codes.csv", "img.chest-ct,1-1,某指标,,text", "the item img.chest-ct is no laboratory item of recognition_items.csv")]
    [InlineData("laboratory_codes.csv", "lab.hba1c,1-1,某指标,%,text", "unit must be empty for a text")]
    [InlineData("laboratory_codes.csv", "lab.hba1c,4548-4,某指标,%,numeric", "(lab.hba1c, 4548-4) stands twice")]
    [InlineData("recognition_grades.csv", "510100,510100,*,三级,2024-01-01,,依据", "oneCity and otherCity are the same")]
    [InlineData("recognition_grades.csv", "510100,510600,lab.none,三级,2024-01-01,,依据", "the item lab.none is not in recognition_items.csv")]
    [InlineData("recognition_grades.csv", "512000,511400,exam.ecg,三级,2026-01-01,,依据", "another row for these cities and this item is in force at the same time")]
    [InlineData("codes/ziyang.csv", "sex,XB1,female,女", "XB1 stands twice in the table sex")]
    [InlineData("codes/ziyang.csv", "sex,XB7,neuter,中性", "neuter is no code of the table sex")]
    [InlineData("codes/ziyang.csv", "colour,1,red,红", "there is no code table colour")]
    [InlineData("calendar/cn-2024-2026.csv", "2026-11-23,work,某日,来源", "2026-11-23 is no weekend day, so it needs no row to be worked")]
    [InlineData("calendar/cn-2024-2026.csv", "2026-10-01,off,某日,来源", "2026-10-01 stands twice")]
    [InlineData("calendar/cn-2024-2026.csv", "2029-10-01,off,某日,来源", "the year 2027 is missing between 2024 and 2029")]
    public void A_wrong_row_is_named_with_its_reason(string file, string row, string reason)
    {
        seeds.Add(file, row);
        var faults = Faults();
        faults.Select(f => f.Reason).ShouldContain(reason);
        // What is missing stands in no row.
        if (!IsMissing(reason))
            faults.ShouldContain(new SeedFault(file, File.ReadAllLines(seeds.PathTo(file)).Length, reason));

        static bool IsMissing(string reason) => reason.Contains("has no row", StringComparison.Ordinal) || reason.Contains("needs a rule", StringComparison.Ordinal) || reason.Contains("is missing", StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_carries_its_file_and_line()
    {
        var path = seeds.PathTo("hospitals.csv");
        File.AppendAllText(path, "H1,某医院,999999,三级,,\n");
        Faults().ShouldBe([new SeedFault("hospitals.csv", File.ReadAllLines(path).Length, "the city 999999 is not in cities.csv")]);
    }

    [Fact]
    public void All_faults_of_all_files_come_together()
    {
        File.AppendAllText(seeds.PathTo("marks.csv"), "无标识,某互认,cities,*,,2024-01-01,,依据\n");
        File.Delete(seeds.PathTo("return_reasons.csv"));
        File.WriteAllText(seeds.PathTo("agencies.csv"), "code,name\n");

        var error = Should.Throw<SeedException>(() => RegistrySnapshot.Load(seeds.Folder));
        error.Faults.ShouldContain(new SeedFault("return_reasons.csv", 0, "the file is missing"));
        error.Faults.ShouldContain(new SeedFault("agencies.csv", 1, "the header must be code,name,cityCode,kind"));
        error.Faults.ShouldContain(f => f.File == "marks.csv");
        error.Message.ShouldContain("return_reasons.csv:0: the file is missing");
    }

    [Fact]
    public void A_code_of_the_hub_without_a_native_one_is_a_fault()
    {
        var path = seeds.PathTo("codes", "meishan.csv");
        File.WriteAllLines(path, File.ReadAllLines(path).Where(l => !l.StartsWith("repeat-reason,4,", StringComparison.Ordinal)));
        Faults().ShouldBe([new SeedFault("codes/meishan.csv", 0, "the table repeat-reason has no row for emergency")]);
    }

    [Fact]
    public void A_city_without_code_tables_is_a_fault()
    {
        File.Delete(seeds.PathTo("codes", "deyang.csv"));
        Faults().ShouldContain(new SeedFault("codes/deyang.csv", 0, "the file is missing"));
    }

    [Fact]
    public void Broken_UTF_8_and_broken_quotes_are_faults()
    {
        using (var file = File.OpenWrite(seeds.PathTo("marks.csv")))
            file.Write([0xC3, 0x28]);
        File.AppendAllText(seeds.PathTo("agencies.csv"), "A1,\"未闭合,510100,hall\n");

        Faults().ShouldContain(f => f.File == "marks.csv" && f.Reason.StartsWith("the file cannot be read", StringComparison.Ordinal));
        Faults().ShouldContain(f => f.File == "agencies.csv" && f.Reason.StartsWith("the file cannot be read", StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_past_the_bound_is_not_read()
    {
        File.AppendAllText(seeds.PathTo("marks.csv"), "# " + new string('x', 4 * 1024 * 1024) + "\n");
        Faults().ShouldContain(f => f.File == "marks.csv" && f.Reason.StartsWith("the file is larger than", StringComparison.Ordinal));
    }

    [Fact]
    public void A_byte_order_mark_is_tolerated()
    {
        var path = seeds.PathTo("marks.csv");
        File.WriteAllBytes(path, [0xEF, 0xBB, 0xBF, .. File.ReadAllBytes(path)]);
        RegistrySnapshot.Load(seeds.Folder).Marks.Count.ShouldBe(9);
    }

    private IReadOnlyList<SeedFault> Faults() => Should.Throw<SeedException>(() => RegistrySnapshot.Load(seeds.Folder)).Faults;
}
