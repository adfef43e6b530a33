"""The browser of the catalogue before long lists: one made up, and those that upstream once sent, where they are at hand: in the
folder that LARDER_DATA names, else in `shared/data` beside the checkout."""

import http.server
import json
import os
import threading
import urllib.parse
from pathlib import Path

import pytest
from conftest import Larder
from test_models import CHOSEN, SELECTED, TYPED, ids, shows

FOLDER = Path(os.environ.get("LARDER_DATA", Path(__file__).parents[3] / "shared/data"))


def made_up() -> list[dict]:
    """Four hundred models of all prices and sizes, some free, without a context or with a price that nobody knows."""
    rows = [{
        "id": f"author-{number % 37}/model-{number}", "canonical_slug": f"author-{number % 37}/model-{number}-0101",
        "name": f"Author {number % 37}: Model {number} \u2067<b>&amp;", "created": 1_700_000_000 + 86_400 * number,
        "description": "A model. " * (number % 50), "context_length": None if number % 41 == 0 else 2 ** (10 + number % 12) + number,
        "architecture": {"modality": "text->text", "tokenizer": ["GPT", "Claude", "Llama3"][number % 3],
                         "input_modalities": ["text", "image", "file"][:number % 3 + 1],
                         "output_modalities": [["text"], ["image", "text"], ["embeddings"]][number % 7 % 3]},
        "pricing": {"prompt": "-1" if number % 53 == 0 else "0" if number % 11 == 0 else f"0.{number ** 3 + 1:012}",
                    "completion": f"0.{number ** 3 + 2:012}"},
        "top_provider": {}, "supported_parameters": ["tools", "seed", f"parameter_{number % 23}"],
        "benchmarks": {"artificial_analysis": {"intelligence_index": number % 70, "coding_index": None}} if number % 2 else None,
    } for number in range(400)]
    # Too large for a browser's numbers, and of another type than the documented one.
    rows[13]["context_length"] = 10 ** 400
    rows[17]["pricing"]["prompt"] = "1" + 400 * "0"
    rows[19]["architecture"]["input_modalities"] = "text"
    return rows


def real() -> dict[str, list[dict]]:
    files = [file for file in sorted(FOLDER.glob("openrouter-models-2*.json")) if file.stat().st_size > 100_000]
    return {file.stem: json.loads(file.read_text())["data"] for file in files}


LISTS = {"made-up": made_up()} | real()


@pytest.fixture(params=LISTS)
def rows(request) -> list[dict]:
    """What upstream has."""
    return LISTS[request.param]


class Upstream(http.server.BaseHTTPRequestHandler):
    """Answers with the list, and to what only upstream knows with every third row of it. It is asked without a key."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        self.server.keys.append(self.headers["Authorization"])
        rows = self.server.rows if set(query) == {"output_modalities"} else self.server.rows[::3]
        body = json.dumps({"data": rows}).encode()
        self.send_response(200)
        for name, value in [("Content-Type", "application/json"), ("Content-Length", len(body)), ("Cache-Control", "public")]:
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def upstream(rows):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    server.daemon_threads = True
    server.rows = rows
    server.keys = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def larder(request, upstream, tmp_path):
    larder = Larder(request.config.getoption("--larder"), tmp_path,
                    ["--upstream", f"http://127.0.0.1:{upstream.server_port}/api/v1"])
    yield larder
    larder.stop()


def test_all_of_it_is_shown_with_every_filter(tab, larder, upstream, screenshots):
    page = tab("#output_modalities=all")
    everything = ids(upstream.rows)
    shows(page, everything)
    if screenshots:
        for scheme in ["light", "dark"]:
            for width, height in [(1280, 900), (390, 844)]:
                page.view(width, height)
                page.scheme(scheme)
                page.until(f"document.querySelector('#scatter svg').viewBox.baseVal.width <= {width}")
                page.screenshot(screenshots / f"{len(everything)}-models-{scheme}-{width}.png", whole=True)
        page.view(1280, 900)
    page.eval("document.getElementById('more').open = true")
    for name, value in (TYPED | CHOSEN | SELECTED).items():
        page.eval(f"location.hash = '{name}={value}'")
        shows(page, ids(larder.models(urllib.parse.urlencode({name: value}))))
    assert set(upstream.keys) == {None}


def test_every_column_sorts_it_and_every_point_can_be_reached(tab, larder, upstream):
    page = tab("#output_modalities=all")
    everything = ids(upstream.rows)
    shows(page, everything)
    for key in page.eval("[...document.querySelectorAll('#models-head th')].map((one) => one.dataset.key)"):
        for _ in range(2):
            page.click(f"#models-head [data-key={key}] button")
            shown = page.eval("[...document.querySelectorAll('#models-rows .id')].map((one) => one.textContent)")
            assert sorted(shown) == sorted(everything), key
        page.click(f"#models-head [data-key={key}] button")
    shows(page, everything)
    # Every point lies within the drawing and has a name and a place of its own in the order of the keyboard.
    outside = page.eval("""(() => {
        const [frame, points] = [document.querySelector('#scatter svg').getBoundingClientRect(), [...document.querySelectorAll('#scatter circle')]];
        return points.filter((one) => { const box = one.getBoundingClientRect();
            return box.left < frame.left || box.right > frame.right + 1 || box.top < frame.top || box.bottom > frame.bottom; }).length;
    })()""")
    assert outside == 0
    assert page.eval("[...document.querySelectorAll('#scatter circle')].every((one) => one.getAttribute('aria-label').includes(': '))")
    walked = page.eval("""(() => {
        document.querySelector('#scatter circle[tabindex="0"]').focus();
        const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
        press('Home');
        const seen = new Set();
        while (!seen.has(document.activeElement)) { seen.add(document.activeElement); press('ArrowRight'); }
        return seen.size;
    })()""")
    assert walked == len(everything)
    # Each row's details open, whatever the row holds.
    for model in upstream.rows[::20]:
        page.eval(f"document.querySelector('#models-rows button[data-id={json.dumps(model['id'])}]').click()")
        page.until("document.getElementById('details').open")
        assert page.text("#details-name") == model["name"].strip()
        page.press("Escape")
        page.until("!document.getElementById('details').open")
