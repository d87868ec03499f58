#!/bin/sh
# A control: the command has a planted fault, and must end with the given code and name the fault. A
# tool that lets it pass would prove nothing elsewhere.
#   must-find.sh CODE TEXT COMMAND...
set -u
expected=$1
text=$2
shift 2
output=$(mktemp)
trap 'rm -f "$output"' EXIT

"$@" >"$output" 2>&1
code=$?
# Marked, so that nobody takes the planted fault's lines for those of a test.
sed 's/^/planted | /' "$output"
echo "ended with $code, expected $expected and \"$text\""
[ "$code" -eq "$expected" ] && grep -q -F -e "$text" "$output"
