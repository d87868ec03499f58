#!/bin/sh
# The README's first C block is the example that the tests run, to the letter.
#   check-readme-example.sh SOURCE
set -u
block=$(awk '/^```/ { if (inside) exit; inside = /^```c$/; next } inside' "$1/README.md") || exit 1
if [ "$block" != "$(cat "$1/examples/c/first_call.c")" ]; then
    echo "the first C block of README.md differs from examples/c/first_call.c:"
    echo "$block" | diff - "$1/examples/c/first_call.c"
    exit 1
fi
echo "README.md and examples/c/first_call.c agree"
