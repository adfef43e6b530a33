"""What the page shows of Larder's state."""

import re
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from conftest import Larder


def digits(text: str) -> int:
    return int(re.sub(r"[^0-9]", "", text))


def test_it_opens_without_a_complaint_and_asks_nobody_else(tab, larder):
    page = tab()
    page.until("performance.getEntriesByType('resource').length > 3")
    assert page.requests
    assert all(url.startswith((larder.origin + "/", "data:")) for url in page.requests)
    assert page.complaints == []


def test_every_part_stands_in_it(larder):
    with urllib.request.urlopen(larder.url) as response:
        text = response.read().decode()
    parts = sorted((Path(__file__).parents[2] / "Sources/Page/Parts").iterdir())
    assert len(parts) > 10
    for part in parts:
        if part.suffix in (".css", ".js"):
            assert part.read_text() in text, f"{part.name} is not named in PageParts.swift"


def test_the_figures_are_those_of_the_status(tab, larder):
    for limit in range(1, 30):
        larder.models(f"limit={limit}")
        larder.models("limit=3")
    page = tab()
    # What the page itself asks for moves the totals of requests on; all else has come to rest.
    page.until("document.getElementById('requests-hit').textContent >= '29'")
    before = larder.status()
    page.until(f"Number(document.getElementById('requests-own').textContent.replaceAll(',', '')) > {before['requests']['own']}")
    after = larder.status()
    for name in ["hit", "stale", "miss", "passed", "own", "error"]:
        shown = digits(page.text(f"#requests-{name}"))
        assert before["requests"][name] <= shown <= after["requests"][name], name
    # The page goes on asking for the status, which is none of its clients' requests.
    assert digits(page.text("#requests-total")) == after["requests"]["total"] - after["requests"]["own"]
    assert page.text("#requests-miss") == str(after["requests"]["miss"])
    assert page.text("#hit-ratio") == f"{int(after['requests']['hit_ratio'] * 1000) / 10:.1f} %"
    assert page.text("#catalog-state") == "fresh" and page.text("#upstream-state") == "answering"
    assert page.text("#catalog-note").startswith(f"{after['entries'][0]['models']} models, ")
    assert f"{after['cache']['entries']} entries, {after['cache']['answers']} answers" in page.text("#cache-note")
    assert f"process {after['pid']}" in page.text("#process") and after["version"] in page.text("#about")
    assert len(page.texts("#recent-rows tr")) == len(after["upstream"]["recent"])
    rows = page.eval("[...document.querySelectorAll('#entry-rows tr')].map((row) => [row.cells[0].textContent, row.cells[2].textContent, row.cells[6].textContent])")
    assert rows == [[entry["resource"], entry["state"], "–" if entry["models"] is None else str(entry["models"])] for entry in after["entries"]]


def test_the_plots_hold_what_was_counted(tab, larder):
    for _ in range(20):
        larder.models("limit=2")
    page = tab()
    page.until("document.querySelectorAll('#requests-plot rect').length > 0")
    page.eval("document.querySelector('#requests-plot svg').focus()")
    words = page.eval("document.querySelector('#requests-plot svg').getAttribute('aria-valuetext')")
    assert re.match(r"\d\d:\d\d: \d+ requests?, \d+ hits?", words)
    page.press("Home")
    assert "0 requests" in page.eval("document.querySelector('#requests-plot svg').getAttribute('aria-valuetext')")
    page.press("ArrowRight")
    assert page.eval("document.querySelector('#requests-plot svg').getAttribute('aria-valuenow')") == "1"
    # The times of a minute, and an axis of whole powers of ten.
    page.eval("document.querySelector('#latency-plot svg').focus()")
    page.press("End")
    words = page.eval("""(() => {
        const plot = document.querySelector('#latency-plot svg');
        const words = [];
        for (let at = 0; at < 60; at += 1) {
            plot.dispatchEvent(new KeyboardEvent('keydown', { key: at ? 'ArrowRight' : 'Home' }));
            words.push(plot.getAttribute('aria-valuetext'));
        }
        return words;
    })()""")
    assert any(re.fullmatch(r"\d\d:\d\d: p50 [\d.]+ (µs|ms|s), p99 [\d.]+ (µs|ms|s)", one) for one in words)
    assert re.fullmatch(r"\d\d:\d\d: no requests", words[0])
    ticks = [one for one in page.texts("#latency-plot text") if "min" not in one and one != "now"]
    assert len(ticks) >= 2 and all(re.fullmatch(r"10{0,2} (µs|ms|s)", one) for one in ticks)
    page.eval("document.querySelector('#history-rows').closest('details').open = true")
    page.until("document.querySelectorAll('#history-rows th').length > 0")


