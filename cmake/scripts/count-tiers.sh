#!/bin/sh
# Fails when a tier has fewer tests than it must have.
#   count-tiers.sh CTEST BUILD-FOLDER TIER=LEAST...
set -u
ctest=$1
folder=$2
shift 2

code=0
for pair in "$@"; do
    tier=${pair%=*}
    least=${pair#*=}
    count=$("$ctest" --test-dir "$folder" -N -L "^$tier\$" | grep -c ": $tier\.")
    echo "$tier: $count tests, at least $least expected"
    [ "$count" -ge "$least" ] || code=1
done
exit $code
