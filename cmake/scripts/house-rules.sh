#!/bin/sh
# The rules of form that no formatter knows: short files, an opening comment, nothing unfinished, no
# vague names, no path of a machine. Looks at what git knows, or at everything outside of a checkout.
set -u
code=0

complain() {
    [ -z "$2" ] && return
    printf '%s:\n%s\n' "$1" "$(echo "$2" | sed 's/^/  /')"
    code=1
}

files=$({ git ls-files --cached --others --exclude-standard 2>/dev/null || find . -type f; } |
    sed 's,^\./,,' | grep -v -E '^(target|build)/' | sort -u)
sources=$(echo "$files" | grep -E '\.(rs|c|h|hpp|go|py|swift|sh|cmake)$')
# Written by tools; the header is checked against its source by a test of its own.
own=$(echo "$sources" | grep -v -E '^include/arkgrpc\.h$|generated')
if [ -z "$own" ]; then
    echo "no source file found"
    exit 1
fi
echo "$(echo "$own" | wc -l) source files"

complain "more than 400 lines" "$(wc -l $own | awk '$2 != "total" && $1 > 400 { print $2 ": " $1 }')"
complain "unfinished" \
    "$(grep -n -E '\b(todo|unimplemented)!|\b(FIX'ME'|XX'X'|HA'CK'|TO'DO')\b' $own)"
complain "ignored tests" "$(grep -n -E '#\[ignore' $own)"
complain "a sleep in a test" "$(grep -n -E '(thread::|time\.|u|nano)sleep\(|[^_a-z]sleep\(' \
    $(echo "$own" | grep -E '^tests/'))"
complain "a path of a machine" \
    "$(grep -n -E '(^|[^a-zA-Z0-9_.$}-])/(root|home|work|tmp)/[A-Za-z]' $files 2>/dev/null)"
complain "vague file names" \
    "$(echo "$files" | grep -E '(^|/)(utils?|common|helpers?|misc)(\.[a-z]+)?(/|$)')"
complain "no comment at the top" "$(for file in $own; do
    head -n 3 "$file" | grep -q -E '^(//|/\*|#|"""|package )' || echo "$file"
done)"
exit $code
