#!/bin/sh
# Lets Prometheus' own parser (prometheus_client from PyPI) read the metrics of calls to simulated daemons.
#   read-metrics.sh LAUNCHER METRICS_PROGRAM FOLDER
set -u
launcher=$1
program=$2
folder=$3
version=0.26.0
here=$(dirname "$0")

skip() {
    echo "SKIP: $1"
    exit 77
}
mkdir -p "$folder"
command -v python3 >/dev/null || skip "Python 3 is not installed"
parser=$folder/venv-$version
if ! "$parser/bin/python3" -c 'import prometheus_client' 2>/dev/null; then
    python3 -m venv "$parser" >"$folder/venv.log" 2>&1 || skip "python3 cannot make a venv"
    "$parser/bin/python3" -m pip install --quiet --disable-pip-version-check \
        "prometheus_client==$version" >"$folder/pip.log" 2>&1 ||
        skip "pip cannot fetch prometheus_client"
fi
"$launcher" devnet -- "$program" "$folder/metrics.txt" || exit 1
"$parser/bin/python3" "$here/read_metrics.py" "$folder/metrics.txt" || exit 1

# The parser must be able to see what is wrong.
sed 's/^\(arkgrpc_call_duration_seconds_bucket.*le="+Inf"}\) .*/\1 0/' "$folder/metrics.txt" \
    >"$folder/wrong.txt"
if "$parser/bin/python3" "$here/read_metrics.py" "$folder/wrong.txt"; then
    echo "a histogram that contradicts itself was not noticed"
    exit 1
fi