@pytest.mark.parametrize("locale", ["en-US", "fr-CA", "ar-EG"])
def test_times_are_the_same_in_every_language(tab, locale):
    midnight = 1_800_057_600
    page = tab(status={"started": midnight - 3000, "uptime_seconds": 3030, "history": {"step_seconds": 10, "points": [
        {"time": midnight + seconds, "requests": 1, "hits": 1, "stale": 0, "misses": 0, "passed": 0, "own": 0, "errors": 0,
         "p50_us": 30, "p99_us": 90} for seconds in [0, 15 * 3600 + 5 * 60 + 30]]}})
    page.send("Emulation.setLocaleOverride", locale=locale)
    page.send("Emulation.setTimezoneOverride", timezoneId="UTC")
    page.send("Page.reload")
    page.until(f"""new Intl.DateTimeFormat().resolvedOptions().locale === '{locale}'
        && document.querySelectorAll('#models-rows th').length > 0""")
    page.until("!document.getElementById('plots').hidden")
    for name, words in [("requests", "1 request, 1 hit"), ("ratio", "100.0 %"), ("latency", "p50 30 µs, p99 90 µs")]:
        assert page.text(f"#{name}-plot .readout") == f"00:00: {words}"
    page.eval("document.querySelector('#history-rows').closest('details').open = true")
    page.until("document.querySelectorAll('#history-rows th').length === 2")
    assert page.texts("#history-rows th") == ["15:05:30", "00:00:00"]
    assert all(re.fullmatch(r"(\d{4}-\d\d-\d\d )?\d\d:\d\d(:\d\d)?", one) for one in page.texts("#recent-rows td:first-child"))


def test_what_is_asked_of_larder_itself_is_neither_a_request_nor_a_miss(tab, front):
    for _ in range(9):
        front.models("limit=2")
    with pytest.raises(urllib.error.HTTPError):
        front.get("/api/v1/nothing/here")
    page = tab(of=front)
    for _ in range(40):
        front.status()
        front.get("/healthz")
    page.until("Number(document.getElementById('requests-own').textContent) > 80")
    asked = front.status()["requests"]
    # Of the minutes of the plot two at most hold anything, unless this takes longer.
    readouts = {name: page.eval(f"""(() => {{
        const plot = document.querySelector('#{name}-plot svg');
        plot.focus();
        plot.dispatchEvent(new KeyboardEvent('keydown', {{ key: 'Home' }}));
        const words = [];
        for (let at = 0; at < 60; at += 1) {{
            words.push(plot.getAttribute('aria-valuetext'));
            plot.dispatchEvent(new KeyboardEvent('keydown', {{ key: 'ArrowRight' }}));
        }}
        return words.map((one) => one.replaceAll(',', '')).join('\\n');
    }})()""") for name in ["requests", "ratio"]}
    clients = asked["total"] - asked["own"]
    assert sum(map(int, re.findall(r": (\d+) requests?", readouts["requests"]))) == clients
    assert sum(map(int, re.findall(r"(\d+) hits?", readouts["requests"]))) == asked["hit"]
    assert sum(map(int, re.findall(r"(\d+) passed through", readouts["requests"]))) == asked["passed"] == 1
    ratios = [float(one) for one in re.findall(r": ([\d.]+) %", readouts["ratio"])]
    # Each minute's ratio is of hits and misses alone, so that over all it is no less than that of the whole.
    assert ratios and max(ratios) >= int(1000 * asked["hit"] / (asked["hit"] + asked["miss"])) / 10
    assert max(ratios) <= 100 and asked["miss"] < 3
    assert sum(front.status()["latency_us"]["count"]) == clients
    bars = page.eval("[...new Set([...document.querySelectorAll('#requests-plot rect')].map((one) => one.getAttribute('class')))]")
    assert "fill-hit" in bars and "fill-passed" in bars and "fill-other" not in bars
    page.eval("document.querySelector('#history-rows').closest('details').open = true")
    page.until("document.querySelectorAll('#history-rows th').length > 0")
    rows = page.eval("[...document.querySelectorAll('#history-rows tr')].map((row) => [...row.cells].map((one) => one.textContent))")
    assert sum(int(row[1]) for row in rows) == clients


def test_a_server_that_is_gone_is_told_of_and_found_again(tab, larder):
    page = tab()
    started = larder.status()["started"]
    larder.stop()
    page.until("document.getElementById('connection').dataset.state === 'gone'")
    assert "No answer from Larder since" in page.text("#connection") and "Retrying" in page.text("#connection")
    assert page.eval("document.getElementById('connection').getAttribute('role')") == "status"
    assert page.text("#catalog-state") == "fresh"
    larder.start()
    page.until("document.getElementById('connection').dataset.state === 'live'")
    assert "answers again" in page.text("#connection")
    page.until(f"document.getElementById('process').textContent.includes('process {larder.status()['pid']},')")
    assert larder.status()["started"] >= started
    page.until("document.getElementById('found').textContent === '22 models'")
    # That nothing answered is all that the browser may have complained of.
    others = [one for one in page.complaints if "ERR_CONNECTION" not in one and "ERR_EMPTY" not in one]
    page.browser.events[:] = []
    assert others == []


