"""What goes over the wires: messages, and a client that reads responses strictly.

Defects of a message are noted instead of forgiven, so a case sees what a server let through.
"""

import contextlib
import re
import socket
import time
from dataclasses import dataclass, field
from email.utils import formatdate

TAG = re.compile(rb"c-[a-z0-9-]+-\d+-z")
TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
REQUEST_LINE = re.compile(rb"(" + TOKEN + rb") ([\x21-\x7e]+) HTTP/1\.([01])")
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)(?: ([\t \x21-\x7e\x80-\xff]*))?")
FIELD_LINE = re.compile(rb"(" + TOKEN + rb"):[ \t]*((?:[^\x00\r\n]*[^\x00\r\n \t])?)[ \t]*", re.DOTALL)
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})((?:[ \t]*;[^\x00\r\n]*)?)")

Fields = list[tuple[str, str]]


class Broken(Exception):
    """The bytes cannot be read as a message."""


class At:
    """A field value: the HTTP date so many seconds from now, in the form of RFC 9110 section 5.6.7 or of RFC 850."""

    def __init__(self, seconds: float, rfc850: bool = False):
        self.seconds, self.rfc850 = seconds, rfc850

    def __str__(self):
        then = time.time() + self.seconds
        if self.rfc850:
            return time.strftime("%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(then))
        return formatdate(then, usegmt=True)


@dataclass
class Message:
    """A request or a response. `defects` are violations of RFC 9112's grammar or of its rules for framing."""

    start: bytes = b""
    fields: Fields = field(default_factory=list)
    body: bytes = b""
    trailers: Fields = field(default_factory=list)
    version: int = 1
    chunked: bool = False
    complete: bool = False
    defects: list[str] = field(default_factory=list)
    head: bytes = b""

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        """The values of all fields of a name, joined."""
        values = self.all(name)
        return ", ".join(values) if values else None


class Request(Message):
    method = target = b""


class Response(Message):
    status = 0


class Reader:
    """Buffered bytes of a socket; `deadline` is a moment of the monotonic clock."""

    def __init__(self, raw: socket.socket):
        self.raw, self.buffer, self.ended, self.reset = raw, b"", False, False
        self.log = bytearray()

    def fill(self, deadline: float) -> bool:
        """Reads on; false at the end of the connection. TimeoutError after the deadline."""
        if self.ended:
            return False
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.raw.settimeout(left)
        try:
            data = self.raw.recv(65536)
        except ConnectionError:
            self.reset, data = True, b""
        if not data:
            self.ended = True
            return False
        self.log += data
        self.buffer += data
        return True

    def line(self, deadline: float, message: Message) -> bytes:
        """A line without its end."""
        while b"\n" not in self.buffer:
            if len(self.buffer) > 1 << 20 or not self.fill(deadline):
                raise Broken("the connection ends within a head")
        line, _, self.buffer = self.buffer.partition(b"\n")
        if line.endswith(b"\r"):
            line = line[:-1]
        else:
            message.defects.append("a line ends with a bare LF")
        if b"\r" in line:
            message.defects.append("a bare CR")
        if b"\0" in line:
            message.defects.append("a NUL")
        message.head += line + b"\n"
        return line

    def exactly(self, count: int, deadline: float) -> bytes:
        while len(self.buffer) < count:
            if not self.fill(deadline):
                break
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def fields(self, deadline: float, message: Message) -> Fields:
        result: Fields = []
        while line := self.line(deadline, message):
            found = FIELD_LINE.fullmatch(line)
            if found:
                result.append((found[1].decode(), found[2].decode("latin-1")))
            elif line[:1] in b" \t" and result:
                message.defects.append("a folded line")
                result[-1] = (result[-1][0], result[-1][1] + " " + line.strip().decode("latin-1"))
            else:
                message.defects.append(f"an invalid field line: {line[:60]!r}")
        return result

    def body(self, deadline: float, message: Message, length: int | None):
        """Reads a body by chunks, by its length, or to the end (`length` None)."""
        if message.chunked:
            while True:
                line = self.line(deadline, message)
                found = CHUNK_LINE.fullmatch(line)
                if not found:
                    raise Broken(f"a chunk's size is {line[:40]!r}")
                size = int(found[1], 16)
                if size == 0:
                    message.trailers = self.fields(deadline, message)
                    message.complete = True
                    return
                data = self.exactly(size, deadline)
                message.body += data
                if len(data) < size:
                    return
                if self.exactly(2, deadline) != b"\r\n":
                    raise Broken("a chunk does not end with CRLF")
        elif length is None:
            while self.fill(deadline):
                pass
            message.body, self.buffer = self.buffer, b""
            message.complete = not self.reset
        else:
            message.body = self.exactly(length, deadline)
            message.complete = len(message.body) == length


def framing(message: Message) -> int | None:
    """The length of the body as the fields say, None if there is none; notes what is wrong with them."""
    codings, lengths = message.all("transfer-encoding"), message.all("content-length")
    if codings:
        message.chunked = codings[-1].lower().split(",")[-1].strip() == "chunked"
        if [coding.lower() for coding in codings] != ["chunked"]:
            message.defects.append(f"Transfer-Encoding is {codings}")
        if message.version == 0:
            message.defects.append("Transfer-Encoding in HTTP/1.0")
        if lengths:
            message.defects.append("Content-Length beside Transfer-Encoding")
        return None
    if not lengths:
        return None
    if len(lengths) > 1 or not re.fullmatch(r"\d{1,15}", lengths[0]):
        message.defects.append(f"Content-Length is {lengths}")
    try:
        return int(lengths[0].split(",")[0])
    except ValueError:
        raise Broken(f"Content-Length is {lengths}") from None


# MARK: The client

class Client:
    """One raw connection to a server."""

    def __init__(self, port: int):
        self.raw = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = Reader(self.raw)

    def send(self, data: bytes):
        """What the server does not take any more is dropped: its response says why."""
        self.raw.settimeout(10)
        with contextlib.suppress(OSError):
            self.raw.sendall(data)

    def response(self, method: bytes, deadline: float) -> Response | None:
        """The next response, interim or final; None if the connection ends instead. TimeoutError if nothing comes."""
        reader, response = self.reader, Response()
        while not reader.buffer:
            if not reader.fill(deadline):
                return None
        try:
            response.start = reader.line(deadline, response)
            found = STATUS_LINE.fullmatch(response.start)
            if not found:
                response.defects.append(f"an invalid status line: {response.start[:60]!r}")
                return response
            response.version, response.status = int(found[1]), int(found[2])
            response.fields = reader.fields(deadline, response)
            length = framing(response)
            if response.status < 200 or response.status in (204, 304) or method == b"HEAD":
                if response.status < 200 or response.status == 204:
                    if response.all("content-length") or response.all("transfer-encoding"):
                        response.defects.append(f"a {response.status} with Content-Length or Transfer-Encoding")
                response.chunked, response.complete = False, True
            else:
                reader.body(deadline, response, length)
        except Broken as broken:
            response.defects.append(str(broken))
        except TimeoutError:
            response.defects.append("the response does not end")
        return response

    def closes(self, seconds: float) -> bool:
        """Whether the server closes within so many seconds."""
        deadline = time.monotonic() + seconds
        with contextlib.suppress(TimeoutError):
            while self.reader.fill(deadline):
                pass
        return self.reader.ended

    def close(self):
        self.raw.close()
