"""Three Larders that share copies through one engine, beside three that share nothing."""

import gzip
import http.server
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time

import catalogue
import servers
from hits import LIST, note
from servers import LOAD_CORE, Failure

REPLICAS, TTL = 3, 2.0  # seconds
FAULTS = ["stopped", "killed", "full", "read-only", "with another password", "lying"]
# The kinds of keys that an answer could need: copies, bodies, leases.
FOR_ANSWERS = (":c:", ":b:", ":l:")


class Origin:
    """An upstream that counts requests, and whose first model is renamed by `change`."""

    certificate = None

    def __init__(self, rows):
        self.rows, self.asked, self.version = rows, 0, 0
        self.lock = threading.Lock()
        self.change()
        origin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_GET(self):
                with origin.lock:
                    origin.asked += 1
                    body = origin.body
                if "/model/" in self.path:
                    name = self.path.split("/model/")[1]
                    body = gzip.compress(json.dumps({"data": {"id": name, "created": 7}}).encode(), 1)
                self.send_response(200)
                for field, value in {"Content-Type": "application/json", "Content-Encoding": "gzip",
                                     "Content-Length": str(len(body))}.items():
                    self.send_header(field, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def change(self) -> str:
        """The new name of the first model."""
        name = f"Version {self.version + 1}"
        body = gzip.compress(catalogue.body([self.rows[0] | {"name": name}, *self.rows[1:]]), 1)
        with self.lock:
            self.version, self.body = self.version + 1, body
        return name

    def end(self):
        self.server.shutdown()
        self.server.server_close()


class Engine:
    """A redis-server on the load's core."""

    def __init__(self, folder):
        self.folder, self.port = folder, servers.reserved_port()
        self.start()

    def start(self):
        self.process = servers.Process("engine", [
            servers.need("redis-server"), "--port", self.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--dir", self.folder], self.port, cores=(LOAD_CORE,), folder=self.folder).connected()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def command(self, *commands: str):
        """Sends commands on one connection; each is answered in one line."""
        with self.connect() as connection, connection.makefile("rb") as reader:
            for words in commands:
                connection.sendall(words.encode() + b"\r\n")
                answer = reader.readline()
                if answer[:1] not in b"+:":
                    raise Failure(f"the engine refuses {words}: {answer.decode(errors='replace')}")

    def lie(self):
        """Overwrites every value, again and again."""
        with self.connect() as connection, connection.makefile("rb") as reader:
            while not self.is_honest.wait(0.02):
                connection.sendall(b"KEYS *\r\n")
                count = int(reader.readline()[1:])
                for key in [reader.read(int(reader.readline()[1:]) + 2).strip() for _ in range(count)]:
                    connection.sendall(b"SET " + key + b" nonsense PX 60000\r\n")
                    reader.readline()

    def begin(self, fault):
        match fault:
            case "stopped": self.process.process.send_signal(signal.SIGSTOP)
            case "killed":
                self.process.process.kill()
                self.process.process.wait()
            case "full": self.command("CONFIG SET maxmemory 1")
            case "read-only": self.command("REPLICAOF 127.0.0.1 1")
            case "with another password":
                self.command("CONFIG SET requirepass other", "CLIENT KILL TYPE normal", "CLIENT KILL TYPE pubsub")
            case "lying":
                self.is_honest = threading.Event()
                self.liar = threading.Thread(target=self.lie, daemon=True)
                self.liar.start()

    def finish(self, fault):
        match fault:
            case "stopped": self.process.process.send_signal(signal.SIGCONT)
            case "killed": self.start()
            case "full": self.command("CONFIG SET maxmemory 0")
            case "read-only": self.command("REPLICAOF NO ONE")
            case "with another password": self.command("AUTH other", 'CONFIG SET requirepass ""')
            case "lying":
                self.is_honest.set()
                self.liar.join()

    def end(self):
        if self.process.is_alive:
            self.process.process.kill()
            self.process.process.wait()


class Watch:
    """The engine's commands, as MONITOR shows them."""

    def __init__(self, engine):
        self.lines, self.connection = [], engine.connect()
        self.connection.sendall(b"MONITOR\r\n")
        self.reader = self.connection.makefile("rb")
        if self.reader.readline() != b"+OK\r\n":
            raise Failure("the engine has no MONITOR")
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        try:
            while line := self.reader.readline():
                self.lines.append(line.decode(errors="replace"))
        except OSError:
            pass

    def end(self) -> list[str]:
        self.connection.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.reader.close()
        self.connection.close()
        return self.lines


class Group:
    """Replicas before an origin of their own, with an engine or without."""

    def __init__(self, options, rows, folder, count=REPLICAS, is_fleet=True, **settings):
        self.origin, self.engine, self.replicas = Origin(rows), None, []
        try:
            if is_fleet:
                self.engine = Engine(folder)
                secret = folder / "secret"
                secret.write_text(os.urandom(32).hex())
                settings |= {"LARDER_FLEET_URL": f"redis://127.0.0.1:{self.engine.port}", "LARDER_FLEET_SECRET_FILE": str(secret)}
            for _ in range(count):
                self.replicas.append(servers.larder(options.larder, self.origin, folder, **settings))
            self.model = rows[0]["id"]
            for replica in self.replicas:
                self.name(replica)
                if is_fleet:
                    replica.wait_until(lambda replica=replica: self.state(replica)["state"] == "up")
            if is_fleet:
                # Each has heard of the others once a purge is confirmed by all.
                self.until(lambda: self.purge(0) == count, "a purge that all confirm")
        except BaseException:
            self.end()
            raise

    def name(self, replica) -> str:
        status, _, body = servers.get(replica.port, f"/api/v1/model/{self.model}")
        if status != 200:
            raise Failure(f"the first model: {status} {body[:200]}")
        return json.loads(body)["data"]["name"]

    def state(self, replica) -> dict:
        return json.loads(servers.get(replica.port, "/_larder/status")[2])["fleet"]

    def purge(self, index) -> int:
        """On how many replicas the purge is confirmed."""
        body = servers.get(self.replicas[index].port, "/_larder/purge?catalog=1", method="POST")[2]
        return json.loads(body)["replicas"]["confirmed"]

    def until(self, holds, what, limit=60.0, pause=0.005):
        deadline = time.monotonic() + limit
        while not holds():
            if time.monotonic() > deadline:
                raise Failure(f"{what} is not seen within {limit:.0f} s")
            time.sleep(pause)

    def end(self):
        for replica in self.replicas:
            replica.end()
        if self.engine:
            self.engine.end()
        self.origin.end()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


# MARK: What is measured

def hits(options, rows, folder) -> dict:
    """One replica with a fleet and one without, by turns."""
    result, target = {"alone": [], "fleet": []}, LIST + "/count"
    with Group(options, rows, folder, 1, is_fleet=False) as alone, Group(options, rows, folder, 1) as fleet:
        groups = {"alone": alone.replicas[0], "fleet": fleet.replicas[0]}
        for server in groups.values():
            servers.wrk(server, target, 32, 0.3)  # the first requests are not counted
        for turn in range(options.rounds):
            for name in list(groups)[::1 if turn % 2 else -1]:
                asked = alone.origin.asked, fleet.origin.asked
                result[name].append(servers.wrk(groups[name], target, 32, options.seconds))
                if (alone.origin.asked, fleet.origin.asked) != asked:
                    raise Failure("not all answers were hits")
        watch, began, requests = Watch(fleet.engine), time.monotonic(), 0
        while requests < 100_000:
            requests += servers.wrk(groups["fleet"], target, 32, 1)["requests"]
        seconds, busy = time.monotonic() - began, watch.end()
        watch = Watch(fleet.engine)
        time.sleep(seconds)
        idle = watch.end()
    result["commands"] = {
        "requests": requests, "seconds": seconds, "busy": len(busy), "idle": len(idle),
        "for answers": sum(any(kind in line for kind in FOR_ANSWERS) for line in busy)}
    return result


def fetches(options, rows, folder) -> dict:
    """What upstream is asked while every replica is asked all the time, by both groups at once."""
    lifetimes, result = 3 if options.quick else 10, {}
    ttl = {"LARDER_TTL_CATALOG": f"{TTL:.0f}s"}
    with Group(options, rows, folder, is_fleet=False, **ttl) as alone, Group(options, rows, folder, **ttl) as fleet:
        groups = {"alone": alone, "fleet": fleet}
        before, began = {name: group.origin.asked for name, group in groups.items()}, time.monotonic()
        while time.monotonic() < began + lifetimes * TTL:
            for group in groups.values():
                for replica in group.replicas:
                    group.name(replica)
            time.sleep(0.02)
        took = time.monotonic() - began
        for name, group in groups.items():
            result[name] = {"fetches": group.origin.asked - before[name], "changes": changes(options, group)}
        result |= {"lifetimes": took / TTL, "purges": purges(options, fleet)}
    return result


def changes(options, group) -> list:
    """Milliseconds from a change at upstream until the first replica has it, and until all have it."""
    found, chance = [], random.Random(1)
    for _ in range(2 if options.quick else 6):
        pause = time.monotonic() + chance.uniform(0, TTL)
        while time.monotonic() < pause:
            for replica in group.replicas:
                group.name(replica)
            time.sleep(0.02)
        wanted, began, first = group.origin.change(), time.monotonic(), None
        while True:
            count = [group.name(replica) for replica in group.replicas].count(wanted)
            first = first or (time.monotonic() if count else None)
            if count == len(group.replicas):
                break
            time.sleep(0.002)
        now = time.monotonic()
        found.append([(first - began) * 1e3, (now - began) * 1e3])
    return found


def purges(options, group) -> dict:
    """Milliseconds from a purge to its confirmation by all, and how many did not get that in time."""
    found = {"confirmed": [], "others": 0}
    for turn in range(10 if options.quick else 50):
        for replica in group.replicas:
            group.name(replica)
        began = time.monotonic()
        confirmed = group.purge(turn % len(group.replicas))
        if confirmed == len(group.replicas):
            found["confirmed"].append((time.monotonic() - began) * 1e3)
        else:
            found["others"] += 1
    return found


def faults(options, rows, folder) -> dict:
    """The longest wait of a client for something that must be fetched, and the time until the engine is in use again."""
    result, numbers = {}, itertools.count()
    with Group(options, rows, folder) as group:
        for fault in FAULTS:
            logged = [replica.output.count("fleet: ") for replica in group.replicas]
            group.engine.begin(fault)
            waits, failed, until = [], [], time.monotonic() + (1 if options.quick else 3)

            def ask(replica):
                while time.monotonic() < until:
                    began = time.monotonic()
                    status = servers.get(replica.port, f"/api/v1/model/some/model-{next(numbers)}:nitro")[0]
                    waits.append((time.monotonic() - began) * 1e3)
                    if status != 200:
                        failed.append(status)
                    time.sleep(0.01)

            threads = [threading.Thread(target=ask, args=(replica,)) for replica in group.replicas]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            group.engine.finish(fault)
            began = time.monotonic()
            group.until(lambda: all(group.state(replica)["state"] == "up" for replica in group.replicas), "the engine in use")
            recovery = time.monotonic() - began
            lines = [replica.output.count("fleet: ") - before for replica, before in zip(group.replicas, logged)]
            if failed:
                raise Failure(f"with the engine {fault}, clients got {failed}")
            result[fault] = {"requests": len(waits), "waits": waits, "recovery": recovery, "lines": max(lines)}
            note(f"the engine {fault}: longest wait {max(waits):.0f} ms, in use again after {recovery:.1f} s")
    return result


def run(options, rows, body, folder) -> dict:
    told = subprocess.run([servers.need("redis-server"), "--version"], capture_output=True, text=True).stdout
    result = {"engine": " ".join(told.split()[:3])}
    for name, part in {"hits": hits, "fetches": fetches, "faults": faults}.items():
        note(f"fleet: {name}")
        place = folder / name
        place.mkdir()
        result[name] = part(options, rows, place)
    return result
