#!/bin/sh
# The control of server_death: with the library's signal masks out of force the same program must be
# killed by SIGPIPE, or its survival would prove nothing. Whether a write meets the dead peer is a race,
# so it gets several tries to die.
#   dies-of-sigpipe.sh PRELOADED-LIBRARY PROGRAM ARGUMENT...
set -u
preloaded=$1
shift
try=0
while [ $try -lt 60 ]; do
    try=$((try + 1))
    LD_PRELOAD=$preloaded "$@"
    code=$?
    # What the program could not clean up any more.
    rm -f server-death-*.env
    echo "try $try ended with $code, expected 141 (128 + SIGPIPE)"
    [ $code -eq 141 ] && exit 0
    # Anything but survival is no race.
    [ $code -eq 0 ] || exit 1
done
exit 1
