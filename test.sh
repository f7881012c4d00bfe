#!/usr/bin/env bash
# Builds everything with warnings as errors, checks the format, runs all tests, and ends with "N passed, N failed".
# Needs the .NET 10 SDK only: the embedded default uses no server.
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

dotnet restore --locked-mode
dotnet build --no-restore -c Release
dotnet format --no-restore --verify-no-changes

passed=0 failed=0
for project in DataHub.UnitTests DataHub.FlowTests; do
  log=$(mktemp)
  # A test program that dies before its summary counts as one failure.
  dotnet run --no-build -c Release --project "tests/$project" -- --no-progress "$@" 2>&1 | tee "$log" || true
  succeeded=$(sed -n 's/^ *succeeded: \([0-9]*\).*/\1/p' "$log" | tail -1)
  broken=$(sed -n 's/^ *failed: \([0-9]*\).*/\1/p' "$log" | tail -1)
  # A skipped test did not run: it counts as failed.
  skipped=$(sed -n 's/^ *skipped: \([0-9]*\).*/\1/p' "$log" | tail -1)
  rm -f "$log"
  if [ -z "$succeeded" ]; then broken=1; fi
  passed=$((passed + ${succeeded:-0}))
  failed=$((failed + ${broken:-0} + ${skipped:-0}))
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
