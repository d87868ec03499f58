#!/bin/sh
# Fails unless the staged install has the files and links that C programs and packagers expect.
#   check-layout.sh STAGE LIBRARY-FOLDER VERSION
set -u
cd "$1" || exit 1
library=$2/libarkgrpc.so
version=$3
code=0

expect() {
    if [ "$2" = "$3" ]; then
        echo "ok: $1"
    else
        echo "$1: '$2', expected '$3'"
        code=1
    fi
}

expect "the link for linking" "$(readlink "$library")" "libarkgrpc.so.${version%%.*}"
expect "the link for loading" "$(readlink "$library.${version%%.*}")" "libarkgrpc.so.$version"
expect "the library is a file" "$(find "$library.$version" -type f)" "$library.$version"
expect "the archive is a file" "$(find "$2/libarkgrpc.a" -type f)" "$2/libarkgrpc.a"
expect "the header" "$(find include -type f)" "include/arkgrpc.h"
expect "the pkg-config version" "$(sed -n 's/^Version: //p' "$2/pkgconfig/arkgrpc.pc")" "$version"
expect "the number of files" "$(find . -type f | wc -l)" 6
exit $code
