"""Upstream over TLS, with HTTP/2 or HTTP/1.1 as ALPN decides, whose connections end and fall silent as a test wants it.

A test sets `origin.script`, which is called for each request, and says what becomes of it.
"""

import ctypes
import json
import socket
import ssl
import struct
import subprocess
from enum import Enum
from pathlib import Path
from threading import Lock, Thread

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, RequestReceived
from h2.exceptions import ProtocolError

SO_ATTACH_FILTER = 26
MODEL = {
    "id": "maker/model", "canonical_slug": "maker/model", "name": "Maker: Model", "created": 1763600000,
    "description": "A model.", "context_length": 1000,
    "architecture": {"modality": "text->text", "input_modalities": ["text"], "output_modalities": ["text"],
                     "tokenizer": "Other", "instruct_type": None},
    "pricing": {"prompt": "0.000001", "completion": "0.000002"}, "top_provider": {}, "supported_parameters": [],
}
CATALOGUE = json.dumps({"data": [MODEL]}).encode()


class Deed(Enum):
    """What becomes of a request."""

    ANSWER = "a 200"
    IGNORE = "nothing; the kernel acknowledges it"
    REFUSE = "RST_STREAM with REFUSED_STREAM"
    GO_AWAY = "GOAWAY with NO_ERROR and a last stream below this one, then the connection ends"
    GO_AWAY_ALL = "as GO_AWAY, but no stream after the first was processed"
    GO_AWAY_LATER = "as GO_AWAY, but the connection stays"
    CLOSE = "the connection ends in good order, without a word on HTTP/2's level"
    RESET = "the connection is reset"
    CUT = "a head and half of the body, then the connection is reset"


class Request:
    def __init__(self, connection: "Connection", path: str, fields: dict[bytes, bytes]):
        self.connection, self.path, self.fields = connection, path, fields

    def __repr__(self):
        return f"{self.path} on {self.connection.number}"


class Connection:
    """One connection, on a thread of its own."""

    def __init__(self, origin: "Origin", raw: socket.socket, number: int):
        self.origin, self.raw, self.number = origin, raw, number
        self.socket: ssl.SSLSocket | None = None

    def run(self):
        try:
            self.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket = self.origin.context.wrap_socket(self.raw, server_side=True)
            (self.serve_2 if self.socket.selected_alpn_protocol() == "h2" else self.serve_1)()
        except (OSError, ProtocolError):
            pass
        finally:
            (self.socket or self.raw).close()

    def vanish(self):
        """From now on no packet that comes is seen, not even by the kernel: as when a NAT has forgotten the connection."""
        # One instruction of the classic packet filter: keep 0 bytes of each packet.
        program = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
        filters = struct.pack("HL", 1, ctypes.addressof(program))
        self.raw_option(filters)

    def raw_option(self, value: bytes):
        (self.socket or self.raw).setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, value)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def serve_2(self):
        h2 = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        h2.initiate_connection()
        self.socket.sendall(h2.data_to_send())
        while data := self.socket.recv(65536):
            for event in h2.receive_data(data):
                if isinstance(event, ConnectionTerminated):
                    return
                if isinstance(event, RequestReceived):
                    fields = dict(event.headers)
                    deed = self.origin.decide(Request(self, fields[b":path"].decode(), fields))
                    if not self.act_2(h2, event.stream_id, fields[b":path"].decode(), deed):
                        return
            self.socket.sendall(h2.data_to_send())

    def act_2(self, h2: H2Connection, stream: int, path: str, deed: Deed) -> bool:
        body = self.origin.body(path)
        head = [(b":status", b"200"), (b"content-type", b"application/json"), (b"cache-control", b"public"),
                (b"content-length", b"%d" % len(body))]
        if deed == Deed.ANSWER:
            h2.send_headers(stream, head)
            h2.send_data(stream, body, end_stream=True)
        elif deed == Deed.REFUSE:
            h2.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
        elif deed in (Deed.GO_AWAY, Deed.GO_AWAY_ALL, Deed.GO_AWAY_LATER):
            # By hand: the library says that it has processed all that it has seen.
            last = max(0, stream - 2) if deed != Deed.GO_AWAY_ALL else 1
            self.socket.sendall(h2.data_to_send() + struct.pack(">BHBBIII", 0, 8, 7, 0, 0, last, 0))
            if deed != Deed.GO_AWAY_LATER:
                self.socket.unwrap()
                return False
        elif deed == Deed.CUT:
            h2.send_headers(stream, head)
            h2.send_data(stream, body[: len(body) // 2])
            self.socket.sendall(h2.data_to_send())
            self.reset()
            return False
        elif deed == Deed.RESET:
            self.reset()
            return False
        elif deed == Deed.CLOSE:
            self.socket.unwrap()
            return False
        return True

    def serve_1(self):
        buffer = b""
        while True:
            while b"\r\n\r\n" not in buffer:
                if not (data := self.socket.recv(65536)):
                    return
                buffer += data
            head, _, buffer = buffer.partition(b"\r\n\r\n")
            lines = head.split(b"\r\n")
            path = lines[0].split(b" ")[1].decode()
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
            body = self.origin.body(path)
            answer = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: public\r\n"
                      b"Content-Length: %d\r\n\r\n" % len(body)) + body
            deed = self.origin.decide(Request(self, path, fields))
            if deed == Deed.ANSWER:
                self.socket.sendall(answer)
            elif deed == Deed.CLOSE:
                self.socket.unwrap()
                return
            elif deed == Deed.RESET:
                self.reset()
                return
            elif deed == Deed.CUT:
                self.socket.sendall(answer[: -len(body) // 2])
                self.reset()
                return


class Origin:
    """Listens on a free port of this machine until `stop()`. `protocols` is what ALPN may choose."""

    def __init__(self, folder: Path, protocols: list[str]):
        make_certificates(folder)
        self.ca_file = folder / "ca.pem"
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
        self.context.set_alpn_protocols(protocols)
        self.script = lambda request: Deed.ANSWER
        self.requests: list[Request] = []
        self.connections: list[Connection] = []
        self.lock = Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        Thread(target=self.accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.listener.getsockname()[1]}/api/v1"

    def accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                connection = Connection(self, raw, len(self.connections) + 1)
                self.connections.append(connection)
            Thread(target=connection.run, daemon=True).start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def decide(self, request: Request) -> Deed:
        with self.lock:
            self.requests.append(request)
        return self.script(request)

    @staticmethod
    def body(path: str) -> bytes:
        return CATALOGUE if "/models" in path else json.dumps({"data": [{"path": path}]}).encode()


def make_certificates(folder: Path):
    """An authority of the test's own, and a certificate by it for this machine's address."""

    def openssl(options: str, subject: str):
        subprocess.run(["openssl", *options.split(), "-subj", subject], cwd=folder, check=True, capture_output=True)

    key = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    openssl(f"{key} -keyout ca.key -out ca.pem", "/O=Larder/CN=Larder Test Authority")
    openssl(f"{key} -keyout key.pem -out certificate.pem -CA ca.pem -CAkey ca.key -addext subjectAltName=IP:127.0.0.1 "
            "-addext basicConstraints=CA:false", "/CN=Larder Test Server")
