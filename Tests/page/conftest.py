"""The fixtures: a Chromium for all tests, a Larder with the built-in catalogue for each, and a tab on its page.

`--larder PATH` and `--chromium PATH` name the programs, `--screenshots FOLDER` says where pictures of the page are to go.
"""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from browser import Browser


def pytest_addoption(parser):
    parser.addoption("--larder", default=str(Path(__file__).parents[2] / ".build/release/larder"))
    parser.addoption("--chromium", default="chromium")
    parser.addoption("--screenshots", default=None)


class Larder:
    """A Larder process of its own port, which can be stopped and started again."""

    def __init__(self, binary: str, folder: Path, upstream: list[str] = ["--demo"]):
        self.binary = binary
        self.upstream = upstream
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self.url = self.origin + "/_larder/"
        self.log = folder / "larder.log"
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.binary, "serve", *self.upstream, "--listen", f"127.0.0.1:{self.port}", "--no-state"],
            env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log.open("ab"))
        deadline = time.monotonic() + 20
        while True:
            try:
                return self.get("/readyz" if self.upstream == ["--demo"] else "/healthz")
            except (urllib.error.URLError, OSError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"larder did not get ready: {self.log.read_text()}")
                time.sleep(0.02)

    def stop(self):
        """Ends it; connections that are open end with it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            pytest.fail(f"larder did not end on SIGTERM: {self.log.read_text()}")

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
    if larder.process.poll() is None:
        larder.stop()
    assert larder.process.returncode == 0, larder.log.read_text()


@pytest.fixture
def front(request, larder, tmp_path):
    """A Larder whose upstream is the other one: over HTTP, and asked without a key."""
    (folder := tmp_path / "front").mkdir()
    front = Larder(request.config.getoption("--larder"), folder, ["--upstream", larder.origin + "/api/v1"])
    yield front
    front.stop()
    assert front.process.returncode == 0, front.log.read_text()


@pytest.fixture
def tab(browser, larder):
    """Opens the page: `tab("#q=x", width=320, scheme="dark")`. What the browser complains of fails the test."""
    opened = []

    def open_page(part: str = "", of: Larder = larder, **view):
        page = browser.page(**view)
        opened.append(page)
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
