#!/bin/sh
# Runs a verbose cargo command, shows what a person wants to see of it, and keeps the lines that
# match PATTERN in FILE. A run in which cargo found everything fresh has no such line and leaves FILE.
#   cargo-keeping.sh FILE PATTERN COMMAND...
set -u
file=$1
pattern=$2
shift 2

mkdir -p "$(dirname "$file")"
{
    "$@" 2>&1
    echo $? >"$file.status"
} | tee "$file.output" | grep --line-buffered -v -E '^ *(Running|Fresh|Dirty) '
if grep -E -e "$pattern" "$file.output" >"$file.found"; then
    mv "$file.found" "$file"
else
    rm "$file.found"
fi
exit "$(cat "$file.status")"
