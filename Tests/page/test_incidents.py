"""What the page says when something is wrong: the verdict, errors, a catalogue that is missing, and what it leaves out without data."""

import http.server
import json
import re
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest
from conftest import Larder

ROWS = [{
    "id": f"author-{number % 12}/model-{number}", "canonical_slug": f"author-{number % 12}/model-{number}", "name": f"Model {number}",
    "created": 1_700_000_000, "context_length": 131072, "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]},
    "pricing": {"prompt": "0.000001", "completion": "0.000002"}, "supported_parameters": ["tools"], "top_provider": {},
    "expiration_date": "2098-12-31" if number == 3 else None,
} for number in range(60)]


class Upstream(http.server.BaseHTTPRequestHandler):
    """An upstream that fails as `server.mode` says: not at all, with 503, or by closing the connection. It knows one key."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urllib.parse.urlsplit(self.path).path
        if self.server.mode == "cut":
            self.close_connection = True
        elif self.server.mode == "503":
            self.answer(503, {"error": {"code": 503, "message": "down"}})
        elif not path.endswith("/models") and self.headers["Authorization"] != "Bearer good":
            self.answer(401, {"error": {"code": 401, "message": "User not found."}})
        else:
            self.answer(200, {"data": ROWS})

    do_POST = do_GET

    def answer(self, status: int, body: dict):
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in [("Content-Type", "application/json"), ("Content-Length", str(len(data))), ("Cache-Control", "public")]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def upstream():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    server.daemon_threads = True
    server.mode = "ok"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def larder(request, upstream, tmp_path):
    larder = Larder(request.config.getoption("--larder"), tmp_path, ["--upstream", f"http://127.0.0.1:{upstream.server_port}/api/v1"])
    yield larder
    larder.stop()


def refused(larder, path: str, **fields: str) -> int:
    with pytest.raises(urllib.error.HTTPError) as error:
        larder.get(path, **fields)
    error.value.read()
    return error.value.code


def post(larder, path: str, key: str) -> int:
    request = urllib.request.Request(larder.origin + path, data=b"{}", headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            # A client that leaves before the end would count as one that left.
            response.read()
            return response.status
    except urllib.error.HTTPError as error:
        error.read()
        return error.code


def rows_of(page, name: str) -> list[list[str]]:
    return page.eval(f"[...document.querySelectorAll('#{name}-rows tr')].map((row) => [...row.cells].map((one) => one.textContent))")


def visible(page, selector: str) -> bool:
    return page.eval(f"[...document.querySelectorAll({json.dumps(selector)})].some((one) => one.checkVisibility())")


def test_the_verdict_stands_above_everything_with_the_findings_below_it(tab):
    finding = {"level": "warning", "code": "restart-needed", "text": "Settings <b>wait</b> for a restart", "since": None}
    page = tab(status={
        "verdict": {"level": "error", "code": "no-catalogue", "text": "No catalogue yet: upstream has answered 503 for 3 minutes", "since": 1},
        "findings": [finding, {"level": "warning", "code": "state-full", "text": "The disk is full", "since": 86_400}],
    })
    assert page.text("#verdict-text") == "No catalogue yet: upstream has answered 503 for 3 minutes"
    assert page.eval("document.getElementById('verdict-text').dataset.state") == "bad"
    assert page.text("#verdict-said") == "Error: No catalogue yet: upstream has answered 503 for 3 minutes"
    lines = page.texts("#findings li")
    assert lines[0] == "Warning" + finding["text"]
    # When it began, unless the text says so itself.
    assert re.fullmatch(r"WarningThe disk is full \(since 1970-01-0\d \d\d:\d\d\)", lines[1])
    assert page.eval("""document.getElementById('verdict').getBoundingClientRect().bottom
        <= document.getElementById('glance').getBoundingClientRect().top""")
    said = page.eval("[...document.querySelectorAll('#verdict .state')].map((one) => getComputedStyle(one, '::before').content)")
    assert len(said) == 3 and all(len(one) > 2 for one in said)


def test_a_good_verdict_has_no_list_and_an_older_larder_no_verdict(tab):
    page = tab(status={"verdict": {"level": "ok", "text": "All is well: catalogue of 60 models, 2 minutes old"}, "findings": []})
    assert page.text("#verdict-text").startswith("All is well")
    assert page.eval("document.getElementById('verdict-text').dataset.state") == "good"
    assert not visible(page, "#findings")
    page = tab(status={"verdict": None, "findings": None})
    assert not visible(page, "#verdict") and page.text("#verdict-said") == ""


def test_answers_are_counted_by_status_and_errors_by_what_was_asked(tab, larder):
    for _ in range(3):
        assert refused(larder, "/api/v1/models?max_price=cheap") == 400
    assert post(larder, "/api/v1/chat/completions", "bad") == 401
    assert refused(larder, "/api/v1/models/user", Authorization="Bearer bad") == 401
    page = tab()
    page.until("document.getElementById('class-4').textContent === '5'")
    assert rows_of(page, "error")[0] == ["400", "list of models", "refused by Larder", "3"]
    assert sorted(rows_of(page, "error")[1:]) == [["401", "a key’s list of models", "upstream", "1"], ["401", "passed through", "upstream", "1"]]
    assert int(page.text("#class-2")) >= 1 and page.text("#class-3") == "0" and page.text("#requests-error") == "0"
    assert not visible(page, "#class-o") and not visible(page, "#no-errors")
    # Further ones are counted while the page is open.
    refused(larder, "/api/v1/models?max_price=cheap")
    page.until("document.getElementById('class-4').textContent === '6'")
    page.until("document.querySelectorAll('#failure-rows th').length === 2")
    failures = rows_of(page, "failure")
    assert sorted(one[1:3] for one in failures) == [["/models/user", "401"], ["passed through /chat/completions", "401"]]
    assert all("key" in one[3] and "refuse" in one[3] for one in failures)
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d", one[0]) for one in failures)
    # An error that is stored is not shown as something good.
    states = page.eval("[...document.querySelectorAll('#entry-rows .state')].map((one) => [one.textContent, one.dataset.state])")
    assert [one for one in states if one[0].startswith("error, ")] and ["fresh", "good"] in states
    assert all(state == "bad" for text, state in states if text.startswith("error, "))
    assert "upstream refuses it" in page.text("#keys")


def test_without_errors_it_says_so_and_shows_no_tables(tab, larder):
    larder.models()
    page = tab()
    page.until("document.getElementById('class-2').textContent !== '–'")
    assert page.text("#no-errors") == "No errors."
    assert re.fullmatch(r"None in the last \d+ responses?\.", page.text("#no-failures"))
    assert not visible(page, "#errors-table") and not visible(page, "#failures-table")


def test_a_catalogue_that_never_came_is_named_as_such_and_shown_once_it_comes(browser, request, upstream, tmp_path):
    upstream.mode = "503"
    larder = Larder(request.config.getoption("--larder"), tmp_path, ["--upstream", f"http://127.0.0.1:{upstream.server_port}/api/v1"])
    page = browser.page()
    try:
        page.open(larder.url)
        page.until("document.getElementById('found').textContent === 'No catalogue yet: upstream answers 503'")
        page.until("document.getElementById('catalog-note').textContent === 'upstream answers 503'")
        assert page.text("#catalog-state") == "none yet"
        assert page.eval("document.getElementById('catalog-state').dataset.state") == "bad"
        # No axes without points, no table without rows, no pages of nothing, no ratio of nothing.
        for selector in ["#scatter svg", "#models-table", "#pager", "#ratio-plot svg"]:
            assert not visible(page, selector), selector
        page.until("document.querySelectorAll('#failure-rows tr').length > 0")
        assert ["/models", "503", "upstream answered 503"] in [[re.sub(" ×.*", "", one[1]), *one[2:]] for one in rows_of(page, "failure")]
        page.until("Number(document.getElementById('requests-error').textContent) > 0")
        upstream.mode = "ok"
        for _ in range(100):
            try:
                assert larder.models() == ROWS
                break
            except urllib.error.HTTPError:
                # Larder backs off, for seconds at first.
                page.eval("new Promise((resolve) => setTimeout(resolve, 200))")
        page.until(f"document.querySelectorAll('#models-rows tr').length === {len(ROWS)}")
        assert page.text("#found") == f"{len(ROWS)} models" and visible(page, "#scatter svg")
        page.until("document.querySelectorAll('[data-choices=model_authors] input').length === 12")
        assert [one for one in page.complaints if not re.search("status of 50[23]", one)] == []
    finally:
        page.close()
        larder.stop()


def test_without_requests_there_are_no_plots(tab):
    page = tab(status={"history": {"step_seconds": 10, "points": []}})
    assert page.text("#no-traffic") == "No requests in the last hour." and visible(page, "#no-traffic")
    assert not visible(page, "#plots svg")


def test_the_times_of_an_hour_have_round_ticks(tab):
    page = tab(status={"started": 1_800_000_000, "uptime_seconds": 3000, "history": {"step_seconds": 10, "points": [
        {"time": 1_800_003_000 - 600 + 10 * step, "requests": 10, "hits": 10, "stale": 0, "misses": 0, "passed": 0, "own": 0, "errors": 0,
         "p50_us": [24, 30, 96][step], "p99_us": 150_000 * (step + 1)} for step in range(3)]}})
    page.until("document.querySelectorAll('#latency-plot text').length > 0")
    ticks = [one for one in page.texts("#latency-plot text") if not one.endswith("min") and one != "now"]
    assert ticks == ["10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s"]
    page.eval("document.querySelector('#latency-plot svg').focus()")
    for _ in range(10):
        page.press("ArrowLeft")
    assert page.text("#latency-plot .readout").endswith(": p50 30 µs, p99 450 ms")


def test_what_is_passed_through_is_one_line_for_each_kind(tab, larder):
    for key in ["good", "good", "bad", "good"]:
        post(larder, "/api/v1/chat/completions", key)
    page = tab()
    page.until("[...document.querySelectorAll('#recent-rows th')].some((one) => one.textContent === 'passed through /chat/completions: 4 requests')")
    line = next(one for one in rows_of(page, "recent") if one[1].startswith("passed through"))
    assert line[2] == "200 ×3, 401" and line[3].startswith("up to ")
    assert line[5] == "the key is refused"
    one = {"time": 1_800_000_000, "status": 200, "error": None, "duration_ms": 7, "bytes": 100}
    kinds = ["passed through /chat/completions", "/models", "passed through /embeddings", "passed through /chat/completions"]
    page = tab(status={"upstream": larder.status()["upstream"] | {"recent": [one | {"resource": kind} for kind in kinds]}})
    assert [(line[1], line[2], line[3], line[4]) for line in rows_of(page, "recent")] == [
        ("passed through /chat/completions: 2 requests", "200 ×2", "up to 7 ms", "200 B"), ("/models", "200", "7 ms", "100 B"),
        ("passed through /embeddings", "200", "7 ms", "100 B")]


def test_points_that_coincide_are_moved_apart_and_coloured_by_author(tab):
    page = tab()
    page.until(f"document.querySelectorAll('#scatter circle').length === {len(ROWS)}")
    # All of these have the same price and context.
    nearest = page.eval("""(() => {
        const at = [...document.querySelectorAll('#scatter circle')].map((one) => [Number(one.getAttribute('cx')), Number(one.getAttribute('cy'))]);
        return Math.min(...at.flatMap(([x, y], index) => at.slice(index + 1).map((other) => Math.hypot(other[0] - x, other[1] - y))));
    })()""")
    assert nearest > 4.5
    key = page.texts("#scatter-key li")
    assert len(key) == 9 and key[-1] == "others 20" and all(re.fullmatch(r"author-\d+ 5", one) for one in key[:-1])
    for scheme in ["light", "dark"]:
        page.scheme(scheme)
        colours = page.eval("""(() => {
            const found = {};
            for (const one of document.querySelectorAll('#scatter circle')) {
                const author = Number(/Model (\\d+)/.exec(one.getAttribute('aria-label'))[1]) % 12;
                (found[author] ??= new Set()).add(getComputedStyle(one).fill);
            }
            return Object.values(found).map((one) => [...one]);
        })()""")
        assert all(len(one) == 1 for one in colours) and len({one[0] for one in colours}) == 9
    # A filter leaves the colours as they were.
    named = "Object.fromEntries([...document.querySelectorAll('#scatter-key li')].map((one) => [one.textContent.split(' ')[0], one.querySelector('circle').getAttribute('class')]))"
    before = page.eval(named)
    page.eval("location.hash = 'model_authors=author-3,author-9'")
    page.until("document.querySelectorAll('#scatter circle').length === 10")
    after = page.eval(named)
    assert set(after) == {"author-3", "author-9"} and all(after[one] == before[one] for one in after if one in before)


def test_the_list_scrolls_with_the_page_and_becomes_cards_in_a_narrow_window(tab):
    page = tab()
    inner = page.eval("""(() => {
        const found = [];
        for (let one = document.getElementById('models-table'); one !== document.documentElement; one = one.parentElement) {
            if (getComputedStyle(one).overflowY !== 'visible') found.push(one.tagName);
        }
        return found;
    })()""")
    assert inner == [] and page.eval("document.documentElement.scrollHeight > document.querySelectorAll('#models-rows tr').length * 30")
    # Its headings stay in sight.
    page.eval("document.querySelector('#models-rows tr:nth-child(40)').scrollIntoView({ block: 'center' })")
    assert page.eval("Math.abs(document.querySelector('#models-head th').getBoundingClientRect().top) < 2")
    for width in [320, 390]:
        page.view(width, 800)
        card = page.eval("""(() => {
            const row = document.querySelector('#models-rows tr');
            const shown = [...row.cells].filter((one) => one.checkVisibility());
            return [getComputedStyle(row).display, shown.map((one) => getComputedStyle(one, '::before').content), row.querySelector('th').offsetWidth];
        })()""")
        assert card[0] == "grid" and card[2] > width * 0.75
        assert [re.sub(r'[^\w $/]', "", one).strip() for one in card[1][1:]] == ["Context", "Prompt $/M", "Completion $/M", "Modality", "Created"]
        assert page.eval("document.documentElement.scrollWidth") <= width
        # It is still a table for those who cannot see it, and its rows can still be sorted.
        roles = [node["role"]["value"] for node in page.send("Accessibility.getFullAXTree")["nodes"] if not node.get("ignored") and "role" in node]
        assert roles.count("rowheader") >= len(ROWS) and "columnheader" in roles
        assert visible(page, "#models-head [data-key=context] button")


def test_a_row_opens_with_the_mouse_and_with_the_keyboard(tab):
    page = tab()
    page.click("#models-rows tr:nth-child(2) td:last-child")
    page.until("document.getElementById('details').open")
    assert page.text("#details-name") == "Model 1"
    page.press("Escape")
    page.until("!document.getElementById('details').open")
    page.eval("document.querySelector('#models-rows tr:nth-child(1) button').focus()")
    page.press("Tab")
    page.press("Enter")
    page.until("document.getElementById('details').open")
    assert page.text("#details-name") == "Model 1"
    page.press("Escape")
    page.until("!document.getElementById('details').open")
    assert page.eval("document.activeElement.dataset.id") == "author-1/model-1"


def test_fields_have_upstream_s_names(tab):
    page = tab()
    assert page.texts("#models-head th") == ["Model", "Context", "Prompt $/M", "Completion $/M", "Intelligence", "Coding", "Agentic", "Modality", "Created"]
    labels = page.texts("#filters label, #filters legend")
    for words in ["Prompt, at most", "Completion, at most", "Supported parameters, all of", "Input modalities, all of"]:
        assert words in labels
    assert page.text("#models-rows tr:nth-child(4) .expires") == "expires 2098-12-31"
    page.click("#models-rows tr:nth-child(4) button")
    page.until("document.getElementById('details').open")
    names = page.texts("#details-body dt")
    assert {"id", "context", "input modalities", "output modalities", "supported parameters", "expires", "prompt", "completion"} <= set(names)


def test_pictures_of_incidents(tab, larder, upstream, screenshots, tmp_path):
    """Pictures for people to look at."""
    larder.models()
    post(larder, "/api/v1/chat/completions", "bad")
    upstream.mode = "cut"
    for _ in range(3):
        post(larder, "/api/v1/chat/completions", "good")
    folder = screenshots or tmp_path
    for scheme in ["light", "dark"]:
        for width, height in [(1280, 900), (390, 844)]:
            page = tab("#limit=5", width=width, height=height, scheme=scheme)
            page.until("document.querySelectorAll('#error-rows tr').length > 0")
            page.screenshot(folder / f"incident-{scheme}-{width}.png", whole=True)
            assert (folder / f"incident-{scheme}-{width}.png").stat().st_size > 10_000
