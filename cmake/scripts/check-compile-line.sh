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
# Aborting would take the host down with a defect of ours.
case $line in
*panic=abort*)
    echo "has  panic=abort"
    code=1
    ;;
*fault-injection*)
    echo "has the feature fault-injection"
    code=1
    ;;
esac
[ $code -eq 0 ] || echo "$line"
exit $code
