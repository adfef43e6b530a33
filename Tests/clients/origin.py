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
    usage = {"prompt_tokens": 7, "completion_tokens": len(WORDS), "total_tokens": 7 + len(WORDS)}
    return {"id": "gen-1", "object": kind, "created": 1763600000, "model": asked["model"], "choices": [choice],
            "system_fingerprint": None, "usage": usage}


def message(asked: dict, content: list, reason: str | None) -> dict:
    """One of Anthropic's protocol."""
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": asked["model"], "content": content,
            "stop_reason": reason, "stop_sequence": None, "usage": {"input_tokens": 7, "output_tokens": len(WORDS)}}


def message_events(asked: dict) -> list[dict]:
    deltas = [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word + " "}}
              for word in WORDS]
    return [
        {"type": "message_start", "message": message(asked, [], None)},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}, *deltas,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
         "usage": {"output_tokens": len(WORDS)}},
        {"type": "message_stop"},
    ]


def response(asked: dict, status: str, output: list) -> dict:
    """One of OpenAI's Responses API."""
    usage = {"input_tokens": 7, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": len(WORDS),
             "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 7 + len(WORDS)}
    return {"id": "resp_1", "object": "response", "created_at": 1763600000, "model": asked["model"], "status": status,
            "output": output, "usage": usage if output else None, "error": None, "incomplete_details": None,
            "instructions": None, "metadata": {}, "parallel_tool_calls": True, "temperature": 1.0, "top_p": 1.0,
            "tool_choice": "auto", "tools": [], "truncation": "disabled"}


def response_events(asked: dict) -> list[dict]:
    text = {"type": "output_text", "text": " ".join(WORDS), "annotations": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [text]}
    deltas = [{"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0,
               "delta": word if word == WORDS[0] else " " + word} for word in WORDS]
    return [
        {"type": "response.created", "response": response(asked, "in_progress", [])},
        {"type": "response.output_item.added", "output_index": 0, "item": item | {"status": "in_progress", "content": []}},
        *deltas,
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response(asked, "completed", [item])},
    ]


def is_anthropic(fields) -> bool:
    """Whether upstream answers with Anthropic's lists."""
    return ("anthropic-version" in fields or fields.get("User-Agent", "").startswith("claude-code/")
            or "x-api-key" in fields and "Authorization" not in fields)


def key(fields) -> str:
    return (fields["Authorization"] or fields["x-api-key"] or "").removeprefix("Bearer ")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        origin = self.server.origin
        self.note()
        if origin.broken:
            self.answer(*error(500, "Internal Server Error"), {})
            return
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        path = url.path.removeprefix("/api/v1/")
        public = {"Cache-Control": PUBLIC, "Vary": "Host"}
        if path in ("models", "models/count") and query.get("output_modalities", "text") not in MODALITIES:
            # Upstream's own words for it, which have no `code`.
            refusal = {"name": "ZodError", "message": "Invalid output_modalities"}
            self.answer(400, {"success": False, "error": refusal}, {})
        elif path == "models" and is_anthropic(self.headers):
            rows = [{"type": "model", "id": row["id"], "display_name": row["name"], "created_at": "2026-01-01T00:00:00Z"}
                    for row in origin.models[:3]]
            self.answer(200, {"data": rows, "has_more": False, "first_id": rows[0]["id"], "last_id": rows[-1]["id"]}, {})
        elif path == "models" and "client_version" in query:
            self.answer(200, {"models": origin.for_codex()}, public)
        elif path == "models":
            self.answer(*origin.list(origin.models, query), public)
        elif path == "models/count":
            self.answer(200, {"data": {"count": len(origin.select(origin.models, query))}}, public)
        elif path == "models/user":
            if not key(self.headers):
                self.answer(*error(401, "No cookie auth credentials found"), {})
            elif key(self.headers) not in (KEY_OF_HALF, KEY_OF_TEN):
                self.answer(*error(401, "User not found."), {})
            else:
                self.answer(*origin.list(origin.of_user(key(self.headers)), query), {"Cache-Control": "private"})
        elif path.startswith("model/") or (origin.answers_queries and path.startswith("models/")):
            self.answer(*origin.model(unquote(path.split("/", 1)[1])), public)
        else:
            self.answer(*error(404, "Not Found"), {})

    def do_POST(self):
        self.note()
        asked = json.loads(self.body())
        path = urlsplit(self.path).path
        text = {"type": "text", "text": " ".join(WORDS)}
        if path not in ("/api/v1/chat/completions", "/api/v1/messages", "/api/v1/responses"):
            self.answer(*error(404, "Not Found"), {})
        elif key(self.headers) != KEY_OF_HALF:
            self.answer(*error(401, "User not found."), {})
        elif path == "/api/v1/messages":
            if asked.get("stream"):
                self.events(message_events(asked))
            else:
                self.answer(200, message(asked, [text], "end_turn"), {})
        elif path == "/api/v1/responses":
            if asked.get("stream"):
                self.events(response_events(asked))
            else:
                self.answer(200, response_events(asked)[-1]["response"], {})
        elif asked.get("stream"):
            self.stream(asked)
        else:
            content = json.dumps({"words": WORDS}) if "response_format" in asked else text["text"]
            choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
            self.answer(200, completion(asked, "chat.completion", choice), {})

    def note(self):
        self.server.origin.requests.append(self.path)
        self.server.origin.seen.append((self.command, self.path, self.headers))

    def body(self) -> bytes:
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def events(self, events: list[dict]):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            self.chunk(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        self.chunk(b"")

    def stream(self, asked: dict):
        """Each word waits until the test has had the one before it: a client that holds pieces back never ends."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.chunk(b": OPENROUTER PROCESSING\n\n")
        for word in WORDS:
            choice = {"index": 0, "delta": {"role": "assistant", "content": word}, "finish_reason": None}
            event = json.dumps(completion(asked, "chat.completion.chunk", choice))
            if not self.server.origin.is_hurried and not self.server.origin.may_go_on.acquire(timeout=20):
                self.close_connection = True
                return
            self.chunk(f"data: {event}\n\n".encode())
        event = completion(asked, "chat.completion.chunk", {"index": 0, "delta": {"content": ""}, "finish_reason": "stop"})
        if self.server.origin.is_hurried:
            self.chunk(f"data: {json.dumps(event)}\n\n".encode())
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
        # The same with method and fields.
        self.seen: list[tuple] = []
        # Whether a stream waits for nobody.
        self.is_hurried = False
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

    def for_codex(self) -> list[dict]:
        return [{"slug": row["id"], "display_name": row["name"]} for row in self.models[:5]]

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
