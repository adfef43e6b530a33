"""`/metrics` as Prometheus' own Python client reads it."""

import http.client
import re
import urllib.request
from pathlib import Path

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
def test_every_metric_is_introduced_once_before_its_samples(start):
    base = start()
    with urllib.request.urlopen(base.removesuffix("/api/v1") + "/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    helped, typed = {}, {}
    for line in lines:
        if line.startswith("# HELP "):
            name, text = line[7:].split(" ", 1)
            assert name not in helped and text.endswith(".")
            helped[name] = text
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name in helped and name not in typed
            assert re.fullmatch(r"(larder|process)(_[a-z]+)+", name) and name.endswith("_total") == (kind == "counter")
            typed[name] = kind
        else:
            # What follows belongs to the metric that was introduced last.
            suffixes = "_bucket|_sum|_count" if kind == "histogram" else ""
            assert re.fullmatch(rf"{name}({suffixes})", re.split(r"[{ ]", line)[0]), line
    assert typed.keys() == helped.keys() and len(typed) > 20


def documented(label: str) -> set[str]:
    """The values of a label by docs/metrics.md: its paragraph's, or those of the table that follows."""
    page = (Path(__file__).parents[2] / "docs/metrics.md").read_text()
    part = re.search(rf"^`{label}`[^:]*:(.*?)(?=\n\n`|^## )", page.split("## Labels")[1], re.DOTALL | re.MULTILINE)[1]
    return set(re.findall(r"^\| `([a-z]+)`", part, re.MULTILINE)) or set(re.findall(r"`([a-z]+)`", part))


@pytest.mark.caching
def test_no_client_can_make_a_label_or_ever_more_series(start):
    base = start()
    host = base.removesuffix("/api/v1").removeprefix("http://")

    def be_a_nuisance(number: int):
        connection = http.client.HTTPConnection(host, timeout=10)
        canary = f"c4n4ry{number}"
        for method, target in [
            ("GET", f"/{canary}"), ("GET", f"/api/v1/models?{canary}={canary}"), ("GET", f"/model/{canary}/{canary}"),
            ("PROPFIND", f"/{canary}/x"), (canary.upper(), "/models"), ("GET", f"/models?category={canary}"),
            ("GET", f"/_larder/{canary}"), ("GET", f"/models?limit={canary}"), ("DELETE", "/models"), ("GET", "/models/user"),
        ]:
            connection.request(method, target, headers={"Authorization": f"Bearer {canary}", "User-Agent": canary})
            connection.getresponse().read()
            # Whom Larder refuses for what he sends it may leave.
            connection.close()

    for number in range(20):
        be_a_nuisance(number)
    before = [sample for family in read(base).values() for sample in family.samples]
    for number in range(20, 60):
        be_a_nuisance(number)
    after = [sample for family in read(base).values() for sample in family.samples]
    # The page itself is the one thing that was answered for the first time in between.
    series = [{(sample.name, *sorted(sample.labels.items())) for sample in some} for some in (before, after)]
    assert len(series[1] - series[0]) <= 1 and len(series[1]) < 400
    assert "c4n4ry" not in str(after).lower()
    for label in ["route", "decision", "kind", "reason"]:
        shown = {sample.labels[label] for sample in after if label in sample.labels}
        assert shown and shown <= documented(label), label
    assert all(re.fullmatch(r"\d{3}|other", sample.labels["status"]) for sample in after if "status" in sample.labels)
    assert {name for sample in after for name in sample.labels} == {"version", "route", "decision", "status", "kind", "reason", "le"}


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
