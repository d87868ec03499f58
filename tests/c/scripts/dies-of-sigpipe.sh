#!/bin/sh
# The control of server_death: with the library's signal masks out of force the same program must be
# killed by SIGPIPE, or its survival would prove nothing. Whether a write meets the dead peer is a race,
# so it gets several tries to die.
#   dies-of-sigpipe.sh PRELOADED-LIBRARY PROGRAM ARGUMENT...
set -u
preloaded=$1
shift
for try in 1 2 3 4 5 6 7 8 9 10; do
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
