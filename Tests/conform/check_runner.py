"""Shows that the cases can fail: servers that are wrong on purpose are tried with them, and each case has to notice one.

They are threads of this process, and a few lines each.
"""

import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import runner
from model import Case, Outcome
from origin import Origin
from wire import Client, Message, Reader


class Failure(Exception):
    """A case that lets everything pass."""


class Wrong:
    """Listens on a free port until `end`; `serve` is what it does with a connection."""

    def __init__(self, origin: Origin):
        self.origin = origin
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.run, args=(raw,), daemon=True).start()

    def run(self, raw: socket.socket):
        raw.settimeout(10)
        with raw, contextlib.suppress(OSError, TimeoutError):
            self.serve(raw)

    def serve(self, raw: socket.socket):
        raise NotImplementedError

    def end(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Mute(Wrong):
    """Reads everything and closes without a response."""

    def serve(self, raw):
        raw.recv(65536)


class Yes(Wrong):
    """Sends 200 for any input, even for none, and never parses it."""

    def serve(self, raw):
        while True:
            raw.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            if not raw.recv(65536):
                return


class Pipe(Wrong):
    """Passes bytes on as they are, both ways."""

    def serve(self, raw):
        with socket.create_connection(("127.0.0.1", self.origin.port), timeout=10) as other:
            def back():
                with contextlib.suppress(OSError, TimeoutError):
                    while data := other.recv(65536):
                        raw.sendall(data)
                    raw.shutdown(socket.SHUT_RDWR)
            threading.Thread(target=back, daemon=True).start()
            while data := raw.recv(65536):
                other.sendall(data)


class Hoarder(Wrong):
    """Stores the first response for each path, and serves it for ever, whatever it and the requests say."""

    def __init__(self, origin):
        self.stored: dict[bytes, bytes] = {}
        super().__init__(origin)

    def key(self, method: bytes, target: bytes) -> bytes | None:
        return target.partition(b"&")[0]

    def reply(self, request: Message, stored: bytes) -> bytes:
        return stored

    def serve(self, raw):
        reader, request = Reader(raw), Message()
        deadline = time.monotonic() + 10
        method, target = reader.line(deadline, request).split(b" ")[:2]
        request.fields = reader.fields(deadline, request)
        key = self.key(method, target)
        if key in self.stored:
            return raw.sendall(self.reply(request, self.stored[key]))
        client = Client(self.origin.port)
        try:
            client.send(request.head.replace(b"\n", b"\r\n") + reader.buffer)
            while (response := client.response(method, deadline)) is not None and response.status < 200:
                pass
            answered = bytes(client.reader.log)
        finally:
            client.close()
        if key:
            self.stored[key] = answered
        raw.sendall(answered)


class Muddler(Hoarder):
    """Stores responses to GET by the full target, and never invalidates them. It sends 304 for every condition and 206 for every
    range, and merges the fields of interim responses into the final one."""

    def key(self, method, target):
        return target if method == b"GET" else None

    def reply(self, request, stored):
        if request.get("if-none-match") or request.get("if-modified-since"):
            return b"HTTP/1.1 304 Not Modified\r\n\r\n"
        if request.get("range"):
            return b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx"
        return stored.replace(b"\r\n\r\nHTTP/1.1 200 OK\r\n", b"\r\n").replace(b"HTTP/1.1 103 Early Hints", b"HTTP/1.1 200 OK")


def refuses(case: Case) -> bool:
    """Whether no 200 is allowed."""
    outcomes = case.allow if isinstance(case.allow, tuple) else (case.allow,)
    return bool(outcomes) and not any(isinstance(each, Outcome) and each.statuses is not None and (
        each.statuses == () or 200 in each.statuses) for each in outcomes)


# How many cases run at once, and how patient each is. A busy machine may be too slow for the short times of the first try.
TRIES = ((150, 0.5), (4, 2))


def tried(cases: list[Case], kind: type[Wrong], threads: int, patience: float) -> set[str]:
    """Those of the cases that notice what is wrong with such a server."""
    if not cases:
        return set()
    origin = Origin()
    server = kind(origin)
    try:
        bench = runner.Bench(server.port, origin)
        with ThreadPoolExecutor(threads) as pool:
            return {verdict.case.id for verdict in pool.map(lambda case: runner.run(case, bench, patience), cases)
                    if verdict.state == runner.FAILED}
    finally:
        server.end()
        origin.stop()


def check(cases: list[Case]) -> str:
    """Raises Failure for cases that notice nothing; says in one line what was tried."""
    noticed: dict[type[Wrong], set[str]] = {kind: set() for kind in (Yes, Mute, Hoarder, Muddler, Pipe)}

    def without_noticed(some: list[Case], kind: type[Wrong], threads: int, patience: float) -> list[Case]:
        found = tried(some, kind, threads, patience)
        noticed[kind] |= found
        return [case for case in some if case.id not in found]

    blind = [case for case in cases if not case.steps and refuses(case)]
    for threads, patience in TRIES:
        blind = without_noticed(blind, Yes, threads, patience)
    if blind:
        raise Failure(f"a server that sends 200 for everything passes {', '.join(case.id for case in blind)}")
    left = [case for case in cases if case.id not in noticed[Yes]]
    for threads, patience in TRIES:
        for kind in (Mute, Yes, Hoarder, Muddler, Pipe):
            left = without_noticed(left, kind, threads, patience)
    if left:
        raise Failure(f"no server that is wrong fails {', '.join(case.id for case in left)}")
    return ", ".join(f"{len(found)} by {kind.__name__}" for kind, found in noticed.items())
