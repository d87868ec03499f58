"""Reads the metrics with Prometheus' own parser, and checks what it understood.

read_metrics.py TEXT_FILE
"""

import sys

from prometheus_client.parser import text_string_to_metric_families


def fail(reason):
    sys.exit(f"read_metrics.py: {reason}")


def read(path):
    """The samples of each family, as the parser sees them."""
    with open(path, encoding="utf-8") as file:
        families = list(text_string_to_metric_families(file.read()))
    names = [family.name for family in families]
    if len(names) != len(set(names)):
        fail(f"a family stands twice: {names}")
    series = [
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in families
        for sample in family.samples
    ]
    if len(series) != len(set(series)):
        fail("a series stands twice")
    for family in families:
        if family.type == "unknown" or not family.documentation:
            fail(f"{family.name} has no type or no help")
    return families


def check_histogram(family):
    """Buckets grow, the last one is the count, and the sum fits between the bounds."""
    counts = {}
    for sample in family.samples:
        labels = dict(sample.labels)
        bound = labels.pop("le", None)
        key = tuple(sorted(labels.items()))
        series = counts.setdefault(key, {"buckets": []})
        if sample.name.endswith("_bucket"):
            series["buckets"].append((float(bound), sample.value))
        else:
            series[sample.name.rsplit("_", 1)[1]] = sample.value
    for key, series in counts.items():
        buckets = series["buckets"]
        if buckets != sorted(buckets) or buckets[-1][0] != float("inf"):
            fail(f"buckets out of order: {key}")
        counted = [count for _, count in buckets]
        if counted != sorted(counted):
            fail(f"buckets that fall: {key}")
        if buckets[-1][1] != series["count"] or series["sum"] < 0:
            fail(f"count and sum do not fit the buckets: {key}")
    return {dict(key)["method"]: series["count"] for key, series in counts.items()}


def main(path):
    families = {family.name: family for family in read(path)}
    spans = check_histogram(families["arkgrpc_call_duration_seconds"])
    ended = {}
    for sample in families["arkgrpc_calls"].samples:
        method = sample.labels["method"]
        ended[method] = ended.get(method, 0) + sample.value
        if sample.labels.get("service") != "lnd":
            fail(f"a service that was not configured: {sample}")
    called = {method: count for method, count in ended.items() if count > 0}
    if (
        called != spans
        or called.get("get_info") != 200
        or called.get("add_invoice") != 2
    ):
        fail(
            f"calls {called} and durations {spans} should be 200 get_info, 2 add_invoice"
        )
    in_flight = families["arkgrpc_calls_in_flight"].samples
    if any(sample.value != 0 for sample in in_flight):
        fail(f"calls in flight that have ended: {in_flight}")
    if families["arkgrpc_calls"].type != "counter":
        fail("arkgrpc_calls_total is no counter")
    print(
        f"{len(families)} families, {sum(len(f.samples) for f in families.values())} series"
    )


main(sys.argv[1])
