#!/bin/sh
# Fails when the shipped library would be built with tonic's server side, whose presence changes what
# its client reports.
#   check-features.sh CARGO
set -u
tree=$("$1" tree --locked -p arkgrpc -e normal,features) || exit 1
# The question must be able to find something: the feature that is wanted has to be there.
if ! echo "$tree" | grep -q 'tonic feature "codegen"'; then
    echo "tonic with its feature codegen is not in the tree"
    exit 1
fi
found=$(echo "$tree" | grep -E '(tonic|hyper|hyper-util) feature "(server|server-auto|router)"')
echo "server features: ${found:-none}"
[ -z "$found" ]
