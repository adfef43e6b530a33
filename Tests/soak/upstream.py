"""An upstream whose answers can be distinguished, and that fails in every way there is.

Every answer bears the number of its fetch (`g`) and the moment at which it was made (`at`, of the system's monotonic
clock, which all processes of this machine share). Faults come and go by themselves, one kind at a time.
"""

import asyncio
import collections
import dataclasses
import json
import random
import socket
import time

FAULTS = ["refused", "hang", "cut", "garbage", "500", "503", "429", "drip", "wrong-type", "empty"]
# How long an answer may take to come in drips, in seconds.
LONGEST_DRIP = 0.8
REVOKED = "key-0"
# These say nothing of the key: everyone waits.
CONNECTION_FAULTS = ["hang"]
# The state of a TCP connection that neither end has closed (tcp(7), `TCP_INFO`).
ESTABLISHED = 1


@dataclasses.dataclass
class Record:
    """The last answers about one thing, in seconds of the monotonic clock."""
    # When it was last answered well.
    answered: float = -9
    # When each key got a failure since then.
    failed: dict[str, float] = dataclasses.field(default_factory=dict)
    # When everyone was.
    paused: float = -9


def row(identity, fields):
    return {"id": identity, "name": identity, "created": 1_700_000_000, "context_length": 8192,
            "architecture": {"output_modalities": ["text"], "input_modalities": ["text"], "tokenizer": "Other"},
            "pricing": {"prompt": "0.000001", "completion": "0.000002"}, "supported_parameters": ["tools"], **fields}


