using DataHub.Contracts.Payloads;
using DataHub.Core.Registry;

namespace DataHub.Simulators.Cases;

/// <summary>What one generated case grows from: everything in it is drawn from the seed and its number.</summary>
/// <param name="City">The submitting city.</param>
/// <param name="At">When it is submitted, to the second, in China's time.</param>
internal sealed record CaseSeed(Knobs Knobs, RegistrySnapshot Registry, string Number, string City, DateTimeOffset At)
{
    public double Chance(string question) => Draw.Of(Knobs.Seed, Number, question);

    public bool OneIn(int many, string question) => Below(question, many) == 0;

    public int Below(string question, int count) => Draw.Below(Knobs.Seed, Number, question, count);

    public T Pick<T>(string question, IReadOnlyList<T> from) => Draw.Pick(Knobs.Seed, Number, question, from);
}

/// <summary>A generated opening message and what has to become of it.</summary>
internal sealed record Generated(IPayload Payload, Expectation Expectation);
