"""The fixtures: an origin of its own for each test, and a Larder process before it.

`--larder PATH` names the binary. With `--direct` the clients talk to the origin itself, which shows whether a test asks
for what upstream gives; tests that look at what Larder asks upstream are left out then.
"""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import catalogue
import pytest
from origin import Origin


def pytest_addoption(parser):
    parser.addoption("--larder", default=str(Path(__file__).parents[2] / ".build/release/larder"))
    parser.addoption("--direct", action="store_true")


def pytest_configure(config):
    config.addinivalue_line("markers", "caching: looks at what Larder asks upstream")


def pytest_collection_modifyitems(config, items):
    if config.getoption("direct"):
        items[:] = [item for item in items if not item.get_closest_marker("caching")]


LISTS = {"made-up": catalogue.made_up()} | ({"real": catalogue.real()} if catalogue.real() else {})


@pytest.fixture(params=LISTS)
def models(request) -> list[dict]:
    """What the origin serves."""
    return LISTS[request.param]


@pytest.fixture
def origin(models, request):
    origin = Origin(models, answers_queries=request.config.getoption("direct"))
    yield origin
    origin.stop()


@pytest.fixture
def start(origin, request, tmp_path):
    """Starts Larder before the origin; its base URL, once `path` says 200. `settings` go to its environment."""
    if request.config.getoption("direct"):
        yield lambda path="/readyz", **settings: origin.url
        return
    running = []

    def start_larder(path: str = "/readyz", **settings: str) -> str:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        # A file, for nobody reads a pipe while a test runs, and a full one would stop Larder.
        log = tmp_path / f"larder-{port}.log"
        process = subprocess.Popen(
            [request.config.getoption("larder"), "serve", "--listen", f"127.0.0.1:{port}", "--upstream", origin.url,
             "--no-state"],
            env={"PATH": os.environ["PATH"]} | settings, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=log.open("wb"))
        running.append((process, log))
        deadline = time.monotonic() + 20
        while not answers(f"http://127.0.0.1:{port}{path}"):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"larder did not get ready: {log.read_text()}")
            time.sleep(0.02)
        return f"http://127.0.0.1:{port}/api/v1"

    yield start_larder
    for process, log in running:
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            pytest.fail(f"larder did not end on SIGTERM: {log.read_text()}")
        assert status == 0, log.read_text()


@pytest.fixture
def base_url(start) -> str:
    """The base URL of a Larder that is ready."""
    return start()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False