def test_an_upstream_that_fails_is_told_of(browser, request, tmp_path):
    # Bound and not listened at: connections are refused.
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        upstream = f"http://127.0.0.1:{nobody.getsockname()[1]}/api/v1"
        larder = Larder(request.config.getoption("--larder"), tmp_path, ["--upstream", upstream])
        page = browser.page()
        try:
            page.open(larder.url)
            page.until("document.getElementById('found').dataset.state === 'bad'")
            page.until("document.getElementById('catalog-state').textContent === 'none yet'")
            page.until("['failing', 'backing off'].includes(document.getElementById('upstream-state').textContent)")
            page.until("document.querySelectorAll('#recent-rows th').length > 0")
            page.until("document.getElementById('found').textContent.startsWith('No catalogue yet: upstream cannot be reached')")
            assert page.eval("document.getElementById('upstream-state').dataset.state") in ("bad", "warn")
            failures = page.eval("[...document.querySelectorAll('#recent-rows tr')].map((row) => row.cells[5].textContent)")
            assert failures and all("cannot be reached" in one for one in failures)
            others = [one for one in page.complaints if not re.search("status of 50[23]", one)]
            assert others == []
        finally:
            page.close()
            larder.stop()


FLEET = {"state": "up", "since": 1, "notice": None, "replicas": 3, "taken": 1, "given": 2, "leases": 1200, "waits": 7, "alone": 4,
         "failures": 0, "purges": 0}


def test_the_fleet_shows_leases_waits_and_failures(tab):
    page = tab(status={"fleet": FLEET})
    assert page.eval("document.getElementById('fleet').checkVisibility()")
    assert page.text("#fleet-state") == "3 replicas" and page.eval("document.getElementById('fleet-state').dataset.state") == "good"
    assert [page.text(f"#fleet-{name}") for name in ("leases", "waits", "failures")] == ["1,200", "7", "0"]
    assert page.text("#fleet-note") == "1 copy taken, 2 given; 4 fetches alone"


def test_a_fleet_without_its_engine_says_why_and_one_that_is_off_says_nothing(tab):
    page = tab(status={"fleet": FLEET | {"state": "down", "replicas": 0, "failures": 5, "notice": "fleet: the engine is not usable: it is read-only"}})
    assert page.text("#fleet-state") == "alone" and page.eval("document.getElementById('fleet-state').dataset.state") == "bad"
    assert page.text("#fleet-failures") == "5" and page.eval("document.getElementById('fleet-failures').parentElement.dataset.some") == "warn"
    assert page.text("#fleet-note").startswith("the engine is not usable: it is read-only; 1 copy taken")
    page = tab(status={"fleet": FLEET | {"state": "down", "replicas": 0}})
    assert page.text("#fleet-note").startswith("the engine is not connected yet; ")
    page = tab(status={"fleet": None})
    assert not page.eval("document.getElementById('fleet').checkVisibility()")


def test_it_pauses_while_it_cannot_be_seen(tab):
    page = tab()
    page.eval("Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })")
    page.eval("document.dispatchEvent(new Event('visibilitychange'))")
    page.until("document.getElementById('connection').dataset.state === 'paused'")
    asked = len(page.requests)
    page.eval("new Promise((resolve) => setTimeout(resolve, 2600))")
    assert len(page.requests) == asked
    page.eval("delete document.hidden")
    page.eval("document.dispatchEvent(new Event('visibilitychange'))")
    page.until("document.getElementById('connection').dataset.state === 'live'")


def test_purging_asks_first_and_then_purges(tab, larder):
    larder.get("/api/v1/models/user", Authorization="Bearer sk-or-v1-made-up")
    page = tab()
    page.until("document.querySelectorAll('#keys button').length === 1")
    key = larder.status()["keys"][0]["fingerprint"]

    page.click("#keys button")
    assert page.eval("document.activeElement.id") == "confirm-no"
    assert key in page.text("#confirm-title")
    page.press("Escape")
    page.until("!document.getElementById('confirm').open")
    assert len(larder.status()["keys"]) == 1 and page.text("#purged") == ""

    page.click("#keys button")
    page.click("#confirm-yes")
    page.until("document.getElementById('purged').textContent === 'Purged: 1 entry.'")
    assert larder.status()["keys"] == []
    page.until("document.getElementById('keys-heading').hidden")

    page.click("#purge-all")
    page.click("#confirm-no")
    assert larder.status()["entries"] != []
    page.click("#purge-all")
    page.click("#confirm-yes")
    page.until("document.getElementById('purged').textContent.startsWith('Purged: ') && document.getElementById('catalog-state').textContent === 'none yet'")
    assert larder.status()["entries"] == []
    larder.models()
    page.until("document.getElementById('catalog-state').textContent === 'fresh'")
    page.click("#purge-catalog")
    page.click("#confirm-yes")
    page.until("document.getElementById('catalog-state').textContent === 'none yet'")
