"""Runs cases against one server and says of each whether it passed, failed or does not apply."""

import contextlib
import itertools
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from model import Answered, Case, Expect, Pause, Quiet, Reply, Response, Result, Step
from origin import Origin
from wire import Client

PASSED, FAILED, NOT_APPLICABLE = "passed", "failed", "not applicable"
MALFORMED = ("malformed bytes were passed on", "the response is malformed")
STORES = 0.1  # seconds after a response, in which a server stores it: nothing on the wire shows when it has
SETTLES = 0.25  # seconds after the last response, in which another one or the end of the connection is seen
numbers = itertools.count(1)


@dataclass(frozen=True)
class Verdict:
    case: Case
    state: str
    why: str = ""  # what was wrong, or why it does not apply
    details: str = ""  # what was sent and received

    @property
    def level(self) -> str:
        """That of the case; "must" where malformed bytes were sent, which nobody may (RFC 9110 section 2.2)."""
        return "must" if self.why.startswith(MALFORMED) else self.case.level


class Bench:
    """A server that runs, with its origin."""

    def __init__(self, port: int, origin: Origin):
        self.port, self.origin = port, origin
        self.host = f"127.0.0.1:{port}".encode()

    def tag(self, case: Case) -> bytes:
        return f"c-{case.id}-{next(numbers)}-z".encode()

    def filled(self, data: bytes, tag: bytes) -> bytes:
        data = (data.replace(b"@T", b"/api/v1/conform/" + tag).replace(b"@C", b"/api/v1/providers?case=" + tag)
                .replace(b"@H", self.host))
        return data.replace(b"@L", b"%d" % len(data.partition(b"\r\n\r\n")[2]))


def seen(origin: Origin, tag: bytes):
    """What the origin has got, when what is still on its way has had time to come."""
    got = origin.seen(tag)
    until = time.monotonic() + 0.3
    while time.monotonic() < until and (not got or not all(one.complete or one.defects for one in got)):
        time.sleep(0.02)
        got = origin.seen(tag)
    return got


# MARK: What is sent as bytes

def exchange(case: Case, bench: Bench, patience: float = 1.0) -> Result:
    tag = bench.tag(case)
    replies = case.reply if isinstance(case.reply, tuple) else (case.reply,)
    if replies:
        bench.origin.script(tag, *replies)
    parts = case.send if isinstance(case.send, tuple) else (case.send,)
    result = Result()
    first = next(part for part in parts if isinstance(part, bytes)).lstrip(b"\r\n")
    methods = case.methods or (first.split(b" ")[0],)
    client = Client(bench.port)
    try:
        for part in parts:
            match part:
                case bytes():
                    client.send(bench.filled(part, tag))
                case Quiet(seconds):
                    with contextlib.suppress(TimeoutError):
                        result.early |= client.reader.fill(time.monotonic() + seconds)
                case Answered(seconds):
                    try:
                        if not client.reader.buffer:
                            client.reader.fill(time.monotonic() + case.limit * patience)
                    except TimeoutError:
                        result.late = True
                    time.sleep(seconds)
                case Pause(seconds):
                    time.sleep(seconds)
        deadline = time.monotonic() + case.limit * patience
        # One response more than is expected, for a server that finds another request in what was sent.
        for method in (*methods, b"GET"):
            if len(result.responses) == len(methods):
                deadline = time.monotonic() + SETTLES * patience
            try:
                while True:
                    one = client.response(method, deadline)
                    if one is None or one.status >= 200 or one.status in (0, 101):
                        break
                    result.interim.append(one)
            except TimeoutError:
                result.waited = len(result.responses) < len(methods)
                break
            if one is None:
                break
            result.responses.append(one)
        wanted = case.allow if isinstance(case.allow, tuple) else (case.allow,)
        if any(outcome.closes for outcome in wanted) and not result.waited:
            client.closes(1.5 * patience)
        result.closed, result.reset = client.reader.ended, client.reader.reset
    finally:
        client.close()
    result.got = seen(bench.origin, tag)
    return result


