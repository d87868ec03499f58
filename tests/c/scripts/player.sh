#!/bin/sh
# Talks to the player as the scenario runner does, and compares what it answers.
#   player.sh PLAYER     (beside a daemon: LND_HOST … are set)
set -u
answers=$(mktemp)
trap 'rm -f "$answers"' EXIT

# Waits until the request with this id has its answer: calls run beside what is asked after them.
answered() {
    looks=0
    until grep -q "^$1	" "$answers" || [ $looks -ge 600 ]; do
        sleep 0.05
        looks=$((looks + 1))
    done
}

play() {
    printf '%s\t' call early lnd get_info 5000 - -
    printf '{}\n'
    answered early
    printf 'open\tbad\t{"lnd":7}\nopen_env\topen\nmethods\tlist\ninfo\tinfo\tlnd\n'
    printf 'call\tinfo1\tlnd\tget_info\t5000\t-\t-\t{}\n'
    printf 'call\tinfo2\tlnd\tget_info\t-\t1\t-\t-\n'
    printf 'call\twrong\tlnd\tadd_invoice\t-\t-\t-\t{"amount":-1}\n'
    printf 'call\tnobody\tlightning\tget_info\t-\t-\t-\t{}\n'
    printf 'health\thealth\t5000\n'
    answered info1 && answered info2 && answered wrong && answered nobody
    printf 'reconnect\tagain\t-\ncancel\tnothing\tno-such-call\n'
    printf 'close\tclose\t5000\ncall\tlate\tlnd\tget_info\t-\t-\t-\t{}\nquit\tend\n'
}

play | "$1" >"$answers"
code=$?
[ $code -eq 0 ] || echo "the player ended with $code"

expect() {
    line=$(awk -F '\t' -v id="$1" '$1 == id' "$answers")
    case $line in
    "$1	$2	"*"$3"*) echo "ok: $1" ;;
    *)
        echo "$1: expected status $2 and $3, got: $line"
        code=1
        ;;
    esac
}
expect early 2 INVALID_HANDLE
expect bad 8 '"code":"INVALID_ARGUMENT"'
expect open 0 OK
expect list 0 get_info
expect info 0 lnd
expect info1 0 identity_pubkey
expect info2 0 identity_pubkey
expect wrong 8 amount
expect nobody 9 UNKNOWN_SERVICE
expect health 0 lnd
expect again 0 OK
expect nothing 0 '"found":false'
expect close 0 OK
expect late 12 CLOSED
expect end 0 '{}'
lines=$(wc -l <"$answers")
[ "$lines" -eq 15 ] || {
    echo "$lines answers to 15 requests"
    code=1
}
exit $code
