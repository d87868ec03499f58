#!/bin/sh
# Runs one test, shows and keeps its output, and notes the outcome for the summary. A skip (77) is a
# failure where ARKGRPC_REQUIRE names the tool that the test lacks.
#   run-test.sh RECORDS NAME TOOL COMMAND...
set -u
records=$1
name=$2
tool=$3
shift 3

mkdir -p "$records"
start=$(date +%s)
# Until the end is known, so that a test that was killed for its time is not forgotten.
printf 'unfinished\t0\t\n' >"$records/$name.outcome"
{
    "$@" 2>&1
    echo $? >"$records/$name.status"
} | tee "$records/$name.log"
code=$(cat "$records/$name.status")

reason=
case $code in
0) outcome=passed ;;
77)
    outcome=skipped
    reason=$(grep '^SKIP: ' "$records/$name.log" | tail -n 1)
    case ,$(printf %s "${ARKGRPC_REQUIRE:-}" | tr -d ' '), in
    *,"$tool",*)
        echo "FAILED: ARKGRPC_REQUIRE names $tool, so this may not be skipped"
        outcome=failed
        code=1
        ;;
    esac
    ;;
*) outcome=failed ;;
esac
printf '%s\t%s\t%s\n' "$outcome" "$(($(date +%s) - start))" "$reason" >"$records/$name.outcome"
exit "$code"
