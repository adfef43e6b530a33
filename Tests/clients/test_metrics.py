"""`/metrics` as Prometheus' own Python client reads it."""

import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families


def read(base: str) -> dict:
    """The metric families of a running Larder, by name."""
    with urllib.request.urlopen(base.removesuffix("/api/v1") + "/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        families = list(text_string_to_metric_families(answer.read().decode()))
    assert len({family.name for family in families}) == len(families)
    return {family.name: family for family in families}


@pytest.mark.caching
def test_metrics_parse_and_agree_with_what_was_sent(start):
    base = start()
    for _ in range(5):
        urllib.request.urlopen(base + "/models", timeout=10).read()
    families = read(base)
    assert all(family.type in ("counter", "gauge", "histogram") for family in families.values())
    assert all(family.documentation for family in families.values())

    lists = [sample for sample in families["larder_requests"].samples if sample.labels["route"] == "models"]
    assert sum(sample.value for sample in lists) == 5
    assert all(sample.labels["status"] == "200" for sample in lists)


@pytest.mark.caching
def test_histograms_are_whole(start):
    base = start()
    urllib.request.urlopen(base + "/models", timeout=10).read()
    for family in read(base).values():
        if family.type != "histogram":
            continue
        series: dict = {}
        for sample in family.samples:
            labels = tuple(sorted((name, value) for name, value in sample.labels.items() if name != "le"))
            series.setdefault(labels, []).append(sample)
        for samples in series.values():
            buckets = [(float(sample.labels["le"]), sample.value) for sample in samples if "le" in sample.labels]
            assert buckets == sorted(buckets) and buckets[-1][0] == float("inf")
            assert [value for _, value in buckets] == sorted(value for _, value in buckets)
            count = [sample.value for sample in samples if sample.name.endswith("_count")]
            total = [sample.value for sample in samples if sample.name.endswith("_sum")]
            assert count == [buckets[-1][1]] and len(total) == 1 and total[0] >= 0
