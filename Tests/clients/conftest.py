"""The fixtures: an origin of its own for each test, and a Larder process before it.

`--larder PATH` names the binary. With `--direct` the clients talk to the origin itself, which shows whether a test asks
for what upstream gives; tests that look at what Larder asks upstream are left out then.
"""

import sys
import urllib.error
import urllib.request
from pathlib import Path

import catalogue
import pytest
from origin import Origin

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))

from processes import Process, reserved_port  # noqa: E402


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
        yield lambda path="/readyz", demo=False, **settings: origin.url
        return
    running = []

    def start_larder(path: str = "/readyz", demo: bool = False, socket: Path | None = None, **settings: str) -> str:
        port = reserved_port()
        process = Process(
            "larder", [request.config.getoption("larder"), "serve", "--listen", f"127.0.0.1:{port}", "--no-state",
             *(["--listen", f"unix:{socket}"] if socket else []), *(["--demo"] if demo else ["--upstream", origin.url])],
            tmp_path / f"larder-{port}.log", settings)
        running.append(process)
        process.wait_until(lambda: answers(f"http://127.0.0.1:{port}{path}"))
        return f"http://127.0.0.1:{port}/api/v1"

    yield start_larder
    statuses = [process.end(limit=30) for process in running]
    assert not any(statuses), [process.output for process in running]


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
