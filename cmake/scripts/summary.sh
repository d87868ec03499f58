#!/bin/sh
# Prints which tiers ran, with the closing lines of what they ran, and what was skipped or failed.
#   summary.sh RECORDS
set -u
cd "$1" || exit 1

set -- *.outcome
if [ ! -f "$1" ]; then
    echo "no test has left a record"
    exit 1
fi

# What test programs say at their end: cargo, this project's C programs, the scenario runner.
closing='^(test result: |[0-9]+ checks in |[0-9]+ passed, [0-9]+ failed)'

echo "=== closing lines ==="
for file in *.log; do
    name=${file%.log}
    case $(grep -c -E "$closing" "$file") in
    0) ;;
    [1-3]) grep -E "$closing" "$file" | sed "s/^/$name: /" ;;
    *)
        grep '^test result: ' "$file" | awk -v name="$name" '
            { passed += $4; failed += $6; ignored += $8 }
            END { printf "%s: %d test programs: %d passed; %d failed; %d ignored\n",
                         name, NR, passed, failed, ignored }'
        ;;
    esac
done

echo "=== tiers ==="
for file in *.outcome; do
    printf '%s\t%s\n' "${file%%.*}" "$(cat "$file")"
done | awk -F '\t' '
    { tier[$1]; count[$1, $2]++; seconds[$1] += $3 }
    END {
        printf "%-10s %7s %7s %7s %8s\n", "tier", "passed", "failed", "skipped", "seconds"
        for (t in tier)
            printf "%-10s %7d %7d %7d %8d\n", t, count[t, "passed"],
                   count[t, "failed"] + count[t, "unfinished"], count[t, "skipped"],
                   seconds[t] | "sort"
    }'

for file in *.outcome; do
    IFS="$(printf '\t')" read -r outcome seconds reason <"$file"
    case $outcome in
    skipped) echo "skipped: ${file%.outcome}: ${reason#SKIP: }" ;;
    failed) echo "failed: ${file%.outcome} ($seconds s)" ;;
    unfinished) echo "failed: ${file%.outcome} did not come to an end" ;;
    esac
done
