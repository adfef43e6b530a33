"""The fixtures: a Chromium for all tests, a Larder with the built-in catalogue for each, and a tab on its page.

`--larder PATH` and `--chromium PATH` name the programs, `--screenshots FOLDER` says where pictures of the page are to go.
"""

import json
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from browser import Browser

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))

from processes import Process, free_port  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--larder", default=str(Path(__file__).parents[2] / ".build/release/larder"))
    parser.addoption("--chromium", default="chromium")
    parser.addoption("--screenshots", default=None)


class Larder:
    """A Larder process of its own port, which can be stopped and started again."""

    def __init__(self, binary: str, folder: Path, upstream: list[str] = ["--demo"]):
        self.binary = binary
        self.upstream = upstream
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.url = self.origin + "/_larder/"
        self.log = folder / "larder.log"
        self.process = None
        self.start()

    def start(self):
        self.process = Process("larder", [self.binary, "serve", *self.upstream, "--listen", f"127.0.0.1:{self.port}",
                                          "--no-state"], self.log)
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
def tab(browser, larder):
    """Opens the page: `tab("#q=x", width=320, scheme="dark")`. What the browser complains of fails the test."""
    opened = []

    def open_page(part: str = "", of: Larder = larder, status: dict | None = None, **view):
        page = browser.page(**view)
        opened.append(page)
        if status is not None:
            page.doctor(status)
        page.open(of.url + part)
        page.until("document.querySelectorAll('#models-rows tr').length > 0")
        page.until("document.getElementById('connection').dataset.state === 'live'")
        page.until("document.querySelectorAll('[data-choices=model_authors] input').length > 5")
        return page

    yield open_page
    for page in opened:
        complaints = page.complaints
        page.close()
        assert not complaints


@pytest.fixture
def screenshots(request) -> Path | None:
    folder = request.config.getoption("--screenshots")
    return Path(folder) if folder else None
