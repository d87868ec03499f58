#!/bin/sh
# Fails unless the pkg-config file names the libraries that rustc says the archive needs.
#   check-native-libraries.sh FILE-WITH-RUSTC-S-NOTE PKG-CONFIG-FILE
set -u
sorted() { tr ' ' '\n' | grep -v '^$' | sort -u | tr '\n' ' '; }
if [ ! -s "$1" ]; then
    echo "no note of rustc was kept in $1: delete the folder beside it and build again"
    exit 1
fi
needed=$(tail -n 1 "$1" | sed 's/.*native-static-libs: //' | sorted)
named=$(sed -n 's/^Libs.private: //p' "$2" | sorted)
echo "rustc says:      $needed"
echo "arkgrpc.pc says: $named"
[ -n "$needed" ] && [ "$needed" = "$named" ]
