#!/bin/sh
# The demo is what it says: an ELF program that loads the staged libarkgrpc and nothing else of that
# name, and that prints a node's alias which it can only know from the daemons of this very run.
#   check-demo.sh LAUNCHER QUICKSTART STAGED-LIBRARY
set -u
launcher=$1
quickstart=$2
staged=$3
name=$(basename "$staged")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
code=0

holds() {
    if eval "$2"; then
        echo "ok: $1"
    else
        echo "not so: $1"
        code=1
    fi
}

readelf -d "$quickstart" >"$work/dynamic" || exit 1
cat "$work/dynamic"
holds "it needs $name" 'grep -q "NEEDED.*\[$name\]" "$work/dynamic"'
holds "it has a path to the stage" \
    'grep -E "RUNPATH|RPATH" "$work/dynamic" | grep -q -F "$(dirname "$staged")"'
# The dynamic linker says what it would load.
LD_TRACE_LOADED_OBJECTS=1 "$quickstart" >"$work/loaded"
grep libarkgrpc "$work/loaded"
found=$(awk -v name="$name" '$1 == name { print $3 }' "$work/loaded")
holds "it loads the staged library" \
    '[ -n "$found" ] && [ "$(realpath "$found")" = "$(realpath "$staged")" ]'

"$launcher" devnet -- "$quickstart" >"$work/out" 2>"$work/err"
ended=$?
holds "it ended with 0" '[ $ended -eq 0 ]'
alias=$(sed -n 's/^devnet: alice is known as //p' "$work/err")
holds "the daemons name alice: $alias" '[ -n "$alias" ]'
holds "the demo prints that name" 'grep -q -F "\"alias\":\"$alias\"" "$work/out"'
holds "the daemons served its payment" 'grep -q "served .*SendPaymentV2 1$" "$work/err"'
exit $code
