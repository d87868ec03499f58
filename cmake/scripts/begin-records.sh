#!/bin/sh
# Empties the folder of test records and refuses names in ARKGRPC_REQUIRE that no test knows: a
# misspelt one would require nothing.
#   begin-records.sh RECORDS KNOWN-TOOL...
set -u
records=$1
shift

rm -rf "$records"
mkdir -p "$records"
for tool in $(printf %s "${ARKGRPC_REQUIRE:-}" | tr ',' ' '); do
    case " $* " in
    *" $tool "*) ;;
    *)
        echo "ARKGRPC_REQUIRE names '$tool'; it may name: $*"
        exit 1
        ;;
    esac
done
echo "required here: ${ARKGRPC_REQUIRE:-nothing}"
