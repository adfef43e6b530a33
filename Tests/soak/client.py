"""A connection that sends requests one behind the other and reads whole answers."""

import gzip
import json
import socket
import time


class Broken(Exception):
    """What came is not HTTP, or not all of it came."""


class Answer:
    def __init__(self, status, fields, body, sent):
        self.status = status
        self.fields = fields
        self.sent = sent
        self.received = time.monotonic()
        self.raw = body
        self.body = gzip.decompress(body) if fields.get("content-encoding") == "gzip" else body

    def json(self):
        return json.loads(self.body)

    @property
    def cache(self):
        """The parameters of `Cache-Status` by name; None if it is not well formed."""
        parts = self.fields.get("cache-status", "").split("; ")
        if parts[0] != "larder" or len(parts) < 2:
            return None
        found = {}
        for part in parts[1:]:
            name, _, value = part.partition("=")
            if name not in ("hit", "ttl", "fwd", "fwd-status", "stored", "collapsed", "detail") or name in found:
                return None
            found[name] = int(value) if name in ("ttl", "fwd-status") else value
        return found


class Connection:
    def __init__(self, port):
        self.port = port
        self.socket = None
        self.buffer = b""
        # What was learnt on this connection, so from one loop of Larder's.
        self.generations = {}
        self.tags = {}

    def open(self):
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=20)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.buffer = b""
            self.generations = {}
            self.tags = {}

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def send(self, requests):
        """Sends all requests at once, (method, target, fields, body) each; the moment at which it began."""
        self.open()
        out = []
        for method, target, fields, body in requests:
            lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *(f"{n}: {v}" for n, v in fields.items())]
            if method == "POST":
                lines.append("Transfer-Encoding: chunked")
                size = max(1, len(body) // 3)
                parts = [body[at:at + size] for at in range(0, len(body), size)]
                body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
            out.append("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        sent = time.monotonic()
        self.socket.sendall(b"".join(out))
        return sent

    def read(self, method, sent):
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        version, _, rest = lines[0].partition(" ")
        if version != "HTTP/1.1" or not rest[:3].isdigit():
            raise Broken(f"no status line: {lines[0]!r}")
        status = int(rest[:3])
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        body = b""
        if method != "HEAD" and status not in (204, 304):
            if fields.get("transfer-encoding") == "chunked":
                while size := int(self.line(), 16):
                    body += self.exactly(size + 2)[:-2]
                self.line()
            else:
                body = self.exactly(int(fields["content-length"]))
        if fields.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, fields, body, sent)

    def line(self):
        while b"\r\n" not in self.buffer:
            self.more()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def exactly(self, count):
        while len(self.buffer) < count:
            self.more()
        part, self.buffer = self.buffer[:count], self.buffer[count:]
        return part

    def more(self):
        part = self.socket.recv(1 << 18)
        if not part:
            raise Broken("the connection ended within an answer")
        self.buffer += part
