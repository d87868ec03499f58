#!/bin/sh
# The control of server_death: with the library's signal masks out of force the same program must be
# killed by SIGPIPE, or its survival would prove nothing.
#   dies-of-sigpipe.sh PRELOADED-LIBRARY PROGRAM ARGUMENT...
set -u
preloaded=$1
shift
LD_PRELOAD=$preloaded "$@"
code=$?
# What the program could not clean up any more.
rm -f server-death-*.env
echo "ended with $code, expected 141 (128 + SIGPIPE)"
[ $code -eq 141 ]
