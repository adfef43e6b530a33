"""Upstream for the tests with the SDKs: a threaded server that answers as upstream does, and counts what it is asked.

With `answers_queries` it also pages, as Larder does, so that the tests can be tried on it directly.
"""

import gzip
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Semaphore, Thread
from urllib.parse import parse_qs, unquote, urlsplit

PUBLIC = "public, max-age=120, stale-while-revalidate=3600, stale-if-error=3600"
MODALITIES = ["text", "image", "embeddings", "audio", "video", "rerank", "decisions", "speech", "transcription", "all"]
WORDS = ["never", "in", "one", "piece"]
KEY_OF_HALF, KEY_OF_TEN = "sk-or-v1-half", "sk-or-v1-ten"


def error(code: int, message: str) -> tuple[int, dict]:
    return code, {"error": {"message": message, "code": code}}


def completion(asked: dict, kind: str, choice: dict) -> dict:
    return {"id": "gen-1", "object": kind, "created": 1763600000, "model": asked["model"], "choices": [choice]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        origin = self.server.origin
        origin.requests.append(self.path)
        if origin.broken:
            self.answer(*error(500, "Internal Server Error"), {})
            return
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        path = url.path.removeprefix("/api/v1/")
        key = (self.headers["Authorization"] or "").removeprefix("Bearer ")
        public = {"Cache-Control": PUBLIC, "Vary": "Host"}
        if path in ("models", "models/count") and query.get("output_modalities", "text") not in MODALITIES:
            # Upstream's own words for it, which have no `code`.
            told = {"name": "ZodError", "message": "Invalid output_modalities"}
            self.answer(400, {"success": False, "error": told}, {})
        elif path == "models":
            self.answer(*origin.list(origin.models, query), public)
        elif path == "models/count":
            self.answer(200, {"data": {"count": len(origin.select(origin.models, query))}}, public)
        elif path == "models/user":
            if not key:
                self.answer(*error(401, "No cookie auth credentials found"), {})
            elif key not in (KEY_OF_HALF, KEY_OF_TEN):
                self.answer(*error(401, "User not found."), {})
            else:
                self.answer(*origin.list(origin.of_user(key), query), {"Cache-Control": "private"})
        elif path.startswith("model/") or (origin.answers_queries and path.startswith("models/")):
            self.answer(*origin.model(unquote(path.split("/", 1)[1])), public)
        else:
            self.answer(*error(404, "Not Found"), {})

    def do_POST(self):
        origin = self.server.origin
        origin.requests.append(self.path)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/api/v1/chat/completions":
            self.answer(*error(404, "Not Found"), {})
        elif self.headers["Authorization"] != f"Bearer {KEY_OF_HALF}":
            self.answer(*error(401, "User not found."), {})
        elif asked.get("stream"):
            self.stream(asked)
        else:
            message = {"role": "assistant", "content": " ".join(WORDS)}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self.answer(200, completion(asked, "chat.completion", choice), {})

    def stream(self, asked: dict):
        """Each word waits until the test has had the one before it: whoever holds pieces back never ends."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.chunk(b": OPENROUTER PROCESSING\n\n")
        for word in WORDS:
            choice = {"index": 0, "delta": {"role": "assistant", "content": word}, "finish_reason": None}
            event = json.dumps(completion(asked, "chat.completion.chunk", choice))
            if not self.server.origin.may_go_on.acquire(timeout=20):
                self.close_connection = True
                return
            self.chunk(f"data: {event}\n\n".encode())
        self.chunk(b"data: [DONE]\n\n")
        self.chunk(b"")

    def chunk(self, data: bytes):
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def answer(self, status: int, body: dict, fields: dict):
        data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        for name, value in fields.items():
            self.send_header(name, value)
        if "gzip" in (self.headers["Accept-Encoding"] or ""):
            data = gzip.compress(data, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(data), 16384):
            self.chunk(data[start:start + 16384])
        self.chunk(b"")

    def log_message(self, *arguments):
        pass


class Origin:
    """Listens on a free port of this machine until `stop()`."""

    def __init__(self, models: list[dict], answers_queries: bool = False):
        self.models = models
        self.answers_queries = answers_queries
        self.broken = False
        self.requests: list[str] = []
        self.may_go_on = Semaphore(0)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.origin = self
        Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/api/v1"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def asked(self, path: str) -> int:
        """How often a path was asked for, whatever the query."""
        return sum(urlsplit(request).path == f"/api/v1/{path}" for request in self.requests)

    def of_user(self, key: str) -> list[dict]:
        return self.models[::2] if key == KEY_OF_HALF else self.models[:10]

    def select(self, models: list[dict], query: dict) -> list[dict]:
        wanted = query.get("output_modalities", "text")
        if "category" in query:
            models = models[::7][::-1]
        return [row for row in models if wanted == "all" or wanted in row["architecture"]["output_modalities"]]

    def list(self, models: list[dict], query: dict) -> tuple[int, dict]:
        models = self.select(models, query)
        if not self.answers_queries:
            return 200, {"data": models}
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 500))
        if not 1 <= limit <= 1000:
            return error(400, "limit must be from 1 to 1000")
        page = models[offset:offset + limit]
        following = "/api/v1/models?offset=…" if offset + limit < len(models) else None
        return 200, {"data": page, "total_count": len(models), "links": {"next": following}}

    def model(self, slug: str) -> tuple[int, dict]:
        base = slug.removesuffix(":nitro")
        for row in self.models:
            if base in (row["id"], row["canonical_slug"]):
                openai = {"id": row["id"], "object": "model", "created": row["created"], "owned_by": base.split("/")[0]}
                return 200, {"data": row} | (openai if self.answers_queries else {})
        return error(404, "Not Found")