class Upstream:
    def __init__(self, port, faulty, seed):
        self.port = port
        self.faulty = faulty
        self.random = random.Random(seed)
        self.fault = None
        self.strength = 0.0
        self.isRevoked = False
        self.number = 0
        self.asked = collections.Counter()
        self.faults = collections.Counter()
        # The last answers: of each thing that all keys share, and of each key's own.
        self.last = {}
        self.early = []
        self.connections = set()
        self.server = None

    # MARK: Faults

    async def listen(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, reuse_address=True)
        self.port = self.server.sockets[0].getsockname()[1]

    async def misbehave(self):
        while True:
            await asyncio.sleep(self.random.uniform(1.0, 4.0))
            self.isRevoked = self.random.random() < 0.4
            self.fault = self.random.choice(FAULTS)
            self.strength = self.random.choice([0.3, 1.0])
            self.faults[self.fault] += 1
            refuses = self.fault == "refused"
            if refuses:
                self.server.close()
                for writer in list(self.connections):
                    writer.transport.abort()
            await asyncio.sleep(self.random.uniform(0.3, 3.0))
            self.fault = None
            if refuses:
                await self.listen()

    # MARK: Serving

    async def serve(self, reader, writer):
        self.connections.add(writer)
        try:
            while await self.exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self.connections.discard(writer)
            writer.close()

    async def exchange(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        key = fields.get("authorization", "").removeprefix("Bearer ")
        body = await self.read_body(reader, fields)
        if target == "/_soak":
            report = {"asked": self.asked, "faults": self.faults, "early": self.early, "fetches": self.number}
            await self.send(writer, 200, json.dumps(report).encode())
            return True
        path = target.partition("?")[0].removeprefix("/api/v1")
        kind = path if path in ("/models", "/models/user", "/models/count", "/providers") else path.split("/")[1]
        self.asked[kind] += 1
        fault = self.fault if self.faulty and self.random.random() < self.strength else None
        if fault == "empty" and path != "/models":
            fault = None
        if self.is_given_up(writer):
            # It came too late: Larder has noted a failure and asks again.
            return False
        if method == "GET":
            self.note(target, key, fault, path in ("/models/user", "/model/no/body"))
        if fault and fault not in ("refused", "drip"):
            return await self.fail(fault, writer, target)
        if method == "POST":
            return await self.stream(writer, body)
        self.number += 1
        status, reply, more = self.reply(path, target.partition("?")[2], key)
        await self.send(writer, status, reply, more, drips=fault == "drip")
        return True

    async def read_body(self, reader, fields):
        if fields.get("transfer-encoding", "").lower() == "chunked":
            whole = b""
            while size := int(await reader.readuntil(b"\r\n"), 16):
                whole += (await reader.readexactly(size + 2))[:-2]
            await reader.readuntil(b"\r\n")
            return whole
        return await reader.readexactly(int(fields.get("content-length", 0)))

    def is_given_up(self, writer):
        """Whether the connection is closed. The kernel knows that before the event loop does."""
        if writer.is_closing():
            return True
        return writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != ESTABLISHED

    def note(self, target, key, fault, is_personal):
        """Nothing may be asked for again before its time to live is over, or before the pause after a failure is.

        A failing status pauses the key that got it. What all keys share is paused for everyone once a second key got one
        too; a connection that fails pauses everyone at once.
        """
        now = time.monotonic()
        # A key that was refused has lost what was kept for it.
        is_forced = "forced" in target or "no/body" in target and key == REVOKED
        if len(self.last) > 50_000:
            self.last.clear()
        record = self.last.setdefault((target, key if is_personal else None), Record())
        # A lifetime is shortened by a tenth at most; the first pause after a failure is half a second at least.
        too_early = now - record.answered < 0.85 or now - record.failed.get(key, -9) < 0.45 or now - record.paused < 0.45
        if too_early and not is_forced:
            last = max(record.answered, record.paused, *record.failed.values(), -9)
            self.early.append([target, key, round(now - last, 3), dict.fromkeys(record.failed, "failed"), fault])
        if fault in (None, "drip"):
            self.last[target, key if is_personal else None] = Record(answered=now)
        elif fault != "429":
            # 429 slows the key that it was given, and no other one.
            record.failed = {name: at for name, at in record.failed.items() if now - at < 1}
            if fault in CONNECTION_FAULTS or record.failed.keys() - {key}:
                record.paused = now
            record.failed[key] = now

    def reply(self, path, query, key):
        marks = {"g": self.number, "at": time.monotonic()}
        shared = {"Cache-Control": "public, max-age=120"}
        if path == "/models/user":
            if not key or key.startswith("bad") or key == REVOKED and self.isRevoked:
                return 401, b'{"error":{"code":401,"message":"No such key"}}', {}
            rows = [row(f"own/{key}-{i}", {**marks, "key": key}) for i in range(5 + self.number % 3)]
            return 200, json.dumps({"data": rows}).encode(), {"Cache-Control": "private"}
        if path == "/models" and "use_rss" not in query:
            # A number of rows that shows the fetch, so that a count can be compared with a list.
            if "output_modalities=all" in query and query.count("=") == 1:
                rows = [row(f"a/m{i}", marks) for i in range(40 + self.number % 17)]
            else:
                rows = [row(f"a/m{i}", marks) for i in range(0, 40, 3)]
            return 200, json.dumps({"data": rows}).encode(), shared
        if path.startswith("/model/"):
            if ":" not in path:
                return 404, b'{"error":{"code":404,"message":"No such model"}}', {}
            return 200, json.dumps({"data": row(path.removeprefix("/model/"), marks)}).encode(), shared
        filler = "z" * (200 + self.number % 400)
        return 200, json.dumps({"data": [{**marks, "filler": filler}]}).encode(), shared

    async def fail(self, fault, writer, target):
        error = b'{"error":{"code":500,"message":"broken"}}'
        if fault == "hang":
            await asyncio.sleep(30)
            return False
        if fault in ("500", "503", "429"):
            await self.send(writer, int(fault), error, {} if fault == "500" else {"Retry-After": "1"})
            return True
        if fault == "cut":
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"data":[')
            await writer.drain()
            return False
        if fault == "garbage":
            writer.write(b"\x16\x03\x01 this is no HTTP \r\n\r\n\0\0\0")
            await writer.drain()
            return False
        if fault == "wrong-type":
            # A body that is kept as it comes may be of any type, if it is not said to be JSON.
            isOpaque = "/models" not in target or "use_rss" in target
            kind = "application/json" if isOpaque else "text/html"
            await self.send(writer, 200, b"<html>Service is busy</html>", {"Content-Type": kind})
            return True
        await self.send(writer, 200, b'{"data":[]}', {"Cache-Control": "public"})
        return True

    async def send(self, writer, status, body, more=None, drips=False):
        fields = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(more or {})}
        head = f"HTTP/1.1 {status} Status\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(head.encode() + b"\r\n")
        if drips:
            for part in range(8):
                writer.write(body[len(body) * part // 8:len(body) * (part + 1) // 8])
                await writer.drain()
                await asyncio.sleep(LONGEST_DRIP / 10)
        else:
            writer.write(body)
        await writer.drain()

    async def stream(self, writer, body):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for part in range(4):
            event = f"data: {{\"part\":{part},\"received\":{len(body)}}}\n\n".encode()
            writer.write(b"%x\r\n%s\r\n" % (len(event), event))
            await writer.drain()
            await asyncio.sleep(0.005)
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


async def run(upstream, ready):
    await upstream.listen()
    ready.put(upstream.port)
    if upstream.faulty:
        await upstream.misbehave()
    await asyncio.Event().wait()


def main(ready, faulty, seed):
    """Serves until it is killed; the port goes to the queue."""
    asyncio.run(run(Upstream(0, faulty, seed), ready))