def judge(case: Case, result: Result) -> str | None:
    """Why the result is not what the case allows, or None."""
    for one in result.got:
        if one.defects and one.complete:
            return f"malformed bytes were passed on: {'; '.join(one.defects)}"
    for one in result.responses + result.interim:
        if one.defects and not case.ill:
            return f"the response is malformed: {'; '.join(one.defects)}"
    if result.early:
        return "there was a response before the request was complete"
    if result.late:
        return "there was no response before the rest was sent"
    faults = [outcome.fault(result) for outcome in (case.allow if isinstance(case.allow, tuple) else (case.allow,))]
    return None if None in faults else "; or ".join(dict.fromkeys(faults))


# MARK: Steps

def ask(step: Step, bench: Bench, tag: bytes, etag: str, patience: float) -> Result:
    """One request on a connection of its own, and what the origin has got since."""
    bench.origin.script(tag, step.reply or Reply())
    before = len(bench.origin.seen(tag))
    target = (step.target or "@C").encode() + step.more.encode()
    head = step.method + b" " + target + b" HTTP/" + step.version.encode() + b"\r\nHost: @H\r\n"
    for name, value in step.fields:
        head += f"{name}: {value}\r\n".replace("@E", etag).encode("latin-1")
    if step.body is not None:
        head += b"Content-Length: %d\r\n" % len(step.body)
    result, client = Result(), Client(bench.port)
    try:
        client.send(bench.filled(head + b"\r\n", tag) + (step.body or b""))
        deadline = time.monotonic() + 6 * patience
        while True:
            one = client.response(step.method, deadline)
            if one is None or one.status >= 200 or one.status in (0, 101):
                break
            result.interim.append(one)
        if one is not None:
            result.responses.append(one)
    except TimeoutError:
        result.waited = True
    finally:
        result.closed = client.reader.ended
        client.close()
    result.got = bench.origin.seen(tag)[before:]
    return result


def holds(wanted: tuple, get, etag: str = "") -> str | None:
    """Which of the fields is not as wanted."""
    for name, value in wanted:
        found = get(name)
        if callable(value):
            if found is None or not value(found):
                return f"{name} is {found!r}"
        elif found != str(value).replace("@E", etag):
            return f"{name} is {found!r} in place of {str(value)!r}"
    return None


def misses(expect: Expect, result: Result, earlier: list[Response], etag: str) -> str | None:
    """Why a step's result is not as expected, or None."""
    if not result.responses:
        return "it was closed without a response" if result.closed else "there was no response"
    one, got = result.responses[0], result.got
    conditional = any(request.get("if-none-match") or request.get("if-modified-since") for request in got)
    known = {response.body for response in earlier if response.body}
    if one.defects and expect.complete:
        return f"the response is malformed: {'; '.join(one.defects)}"
    if expect.complete and not one.complete:
        return "the response is not complete"
    for request in got:
        if request.defects:
            return f"malformed bytes were passed on: {'; '.join(request.defects)}"
    match expect.how:
        case "hit" if one.body and one.body not in known: return "it was not served from the store"
        case "hit" if not one.body and got: return "a request reached the origin"
        case "miss" if not got: return "no request reached the origin"
        case "miss" if one.body and one.body in known: return "it was served from the store"
        case "validated" if not got: return "no request reached the origin"
        case "validated" if not conditional: return "the request to the origin had no condition"
        case "validated" if one.body and one.body not in known: return "what was stored was not used"
        case "asked" if not got: return "no request reached the origin"
        case "unstored" if one.status == 200 and not got: return "it was served from the store"
        case "unserved" if one.body and one.body in known: return "it was served from the store"
        case "unasked" if got: return "a request reached the origin"
    statuses = (expect.status,) if isinstance(expect.status, int) else expect.status
    if statuses and one.status not in statuses:
        return f"the status was {one.status}"
    if expect.body is not None and one.body != expect.body:
        return f"the body was {one.body[:60]!r}"
    if expect.method is not None and [request.method for request in got] != [expect.method]:
        return f"the origin got {[request.method for request in got]}"
    if expect.interim is not None and tuple(each.status for each in result.interim) != expect.interim:
        return f"interim responses were {[each.status for each in result.interim]}"
    if said := holds(expect.has, one.get, etag):
        return said
    for name in expect.lacks:
        if one.get(name) is not None:
            return f"the response has {name}: {one.get(name)}"
    if got and (said := holds(expect.sent, got[-1].get)):
        return f"in the request to the origin {said}"
    for name in expect.unsent:
        if got and got[-1].get(name) is not None:
            return f"the origin got {name}: {got[-1].get(name)}"
    return None


