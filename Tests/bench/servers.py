"""The programs that are measured, each started with its settings from this folder, on a core of its own."""

import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "Tests/shared"))

import processes  # noqa: E402
from processes import Failure, filled, find, reserved_port  # noqa: E402

BUILD = ROOT / ".build/bench"
SERVER_CORE, LOAD_CORE = 0, 1
LARDER, FLOOR, NGINX, HAPROXY, VARNISH = "Larder", "bare C", "nginx", "HAProxy", "Varnish"
# The same programs as the next release of Debian has them.
NEWER = {name: f"{name} (13)" for name in (HAPROXY, VARNISH, NGINX)}
PEERS = [HAPROXY, VARNISH, NGINX, *NEWER.values()]
DEBIAN13 = ROOT / ".build/debian13"


def get(port: int, target: str, fields=None, method="GET", body=None) -> tuple[int, dict, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in (fields or {}).items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def need(program: str) -> str:
    found = find(program)
    if not found:
        raise Failure(f"{program} is not installed: scripts/setup --bench")
    return found


def newer(program: str) -> list[str]:
    """The command for a program of Debian 13, with that system's libraries."""
    path = DEBIAN13 / "usr/sbin" / program
    if not path.exists():
        raise Failure(f"{path} does not exist: scripts/debian13")
    libraries = DEBIAN13 / "usr/lib/x86_64-linux-gnu"
    loader = next(iter(sorted(DEBIAN13.glob("usr/lib64/ld-linux-*"))), None)
    if loader is None:
        libraries = next(iter(sorted(DEBIAN13.glob("usr/lib/*-linux-gnu"))))
        loader = next(iter(sorted(DEBIAN13.glob("usr/lib/ld-linux-*"))))
    return [str(loader), "--library-path", f"{libraries}:{libraries}/varnish", str(path)]


def command(program: str, is_newer: bool) -> list[str]:
    return newer(program) if is_newer else [need(program)]


class Process(processes.Process):
    """One program and all its children; what they use is read from /proc."""

    certificate = None  # the file of the one to trust, where it speaks TLS

    def __init__(self, name, command, port, cores=(SERVER_CORE,), environment=None, folder=None):
        self.port = port
        super().__init__(name, ["taskset", "-c", ",".join(map(str, cores)), *command],
                         Path(folder, f"{name.replace(' ', '-')}-{port}.log"), {"HOME": str(folder), **(environment or {})})

    def wait(self, target="/", statuses=(200,), limit=30.0, pause=0.05):
        """Waits until the target is answered with one of these statuses."""
        def is_ready() -> bool:
            try:
                return get(self.port, target)[0] in statuses
            except http.client.HTTPException:
                return False
        return self.wait_until(is_ready, limit, pause)

    def connected(self, limit=30.0):
        """Waits until the port takes connections."""
        def is_ready() -> bool:
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True
        return self.wait_until(is_ready, limit, 0.05)

    @property
    def tree(self) -> list[int]:
        found, left = [], [self.process.pid]
        while left:
            found.append(left.pop())
            for task in Path(f"/proc/{found[-1]}/task").glob("*/children"):
                try:
                    left += [int(word) for word in task.read_text().split()]
                except OSError:
                    pass
        return found

    def cpu(self) -> float:
        """Seconds that all threads of all processes have run."""
        return scheduled(self.tree)[0]

    def waited(self) -> float:
        """Seconds in which they could have run, but others did."""
        return scheduled(self.tree)[1]

    def memory(self) -> dict:
        """Resident and proportional bytes."""
        result = {"rss": 0, "pss": 0}
        for process in self.tree:
            try:
                text = Path(f"/proc/{process}/smaps_rollup").read_text()
            except OSError:
                continue
            for key in result:
                result[key] += int(re.search(rf"(?mi)^{key}: +(\d+)", text)[1]) * 1024
        return result

    def metric(self, pattern: str) -> float:
        page = get(self.port, "/metrics")[2].decode()
        return sum(float(line.split()[-1]) for line in page.splitlines() if re.match(pattern + "[ {]", line))

    def histogram(self, name: str) -> dict:
        """How many values lie at or below each bound but above the one before."""
        page, found, below = get(self.port, "/metrics")[2].decode(), {}, 0
        for bound, count in re.findall(rf'(?m)^{name}_bucket{{le="([^"]+)"}} (\d+)', page):
            found[float(bound)], below = int(count) - below, int(count)
        return found

    def threads(self) -> dict:
        """Seconds that each thread of the process itself has run."""
        return {file.parent.name: int(file.read_text().split()[0]) / 1e9
                for file in Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")}


def scheduled(processes) -> tuple[float, float]:
    """Seconds that the threads of processes have run, and that they waited for a core, from the scheduler, in steps of a nanosecond."""
    run = waited = 0
    for process in processes:
        for file in Path(f"/proc/{process}/task").glob("*/schedstat"):
            try:
                values = file.read_text().split()
            except OSError:
                continue
            run, waited = run + int(values[0]), waited + int(values[1])
    return run / 1e9, waited / 1e9


# MARK: The bare server, as the floor and as the origin

def built(name: str, *flags: str) -> Path:
    """The program of a C file of this folder."""
    BUILD.mkdir(parents=True, exist_ok=True)
    program = BUILD / name
    done = subprocess.run(
        ["cc", "-O2", "-Wall", "-Wextra", "-o", program, HERE / f"{name}.c", *flags], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{name}.c: {done.stderr}")
    return program


def build_server() -> Path:
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libuv", "libllhttp"], capture_output=True, text=True)
    if flags.returncode != 0:
        raise Failure(f"pkg-config: {flags.stderr.strip()}")
    return built("server", *flags.stdout.split())


def write_routes(folder: Path, name: str, routes: list) -> Path:
    """`routes` are tuples: target, coding, type, body."""
    lines = []
    for number, (target, coding, kind, body) in enumerate(routes):
        file = folder / f"{name}-{number}.body"
        file.write_bytes(body)
        lines.append(f"{target} {coding} {kind} {file}\n")
    path = folder / f"{name}.routes"
    path.write_text("".join(lines))
    return path


def floor(program, routes, folder):
    port = reserved_port()
    return Process(FLOOR, [program, port, routes], port, folder=folder).wait(statuses=(404,))


def origin(program, routes, folder):
    port = reserved_port()
    return Process("origin", [program, port, routes, "origin"], port, cores=(LOAD_CORE,), folder=folder).wait("/_asked")


def asked(of) -> int:
    return int(get(of.port, "/_asked")[2])


# MARK: Larder and its peers

def terminator(origin, folder):
    """An nginx that speaks TLS before the origin, on the load's core."""
    place = Path(folder, "tls")
    place.mkdir()
    key, certificate = place / "key.pem", place / "certificate.pem"
    subprocess.run(
        [need("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    running = nginx(origin, folder, caches=False, key=(key, certificate), core=LOAD_CORE)
    running.certificate = certificate
    return running


def larder(binary, upstream, folder, cores=(SERVER_CORE,), workers=1, wait=True, port=None, **settings):
    port = port or reserved_port()
    scheme = "https" if upstream.certificate else "http"
    variables = {
        "LARDER_LISTEN": f"127.0.0.1:{port}", "LARDER_WORKERS": str(workers), "LARDER_STATE_ENABLED": "false",
        "LARDER_UPSTREAM_URL": f"{scheme}://127.0.0.1:{upstream.port}/api/v1", "LARDER_LOG_ACCESS": "false",
        "LARDER_UPSTREAM_CA_FILE": str(upstream.certificate or ""), "LARDER_TTL_CATALOG": "1d", **settings}
    process = Process(LARDER, [binary, "serve"], port, cores, variables, folder)
    return process.wait("/readyz") if wait else process


def nginx(upstream, folder, caches=True, key=None, core=SERVER_CORE, is_newer=False):
    port = reserved_port()
    place = Path(folder, f"nginx-{port}")
    place.mkdir()
    path = f"proxy_cache_path {place}/cache levels=1 keys_zone=all:10m max_size=64m inactive=1d;"
    text = filled(
        (HERE / "nginx.conf").read_text().split("\n", 1)[1], folder=place, port=port, origin=upstream.port,
        scheme="https" if upstream.certificate else "http", ssl=" ssl" if key else "",
        key=f"ssl_certificate_key {key[0]}; ssl_certificate {key[1]};" if key else "",
        cache_path=path if caches else "",
        cache=("proxy_cache all; proxy_cache_valid 200 1d; proxy_ignore_headers Vary; "
               "proxy_cache_key $request_uri$http_accept_encoding;"
               if caches else "proxy_buffering off; proxy_request_buffering off;"))
    file = place / "nginx.conf"
    file.write_text(text)
    process = Process(NGINX, [*command("nginx", is_newer), "-p", place, "-c", file], port, cores=(core,), folder=folder)
    return process.connected() if key else process.wait(statuses=(200, 404))


def haproxy(upstream, folder, caches=True, is_newer=False):
    port = reserved_port()
    text = filled(
        (HERE / "haproxy.cfg").read_text().split("\n", 1)[1], port=port, origin=upstream.port,
        tls=f"ssl ca-file {upstream.certificate}" if upstream.certificate else "",
        section=("cache all\n    total-max-size 64\n    max-object-size 4194304\n    max-age 86400\n    process-vary on\n"
                 if caches else ""),
        # Without it, a stream's events wait for each other.
        cache="http-request cache-use all\n    http-response cache-store all" if caches else "option http-no-delay")
    file = Path(folder, f"haproxy-{port}.cfg")
    file.write_text(text)
    return Process(HAPROXY, [*command("haproxy", is_newer), "-db", "-f", file], port, folder=folder).wait(statuses=(200, 404))


def varnish(upstream, folder, is_newer=False):
    port, place = reserved_port(), Path(folder, "varnish (13)" if is_newer else "varnish")
    file = Path(folder, "varnish.vcl")
    file.write_text(filled((HERE / "varnish.vcl").read_text(), origin=upstream.port))
    # Bodies are stored in the coding in which they came: else it keeps gzip alone and unpacks for clients that accept none.
    return Process(
        VARNISH,
        [*command("varnishd", is_newer), "-F", "-n", place, "-j", "none", "-a", f"127.0.0.1:{port}", "-T", "none", "-f", file,
         "-s", "malloc,128m", "-t", "86400", "-p", "thread_pools=1", "-p", "thread_pool_min=20",
         "-p", "thread_pool_max=1100", "-p", "listen_depth=1024", "-p", "http_gzip_support=off", "-p", "timeout_idle=75"],
        port, folder=folder).wait(statuses=(200, 404))


PEER_STARTERS = {NGINX: nginx, HAPROXY: haproxy, VARNISH: varnish}
PEER_STARTERS |= {NEWER[name]: partial(start, is_newer=True) for name, start in PEER_STARTERS.items()}


# MARK: The load

def wrk(server, target, connections, seconds, fields=(), body=None, cores=(LOAD_CORE,)) -> dict:
    """One measurement of one server by wrk, with a thread for each of the cores: its figures, and the CPU time that the server's threads used meanwhile.

    A round in which nothing at all was answered is longer the next time: so much can be at one time on a busy machine.
    """
    for factor in (1, 2, 4):
        result = once(server, target, connections, seconds * factor, fields, body, cores)
        if result:
            return result
    raise Failure(f"{server.name}, {target}, {connections} connections: nothing was answered in {seconds * 4} s")


def ended() -> float:
    """Seconds of CPU that the children of this process used that have ended: the loads."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def once(server, target, connections, seconds, fields, body, cores) -> dict | None:
    # wrk knows whole seconds only; a part of one is left to a signal, upon which it tells what it has.
    wanted = ["taskset", "-c", ",".join(map(str, cores)), need("wrk"), f"-t{len(cores)}", f"-c{connections}", "-d600s", "--timeout",
               "10s", "-s", str(HERE / "load.lua")]
    for field in fields:
        wanted += ["-H", field]
    environment = {"PATH": os.environ["PATH"], **({"BENCH_BODY": str(body)} if body else {})}
    before, ours, waited = server.cpu(), ended(), server.waited()
    process = subprocess.Popen(
        wanted + [f"http://127.0.0.1:{server.port}{target}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=environment)
    time.sleep(seconds)
    waited = server.waited() - waited + scheduled([process.pid])[1]
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[0]
    cpu, ours = server.cpu() - before, ended() - ours
    found = re.search(r"(?m)^BENCH (.*)$", said)
    if not found and process.returncode == -signal.SIGINT:
        return None  # it was not yet ready for the signal
    if not found:
        raise Failure(f"wrk on {server.name}: {said}")
    result = json.loads(found[1])
    if not result["requests"] and not result["failed"]:
        return None
    if result["failed"]:
        raise Failure(f"{server.name}, {target}, {connections} connections: {result['failed']} of "
                      f"{result['requests']} failed\n{said}")
    return {
        "rate": result["requests"] / (result["microseconds"] / 1e6), "requests": result["requests"],
        "cpu": cpu * 1e6 / result["requests"], "both": (cpu + ours) * 1e6 / result["requests"], "busy": cpu / (result["microseconds"] / 1e6),
        "waited": waited * 1e3 / seconds, "p50": result["p50"], "p99": result["p99"], "p999": result["p999"]}
