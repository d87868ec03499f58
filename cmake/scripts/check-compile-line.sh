#!/bin/sh
# Fails unless the shipped library was compiled with fat link-time optimisation. cargo drops it
# without a word when an rlib is among the crate types.
#   check-compile-line.sh FILE-WITH-THE-COMPILE-LINE
set -u
if [ ! -s "$1" ]; then
    echo "no compile line was kept in $1: delete the folder beside it and build again"
    exit 1
fi
line=$(tail -n 1 "$1")
code=0
for flag in '-C lto=fat' '-C codegen-units=1' '-C strip=symbols' '--crate-type cdylib'; do
    case $line in
    *"$flag"*) echo "has  $flag" ;;
    *)
        echo "lacks $flag"
        code=1
        ;;
    esac
done
# Aborting would take the host down with a defect of ours; features are for tests alone.
for flag in 'panic=abort' 'feature="'; do
    case $line in
    *--cfg*"$flag"* | *-C*"$flag"*)
        echo "has  $flag"
        code=1
        ;;
    *) echo "lacks $flag, as it must" ;;
    esac
done
[ $code -eq 0 ] || echo "$line"
exit $code
