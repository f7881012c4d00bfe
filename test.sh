#!/usr/bin/env bash
# Builds everything with warnings as errors, checks the format, runs all tests, and ends with "N passed, N failed".
# Needs the .NET 10 SDK, and for the distributed mode RabbitMQ and PostgreSQL, which are installed with apt-get where they are missing:
# the tests start and end servers of their own, some of them also where DATAHUB_TEST_RABBITMQ and DATAHUB_TEST_POSTGRES name servers (docs/testing.md).
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

install_servers() {
  local missing=() root=() policy=/usr/sbin/policy-rc.d own_policy=no failed=no
  if [ ! -x /usr/lib/rabbitmq/bin/rabbitmq-server ]; then missing+=(rabbitmq-server); fi
  if ! command -v initdb >/dev/null && ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
    missing+=(postgresql)
  fi
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  if [ "$(id -u)" -ne 0 ]; then root=(sudo); fi

  # The packages would start services of their own; exit code 101 forbids it. A policy that is there already is the machine's to keep.
  if [ ! -e $policy ]; then
    own_policy=yes
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee $policy >/dev/null && "${root[@]}" chmod 755 $policy || failed=yes
  fi
  "${root[@]}" apt-get update -q || true
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" || failed=yes
  if [ $own_policy = yes ]; then "${root[@]}" rm -f $policy; fi
  # The tests that need the servers then fail and say so.
  if [ $failed = yes ]; then echo "COULD NOT INSTALL ${missing[*]}" >&2; fi
}

install_servers
dotnet restore --locked-mode
dotnet build --no-restore -c Release
# What the analyzers say has failed the build already; asking them again would take as long as these two together.
dotnet format whitespace --no-restore --verify-no-changes
dotnet format style --no-restore --verify-no-changes

# The test programs are started as such, so that the time limit and Ctrl-C reach them and nothing between.
DOTNET_ROOT=${DOTNET_ROOT:-$(dirname "$(readlink -f "$(command -v dotnet)")")}
export DOTNET_ROOT
# The tests start a hundred programs that live for seconds: code is not measured for a later compilation, nor written into pages of its own.
export DOTNET_TieredPGO=0 DOTNET_EnableWriteXorExecute=0
passed=0 failed=0 failures=$(mktemp)
for project in DataHub.UnitTests DataHub.FlowTests; do
  log=$(mktemp) code=0 threads=default
  # They wait for servers and processes a fifth of their time.
  if [ $project = DataHub.FlowTests ]; then threads=1.5x; fi
  # A test that never ends says so from its third minute on, and ends the run after 40 minutes: four times what all of them take.
  timeout --foreground --kill-after=30 40m "tests/$project/bin/Release/net10.0/$project" --no-progress --no-ansi --long-running 180 --xunit-diagnostics on --max-threads $threads "$@" 2>&1 | tee "$log" || code=$?
  succeeded=$(sed -n 's/^ *succeeded: \([0-9]*\).*/\1/p' "$log" | tail -1)
  broken=$(sed -n 's/^ *failed: \([0-9]*\).*/\1/p' "$log" | tail -1)
  # A skipped test did not run: it counts as failed.
  skipped=$(sed -n 's/^ *skipped: \([0-9]*\).*/\1/p' "$log" | tail -1)
  # A failed test is a line that begins with "failed", and what it says is indented: said once more at the end, where it is found, in 12 lines.
  awk '/^failed / { left = 12 } /^failed |^  / { if (left-- > 0) print substr($0, 1, 400); next } { left = 0 }' "$log" >>"$failures"
  rm -f "$log"
  # A test program that dies before its summary, or ends with a fault that is no test's, counts as one failure. 8: no test was asked for.
  if [ -z "$succeeded" ] || { [ "$code" -ne 0 ] && [ "$code" -ne 8 ] && [ "${broken:-0}" -eq 0 ]; }; then broken=1; fi
  passed=$((passed + ${succeeded:-0}))
  failed=$((failed + ${broken:-0} + ${skipped:-0}))
done

cat "$failures"
rm -f "$failures"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
