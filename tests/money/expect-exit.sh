#!/bin/sh
# Runs a control, which is passed only if it ends with the code of its finding.
#   expect-exit.sh CODE COMMAND...
set -u
wanted=$1
shift
"$@"
code=$?
echo "ended with $code, $wanted expected"
[ "$code" -eq "$wanted" ]