def walk(case: Case, bench: Bench, patience: float) -> Verdict:
    tag, earlier, details = bench.tag(case), [], []
    for number, step in enumerate(case.steps, 1):
        if number > 1:
            time.sleep(case.steps[number - 2].pause or STORES)
        etag = (earlier[-1].get("etag") if earlier else None) or '"none"'
        result = ask(step, bench, tag, etag, patience)
        why = misses(step.expect, result, earlier, etag)
        details.append(result.summary())
        if why:
            state = NOT_APPLICABLE if step.given else FAILED
            return Verdict(case, state, f"request {number}: {why}", " | ".join(details))
        earlier += result.responses
    return Verdict(case, PASSED, "", " | ".join(details))


def run(case: Case, bench: Bench, patience: float = 1.0) -> Verdict:
    try:
        if case.steps:
            return walk(case, bench, patience)
        result = exchange(case, bench, patience)
        why = judge(case, result)
        return Verdict(case, FAILED if why else PASSED, why or "", result.summary())
    except OSError as error:
        return Verdict(case, FAILED, f"no connection: {error}")
    except (LookupError, TypeError, ValueError) as error:
        # A check looked at something that is not there.
        return Verdict(case, FAILED, f"what was received cannot be judged: {error!r}")


# MARK: All of them

def run_all(cases: list[Case], server, origin: Origin, threads: int = 64) -> dict[str, Verdict]:
    """Runs cases side by side; what does not pass is tried once more beside few others, with more time, before it counts."""
    verdicts: dict[str, Verdict] = {}
    bench = Bench(server.port, origin)

    def first(case: Case) -> Verdict:
        if case.skip.get(server.name):
            return Verdict(case, NOT_APPLICABLE, case.skip[server.name])
        if case.alone and server.starts_anew:
            with server.another(origin) as other:
                return run(case, Bench(other.port, origin))
        return run(case, bench)

    def again(case: Case) -> Verdict:
        if case.alone and server.starts_anew:
            with server.another(origin) as other:
                return run(case, Bench(other.port, origin), 2)
        return run(case, bench, 2)

    with ThreadPoolExecutor(threads) as pool:
        # Long ones first, else they are what remains at the end.
        ordered = sorted(cases, key=lambda case: (-sum(step.pause for step in case.steps), zlib.crc32(case.id.encode())))
        for verdict in pool.map(first, ordered):
            verdicts[verdict.case.id] = verdict
    # Malformed bytes that were passed on are no matter of time. Whether a case applies may be: what it builds on may have come too late.
    unsure = [case for case in cases if not case.skip.get(server.name) and verdicts[case.id].state != PASSED
              and not verdicts[case.id].why.startswith(MALFORMED[0])]
    with ThreadPoolExecutor(8) as pool:
        for verdict in pool.map(again, unsure):
            verdicts[verdict.case.id] = verdict
    # To a server that does not do what a case builds upon, the case does not apply.
    for case in cases:
        for name in case.needs:
            if name in verdicts and verdicts[name].state != PASSED and verdicts[case.id].state != NOT_APPLICABLE:
                verdicts[case.id] = Verdict(case, NOT_APPLICABLE, f"needs {name}")
    return verdicts
