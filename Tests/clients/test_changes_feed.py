"""The feed of changes, read by feedparser, and the stream of changes, read line by line."""

import json
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import feedparser
import pytest
from processes import Process, reserved_port


class Upstream(BaseHTTPRequestHandler):
    """A catalogue whose price a test changes."""

    def do_GET(self):
        rows = [{"id": f"a/{number}", "pricing": {"prompt": f"0.{self.server.price}"},
                 "architecture": {"output_modalities": ["text"]}} for number in range(1, 3)]
        body = json.dumps({"data": rows}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "public")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def upstream():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    server.price = 1
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


class Larder:
    """A Larder with its state in a folder."""

    def __init__(self, binary: str, upstream, folder: Path):
        port = reserved_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = Process(
            "larder", [binary, "serve", "--listen", f"127.0.0.1:{port}", "--state-dir", folder / "state", "--upstream",
                       f"http://127.0.0.1:{upstream.server_port}/api/v1"], folder / f"larder-{port}.log",
            {"HOME": str(folder), "LARDER_TTL_NO_CACHE": "0s"})
        self.process.wait_until(lambda: self.get("/readyz") is not None)

    def get(self, path: str, **fields: str) -> bytes:
        request = urllib.request.Request(self.url + path, headers={k.replace("_", "-"): v for k, v in fields.items()})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read()

    def change(self, upstream, price: int, cursor_count: int):
        """Changes the price, and waits until there are so many changes."""
        upstream.price = price
        self.get("/api/v1/models", Cache_Control="no-cache")
        until = time.monotonic() + 20
        while len(json.loads(self.get("/_larder/changes"))["data"]) < cursor_count:
            assert time.monotonic() < until
            time.sleep(0.02)

    def stop(self):
        assert self.process.end() == 0


@pytest.fixture
def start(request, upstream, tmp_path):
    running = []

    def start_larder() -> Larder:
        running.append(Larder(request.config.getoption("larder"), upstream, tmp_path))
        return running[-1]

    yield start_larder
    for larder in running:
        if larder.process.is_alive:
            larder.stop()


@pytest.mark.caching
def test_feedparser_reads_the_feed_and_its_ids_outlive_a_restart(start, upstream):
    larder = start()
    larder.get("/api/v1/models", Cache_Control="no-cache")
    larder.change(upstream, 2, 2)
    larder.change(upstream, 3, 4)
    feeds = [feedparser.parse(larder.get("/_larder/changes.atom"))]
    larder.stop()
    feeds.append(feedparser.parse(start().get("/_larder/changes.atom")))
    for feed in feeds:
        assert not feed.bozo and feed.version == "atom10"
        assert [entry.title for entry in feed.entries][0] == "a/2: prompt price 0.2 -> 0.3"
        assert all(entry.updated_parsed and entry.tags[0].term == "price" for entry in feed.entries)
    ids = [[feed.feed.id, *(entry.id for entry in feed.entries)] for feed in feeds]
    assert len(set(ids[0])) == 5 and ids[0] == ids[1]


@pytest.mark.caching
def test_a_stream_that_was_cut_resumes_without_loss_or_repetition(start, upstream):
    larder = start()
    larder.get("/api/v1/models", Cache_Control="no-cache")
    larder.change(upstream, 2, 2)

    def events(count: int, **fields: str) -> list[str]:
        """The ids of so many events; then the stream is cut."""
        request = urllib.request.Request(
            larder.url + "/_larder/changes?since=0",
            headers={"Accept": "text/event-stream"} | {k.replace("_", "-"): v for k, v in fields.items()})
        ids = []
        with urllib.request.urlopen(request, timeout=20) as stream:
            while len(ids) < count:
                line = stream.readline().decode()
                assert line
                if line.startswith("id: "):
                    ids.append(line[4:].strip())
        return ids

    ids = events(1)
    larder.change(upstream, 3, 4)
    ids += events(2, Last_Event_ID=ids[-1])
    larder.change(upstream, 4, 6)
    ids += events(3, Last_Event_ID=ids[-1])
    assert ids == [str(event["cursor"]) for event in json.loads(larder.get("/_larder/changes?since=0"))["data"]]
