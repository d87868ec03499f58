#!/bin/sh
# A Go program names every constant of the header through cgo and asks the library for its version.
# cgo refuses constants that are casts or expressions that it cannot evaluate.
#   go-constants.sh GO HEADER LIBRARY-FOLDER WORK
set -eu
go=$1
header=$2
libraries=$3
work=$4

rm -rf "$work"
mkdir -p "$work"
# All ARKGRPC_ names but the guard of the header, the initialiser, and the attribute.
names=$(sed 's,/\*.*\*/,,; s,//.*,,' "$header" |
    grep -o -E '(^ *#define +|^ *)ARKGRPC_[A-Z0-9_]+( |,|$| *=)' |
    grep -o -E 'ARKGRPC_[A-Z0-9_]+' | grep -v -E '^ARKGRPC_(H|CALL_OPTIONS_INIT|MUST_USE)$' | sort -u)
{
    printf 'package main\n\n// #include <arkgrpc.h>\nimport "C"\nimport "fmt"\n\n'
    printf 'var constants = []any{\n'
    for name in $names; do
        case $name in
        # Beyond the range of the type that Go picks for an untyped constant.
        ARKGRPC_NTS | ARKGRPC_TIMEOUT_*) echo "	uint64(C.$name)," ;;
        *) echo "	C.$name," ;;
        esac
    done
    printf '}\n\nfunc main() {\n'
    printf '	fmt.Println(len(constants), "constants, library", C.GoString(C.arkgrpc_version()))\n'
    printf '	if C.ARKGRPC_OK != 0 || C.ARKGRPC_PANIC != 900 {\n		panic("wrong numbers")\n	}\n}\n'
} >"$work/main.go"
printf 'module constants\n\ngo 1.21\n' >"$work/go.mod"

count=$(echo "$names" | wc -l)
if [ "$count" -lt 60 ]; then
    echo "only $count constants found in the header"
    exit 1
fi
cd "$work"
CGO_ENABLED=1 GOFLAGS=-mod=mod GOPROXY=off GOWORK=off CGO_CFLAGS="-I$(dirname "$header")" \
    CGO_LDFLAGS="-L$libraries -larkgrpc -Wl,-rpath,$libraries" "$go" run .
