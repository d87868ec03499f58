#!/bin/sh
# Checks and formats-checks every Python file of the project.
#   ruff.sh RUFF
set -u
files=$(find . -name '*.py' -not -path './target/*' -not -path './build/*')
if [ -z "$files" ]; then
    echo "SKIP: the project has no Python file"
    exit 77
fi
"$1" check $files && "$1" format --check $files
