"""What is passed through: Larder beside nginx and HAProxy as plain proxies, to an origin without TLS and to one with it."""

import http.client
import json
import os
import time

import servers
from hits import costs, note
from servers import HAPROXY, LARDER, NEWER, NGINX, Failure

TARGET = "/api/v1/chat/completions"
CONNECTIONS = [1, 32]
REQUEST = json.dumps({
    "model": "openai/gpt-4o", "messages": [{"role": "user", "content": "a question of some words " * 56}]})
ANSWER = json.dumps({"id": "gen-1", "object": "chat.completion", "choices": [
    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "an answer of some words " * 44}}]})
DIRECT, TLS = "direct", "TLS"
PEERS = [HAPROXY, NGINX, NEWER[HAPROXY], NEWER[NGINX]]
INTERVAL = 4  # milliseconds between two events


def opened(options, catalogue, folder, scheme="http", with_newer=False):
    """The origin, and the proxies before it; with those of the newer release, if they are wanted and take part. TLS is what an nginx before the origin speaks, on the load's core."""
    program = servers.build_server()
    routes = servers.write_routes(folder, "passed", [
        (TARGET, "identity", "application/json", ANSWER.encode()),
        ("/api/v1/models?output_modalities=all", "identity", "application/json", catalogue)])
    origin = servers.origin(program, routes, folder)
    running = {DIRECT: origin}
    try:
        upstream = origin
        if scheme == "https":
            upstream = running[TLS] = servers.terminator(origin, folder)
        running[LARDER] = servers.larder(options.larder, upstream, folder)
        for name, start in ((HAPROXY, servers.haproxy), (NGINX, servers.nginx)):
            running[name] = start(upstream, folder, caches=False)
            if with_newer and NEWER[name] in options.servers:
                running[NEWER[name]] = start(upstream, folder, caches=False, is_newer=True)
    except BaseException:
        closed(running)
        raise
    return running


def closed(running):
    for process in reversed(list(running.values())):
        process.end()


def run(options, rows, catalogue, folder) -> dict:
    """`values[scheme][connections][server]` is a list with what each round showed."""
    body = folder / "request.json"
    body.write_text(REQUEST)
    values = {scheme: measured(scheme, options, catalogue, folder, body) for scheme in ("http", "https")}
    return {"request": len(REQUEST), "answer": len(ANSWER), "values": values}


def measured(scheme, options, catalogue, folder, body) -> dict:
    running, values = opened(options, catalogue, folder, scheme, with_newer=True), {}
    proxies = [name for name in [LARDER, *PEERS] if name in running]
    try:
        for name in proxies:
            status, _, said = servers.get(
                running[name].port, TARGET, {"Content-Type": "application/json"}, "POST", REQUEST.encode())
            if status != 200 or said != ANSWER.encode():
                raise Failure(f"{name} does not pass through: {status} {said[:200]}")
        for connections in CONNECTIONS:
            kept = values.setdefault(connections, {name: [] for name in proxies})
            for turn in range(options.rounds):
                shift = turn % len(proxies)
                for name in proxies[shift:] + proxies[:shift]:
                    before = servers.asked(running[DIRECT])
                    one = servers.wrk(running[name], TARGET, connections, options.seconds, body=body)
                    if servers.asked(running[DIRECT]) - before < one["requests"]:
                        raise Failure(f"{name} has answered by itself")
                    kept[name].append(one | running[name].memory())
            note(f"passed through to {scheme}, {connections}: us of CPU per request: {costs(kept)}")
    finally:
        closed(running)
    return values


# MARK: Events

def delays(port, number) -> list[float]:
    """Microseconds from an event's being sent to its being read, for so many of them."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", f"/api/v1/events?{INTERVAL}", headers={"Accept": "text/event-stream"})
    answer, found = connection.getresponse(), []
    if answer.status != 200:
        raise Failure(f"the stream of events: {answer.status}")
    while len(found) < number:
        line = answer.readline()
        now = time.monotonic_ns()
        if not line:
            raise Failure("the stream of events ended")
        if line.startswith(b"data: "):
            found.append((now - int(line[6:])) / 1e3)
    connection.close()
    return found[5:]


def events(options, rows, catalogue, folder) -> dict:
    """Each round's delays, directly and through each."""
    running = opened(options, catalogue, folder)
    allowed = os.sched_getaffinity(0)
    values = {name: [] for name in running}
    number = 5 + int(max(1.0, options.seconds) * 1000 / INTERVAL)
    try:
        os.sched_setaffinity(0, {servers.LOAD_CORE})
        for turn in range(options.rounds):
            for name, server in running.items():
                some = sorted(delays(server.port, number))
                values[name].append({"p50": some[len(some) // 2], "p99": some[int(len(some) * 0.99)]})
    finally:
        os.sched_setaffinity(0, allowed)
        closed(running)
    return {"interval": INTERVAL, "number": number - 5, "values": values}
