#!/bin/sh
# Installs the library, moves it, and builds and runs programs against it in a folder that knows
# nothing of the project: shared and static, by find_package or by pkg-config.
#   install.sh find_package|pkg_config CMAKE BUILD-FOLDER WORK CC
set -eu
way=$1
cmake=$2
build=$3
work=$4/$way
compiler=$5
consumer=$(cd "$(dirname "$0")/../consumer" && pwd)

rm -rf "$work"
mkdir -p "$work"
"$cmake" --install "$build" --prefix "$work/first" >"$work/install.log"

# A static program must not load the shared library, a shared one must.
check_linking() {
    needed=$(readelf -d "$2" | grep -c 'NEEDED.*libarkgrpc' || true)
    echo "$2: libarkgrpc needed: $needed"
    case $1 in
    shared) [ "$needed" = 1 ] ;;
    static) [ "$needed" = 0 ] ;;
    esac
}

if [ "$way" = find_package ]; then
    # With a space in it, as users have.
    prefix="$work/moved to here"
    mv "$work/first" "$prefix"
    "$cmake" -S "$consumer" -B "$work/build" -DCMAKE_PREFIX_PATH="$prefix" \
        -DCMAKE_C_COMPILER="$compiler" >"$work/configure.log"
    "$cmake" --build "$work/build"
    for kind in shared static; do
        check_linking $kind "$work/build/consumer_$kind"
        "$work/build/consumer_$kind"
    done
else
    prefix=$work/moved
    mv "$work/first" "$prefix"
    PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name arkgrpc.pc)")
    export PKG_CONFIG_PATH
    echo "arkgrpc $(pkg-config --modversion arkgrpc): $(pkg-config --cflags --libs --static arkgrpc)"
    "$compiler" "$consumer/consumer.c" $(pkg-config --cflags --libs arkgrpc) -o "$work/shared"
    check_linking shared "$work/shared"
    LD_LIBRARY_PATH=$(pkg-config --variable=libdir arkgrpc) "$work/shared"
    others=$(pkg-config --static --libs-only-l arkgrpc | sed 's/-larkgrpc//')
    "$compiler" "$consumer/consumer.c" $(pkg-config --cflags arkgrpc) \
        "$(pkg-config --variable=static_library arkgrpc)" $others -o "$work/static"
    check_linking static "$work/static"
    "$work/static"
fi
