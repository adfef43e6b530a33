"""The origin: it responds to each case as scripted, and records what it gets."""

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass

from wire import REQUEST_LINE, TAG, At, Broken, Reader, Request, framing


@dataclass(frozen=True)
class Reply:
    """What the origin sends back. Without a body it makes one of JSON, with a number that is new in each response."""

    status: int = 200
    reason: str = "OK"
    fields: tuple = ()
    body: bytes | None = None
    date: int | None = 0  # Date, in seconds from now; None leaves it out
    interim: tuple[bytes, ...] = ()  # heads that go before it, raw
    raw: bytes | None = None  # the complete message, in place of all that
    pause: float = 0  # seconds before it
    chunked: bool = False
    trailers: tuple = ()
    early: bool = False  # sent when the head has come, without waiting for the body
    then: str = "keep"  # what becomes of the connection: keep, close, reset; "drop" gives no response at all
    validates: bool = True  # says 304 where the request's condition fits the validator in `fields`
    changes: tuple = ()  # fields of that 304, in place of `fields`


class Origin:
    """Listens on a free port of loopback. What it sends and has received is kept for each tag of a case."""

    def __init__(self):
        self.lock = threading.Lock()
        self.replies: dict[bytes, list[Reply]] = {}
        self.requests: dict[bytes, list[Request]] = {}
        self.serial = 0
        self.catalogue = b'{"data":[]}'
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def script(self, tag: bytes, *replies: Reply):
        """The responses for a tag, one after the other; the last stays."""
        with self.lock:
            self.replies[tag] = list(replies)

    def seen(self, tag: bytes) -> list[Request]:
        with self.lock:
            return list(self.requests.get(tag, []))

    def accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(raw,), daemon=True).start()

    def note(self, tag: bytes | None, request: Request):
        if tag:
            with self.lock:
                self.requests.setdefault(tag, []).append(request)

    def next_reply(self, tag: bytes | None, target: bytes) -> Reply:
        with self.lock:
            waiting = self.replies.get(tag or b"")
            if waiting:
                return waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if tag is None and target.split(b"?")[0].endswith(b"/models"):
            return Reply(body=self.catalogue, fields=(("Cache-Control", "public, max-age=3600"),))
        return Reply()

    def serve(self, raw: socket.socket):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = Reader(raw)
        try:
            while self.exchange(raw, reader):
                pass
        except (OSError, TimeoutError):
            pass
        finally:
            with contextlib.suppress(OSError):
                raw.close()

    def exchange(self, raw: socket.socket, reader: Reader) -> bool:
        deadline = time.monotonic() + 120
        request = Request()
        while not reader.buffer:
            if not reader.fill(deadline):
                return False
        tag = None
        try:
            request.start = reader.line(deadline, request)
            found = REQUEST_LINE.fullmatch(request.start)
            words = request.start.split(b" ")
            if found:
                request.method, request.target, request.version = found[1], found[2], int(found[3])
            else:
                request.defects.append(f"an invalid request line: {request.start[:60]!r}")
                request.method, request.target = words[0], words[1] if len(words) > 1 else b""
            request.fields = reader.fields(deadline, request)
            tag = (TAG.findall(request.head) or [None])[0]
            if request.version == 1 and len(request.all("host")) != 1:
                request.defects.append(f"{len(request.all('host'))} Host fields")
            length = framing(request)
            # It is recorded with its head and is complete when its body is.
            self.note(tag, request)
            reply = self.next_reply(tag, request.target)
            if reply.early:
                self.response(raw, request, reply)
            if "100-continue" in (request.get("expect") or "").lower() and request.version and not reply.early:
                raw.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            if request.chunked or length:
                reader.body(deadline, request, length)
            else:
                request.complete = True
            if not request.complete:
                return False
        except Broken as broken:
            request.defects.append(str(broken))
            if not tag:
                self.note((TAG.findall(bytes(reader.log)) or [None])[-1], request)
            raw.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return False
        if not reply.early:
            self.response(raw, request, reply)
        if reply.then == "reset":
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        return reply.then == "keep" and "close" not in (request.get("connection") or "").lower()

    def response(self, raw: socket.socket, request: Request, reply: Reply):
        if reply.pause:
            time.sleep(reply.pause)
        if reply.then == "drop":
            return
        # HTTP/1.0 knows neither interim responses nor chunks.
        for head in reply.interim if request.version else ():
            raw.sendall(head)
        with self.lock:
            self.serial += 1
            serial = self.serial
        if reply.raw is not None:
            raw.sendall(reply.raw)
            return
        fields = [(name, str(value)) for name, value in reply.fields]
        names = {name.lower() for name, _ in fields}
        if reply.date is not None and "date" not in names:
            fields.insert(0, ("Date", str(At(reply.date))))
        body = reply.body if reply.body is not None else b'{"data":[{"name":"%d"}],"serial":%d}' % (serial, serial)
        status, reason = reply.status, reply.reason
        if reply.validates and self.is_current(request, dict((name.lower(), value) for name, value in fields)):
            status, reason, body = 304, "Not Modified", b""
            if reply.changes:
                fields = [("Date", str(At(0)))] + [(name, str(value)) for name, value in reply.changes]
        if status not in (204, 304) and status >= 200:
            if "content-type" not in names:
                fields.append(("Content-Type", "application/json"))
            if reply.chunked and request.version:
                fields.append(("Transfer-Encoding", "chunked"))
                tail = "".join(f"{name}: {value}\r\n" for name, value in reply.trailers)
                body = b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, tail.encode()) if body else b"0\r\n\r\n"
            elif "content-length" not in names:
                fields.append(("Content-Length", str(len(body))))
        if reply.then == "close":
            fields.append(("Connection", "close"))
        head = f"HTTP/1.1 {status} {reason}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
        raw.sendall(head.encode("latin-1") + (b"" if request.method == b"HEAD" else body))

    def is_current(self, request: Request, fields: dict[str, str]) -> bool:
        tags = request.get("if-none-match")
        if tags is not None:
            return "etag" in fields and fields["etag"].removeprefix("W/") in tags
        since = request.get("if-modified-since")
        return since is not None and fields.get("last-modified") == since
