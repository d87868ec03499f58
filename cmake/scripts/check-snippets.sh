#!/bin/sh
# Compiles every C block of the documentation against the staged install; one with a main() is linked
# too.
#   check-snippets.sh SOURCE CC STAGE LIBRARY-FOLDER WORK
set -u
source=$1
compiler=$2
stage=$3
libraries=$4
work=$5
here=$(dirname "$0")

code=0
total=0
rm -rf "$work"
for page in "$source/README.md" "$source"/docs/*.md; do
    [ -f "$page" ] || continue
    folder=$work/$(basename "$page" .md)
    mkdir -p "$folder"
    awk -v OUT="$folder" -f "$here/c-snippets.awk" "$page"
    for snippet in "$folder"/*.c; do
        [ -f "$snippet" ] || continue
        total=$((total + 1))
        set -- -std=c11 -Wall -Wextra -Werror -I"$stage/include" "$snippet"
        if grep -q 'int main(' "$snippet"; then
            set -- "$@" -L"$stage/$libraries" -larkgrpc -o "${snippet%.c}"
        else
            set -- "$@" -fsyntax-only
        fi
        "$compiler" "$@" || code=1
    done
done
echo "$total snippets compiled"
[ "$total" -gt 0 ] || exit 1
exit $code
