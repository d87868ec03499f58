#!/bin/sh
# Fails when gofmt would change a file of the project.
#   gofmt.sh GOFMT FOLDER
set -u
files=$(find "$2" -name '*.go' -not -path './target/*' -not -path './build/*')
if [ -z "$files" ]; then
    echo "no Go file found"
    exit 1
fi
changed=$("$1" -l $files) || exit 1
echo "$(echo "$files" | wc -l) files; to be formatted: ${changed:-none}"
[ -z "$changed" ]
