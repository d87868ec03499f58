#!/bin/sh
# The oldest glibc that docs/compatibility.md promises must be the newest version that the library asks
# for: not older, or it would not load there; not newer, or the page keeps people away without need.
#   check-glibc.sh LIBRARY PAGE
set -u
symbols=$(objdump -T "$1") || exit 1
needed=$(echo "$symbols" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -u -V | tail -n 1)
promised=$(grep -o 'glibc [0-9.]*[0-9] or newer' "$2" | sed 's/glibc \(.*\) or newer/\1/' | sort -u)
echo "symbols of the newest version: $(echo "$symbols" | grep -F "GLIBC_$needed" |
    sed 's/.*) *//' | tr '\n' ' ')"
echo "the library needs glibc $needed, docs/compatibility.md says $promised"
[ -n "$needed" ] && [ "$needed" = "$promised" ]
