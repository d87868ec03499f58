#!/bin/sh
# Runs a command once with every file of the given folders whose name matches a pattern.
#   each-file.sh COMMAND... -- FOLDER... -- PATTERN...
set -u
command=
while [ "$1" != -- ]; do
    command="$command $1"
    shift
done
shift
folders=
while [ "$1" != -- ]; do
    [ -d "$1" ] && folders="$folders $1"
    shift
done
shift

set -f
names=
for pattern in "$@"; do
    names="$names${names:+ -o} -name $pattern"
done
files=$(find $folders -type f \( $names \) | sort)
if [ -z "$files" ]; then
    echo "no file matches"
    exit 1
fi
echo "$(echo "$files" | wc -l) files"
exec $command $files
