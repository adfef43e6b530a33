"""The fixtures: a Chromium for all tests, a Larder with the built-in catalogue for each, one with a state directory before a
catalogue that a test changes, and a tab on a Larder's page.

`--larder PATH` and `--chromium PATH` name the programs, `--screenshots FOLDER` says where pictures of the page are to go.
"""

import http.server
import json
import re
import sys
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from browser import Browser

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))

from processes import Process, reserved_port  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--larder", default=str(Path(__file__).parents[2] / ".build/release/larder"))
    parser.addoption("--chromium", default="chromium")
    parser.addoption("--screenshots", default=None)


class Larder:
    """A Larder process of its own port, which can be stopped and started again. `state` is its state directory, if it has one."""

    def __init__(self, binary: str, folder: Path, upstream: list[str] = ["--demo"], state: Path | None = None, **environment: str):
        self.binary = binary
        self.upstream = upstream
        self.kept = ["--state-dir", str(state)] if state else ["--no-state"]
        self.environment = {"HOME": str(folder)} | environment
        self.port = reserved_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.url = self.origin + "/_larder/"
        self.log = folder / "larder.log"
        self.process = None
        self.start()

    def start(self):
        self.process = Process("larder", [self.binary, "serve", *self.upstream, "--listen", f"127.0.0.1:{self.port}",
                                          *self.kept], self.log, self.environment)
        self.process.wait_until(lambda: self.get("/readyz" if self.upstream == ["--demo"] else "/healthz") is not None)

    def stop(self):
        """Ends it; connections that are open end with it."""
        assert self.process.end(limit=30) == 0, self.process.output

    def get(self, path: str, **fields: str) -> dict:
        request = urllib.request.Request(self.origin + path, headers=fields)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def status(self) -> dict:
        return self.get("/_larder/status")

    def models(self, query: str = "") -> list[dict]:
        return self.get("/api/v1/models" + (f"?{query}" if query else ""))["data"]


class Catalogue(http.server.BaseHTTPRequestHandler):
    """An upstream whose models, `server.rows`, a test changes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps({"data": self.server.rows}).encode()
        self.send_response(200)
        for name, value in [("Content-Type", "application/json"), ("Content-Length", len(body)), ("Cache-Control", "public")]:
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Watched(Larder):
    """A Larder that records what changes in a catalogue. A request with `Cache-Control: no-cache` makes it fetch the catalogue."""

    def __init__(self, binary: str, folder: Path, catalogue: http.server.HTTPServer, **environment: str):
        self.catalogue = catalogue
        self.second = 0
        super().__init__(binary, folder, ["--upstream", f"http://127.0.0.1:{catalogue.server_port}/api/v1"], folder / "state",
                         **{"LARDER_TTL_NO_CACHE": "0s"} | environment)

    def fetch(self):
        # Times are whole seconds, and of two catalogues of one second the history of a model has the later one alone. Larder's
        # clock for them is up to a tick of the kernel late (`Loop.wallSeconds`), so the second must have begun a little before.
        while int(time.time() - 0.02) <= self.second:
            time.sleep(0.02)
        self.get("/api/v1/models", **{"Cache-Control": "no-cache"})

    def begin(self):
        """Fetches the first catalogue, and waits until the history has it."""
        self.fetch()
        self.wait(lambda: b"\nlarder_history_seconds " in urllib.request.urlopen(self.origin + "/metrics", timeout=10).read())

    def wait(self, is_recorded):
        until = time.monotonic() + 30
        while not is_recorded():
            assert time.monotonic() < until, f"not recorded: {self.changes()}"
            time.sleep(0.02)
        self.second = int(time.time())

    def changes(self, query: str = "") -> list[dict]:
        """The changes, the newest first."""
        return self.get("/_larder/changes?limit=1000" + (f"&{query}" if query else ""))["data"][::-1]

    def change(self, rows: list[dict], count: int):
        """Has upstream send these models, and waits until so many more changes are recorded."""
        wanted = len(self.changes()) + count
        self.catalogue.rows = rows
        self.fetch()
        self.wait(lambda: len(self.changes()) >= wanted)
        assert len(self.changes()) == wanted


@pytest.fixture(scope="session")
def browser(request):
    browser = Browser(request.config.getoption("--chromium"))
    yield browser
    browser.close()


@pytest.fixture
def larder(request, tmp_path):
    larder = Larder(request.config.getoption("--larder"), tmp_path)
    yield larder
    larder.stop()


@pytest.fixture
def front(request, larder, tmp_path):
    """A Larder whose upstream is the other one: over HTTP, and asked without a key."""
    (folder := tmp_path / "front").mkdir()
    front = Larder(request.config.getoption("--larder"), folder, ["--upstream", larder.origin + "/api/v1"])
    yield front
    front.stop()


@pytest.fixture
def catalogue():
    """An upstream without models at first."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Catalogue)
    server.daemon_threads = True
    server.rows = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def tab(browser, larder):
    """Opens the page: `tab("#q=x", width=320, scheme="dark")`. What the browser complains of fails the test, but what `excused` matches."""
    opened = []

    def open_page(part: str = "", of: Larder = larder, status: dict | None = None, answers: dict[str, tuple[int, str]] = {},
                  excused: str | None = None, **view):
        page = browser.page(**view)
        opened.append((page, excused))
        if status is not None:
            page.doctor(status)
        for prefix, answer in answers.items():
            page.answer(prefix, *answer)
        page.open(of.url + part)
        page.until("document.querySelectorAll('#models-rows tr').length > 0")
        page.until("document.getElementById('connection').dataset.state === 'live'")
        page.until("document.querySelectorAll('[data-choices=model_authors] input').length > 5")
        return page

    yield open_page
    for page, excused in opened:
        complaints = [one for one in page.complaints if excused is None or not re.search(excused, one)]
        page.close()
        assert not complaints


@pytest.fixture
def screenshots(request) -> Path | None:
    folder = request.config.getoption("--screenshots")
    return Path(folder) if folder else None
