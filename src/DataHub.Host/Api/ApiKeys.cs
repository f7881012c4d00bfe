namespace DataHub.Host.Api;
internal static class ApiKeys { public static string Create(string d, string c) => d + c; }
