"""The fixtures: an origin with TLS for each test, once with HTTP/2 and once with HTTP/1.1, and a Larder before it.

`--larder PATH` names the binary.
"""

import itertools
import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from origin import Origin

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))

from processes import Process, reserved_port  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--larder", default=str(Path(__file__).parents[2] / ".build/release/larder"))


@pytest.fixture(params=["h2", "http/1.1"])
def protocol(request) -> str:
    return request.param


@pytest.fixture
def origin(protocol, tmp_path):
    origin = Origin(tmp_path, [protocol])
    yield origin
    origin.stop()


class Larder:
    """A running Larder with one loop, so that all fetches share their connections."""

    def __init__(self, port: int):
        self.base = f"http://127.0.0.1:{port}"
        self.numbers = itertools.count(1)

    def get(self, path: str, **fields: str) -> tuple[int, bytes]:
        request = urllib.request.Request(self.base + path, headers=fields)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def fetch(self, **fields: str) -> tuple[int, float]:
        """Has Larder ask upstream for something that it was never asked for; the status, and how long it took."""
        path = f"/api/v1/providers?n={next(self.numbers)}"
        begin = time.monotonic()
        status, body = self.get(path, **fields)
        if status == 200:
            assert json.loads(body)["data"][0]["path"] == path
        return status, time.monotonic() - begin


@pytest.fixture
def start(origin, request, tmp_path):
    """Starts a Larder that is ready; `settings` go to its environment."""
    running = []

    def start_larder(**settings: str) -> Larder:
        port = reserved_port()
        environment = {
            "LARDER_LISTEN": f"127.0.0.1:{port}", "LARDER_UPSTREAM_URL": origin.url,
            "LARDER_UPSTREAM_CA_FILE": str(origin.ca_file), "LARDER_STATE_ENABLED": "false", "LARDER_WORKERS": "1",
        }
        process = Process("larder", [request.config.getoption("larder"), "serve"], tmp_path / f"larder-{port}.log",
                          environment | settings)
        running.append(process)
        larder = Larder(port)
        process.wait_until(lambda: larder.get("/readyz")[0] == 200)
        return larder

    yield start_larder
    statuses = [process.end(limit=30) for process in running]
    assert not any(statuses), [process.output for process in running]
