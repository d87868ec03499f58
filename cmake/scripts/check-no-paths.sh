#!/bin/sh
# Fails when a package file has an absolute path in it: an install must survive being moved.
#   check-no-paths.sh LIBRARY-FOLDER
set -u
files="$1/pkgconfig/arkgrpc.pc $1/cmake/arkgrpc/arkgrpcConfig.cmake"
for file in $files; do
    [ -s "$file" ] || exit 1
    echo "$file"
done
# What CMake's own preamble says about symbolic links of /usr is no path of ours.
! grep -n -E '(^|[ "=])/[a-z]+/' $files | grep -v -E '^[^:]*:[0-9]+:(#| *"?/usr/lib)'
