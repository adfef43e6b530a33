"""Cached answers: Larder, its peers and the floor take turns, round by round."""

import collections
import gzip
import statistics
import sys

import servers
from servers import FLOOR, LARDER, PEERS, Failure

Case = collections.namedtuple("Case", "name target gzip")
LIST = "/api/v1/models"
WHOLE_GZIP, WHOLE = "whole list, gzip", "whole list"
CASES = [
    Case("count", LIST + "/count", False),
    Case("one model", "/api/v1/model/MODEL", False),
    Case("page of ten", LIST + "?supported_parameters=tools&sort=newest&limit=10", False),
    Case(WHOLE_GZIP, LIST, True),
    Case(WHOLE, LIST, False),
]
CONNECTIONS = [1, 32, 512]
ALL = [LARDER, *PEERS, FLOOR]
# By the HTTP standard a request without the field takes any coding, and HAProxy then serves the gzip form: so it is said.
CODINGS = {WHOLE_GZIP: "gzip", WHOLE: "identity"}
# The body of a kept answer may differ from what the others serve by so much.
SLACK = 0.1


def note(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def costs(kept) -> str:
    """The median of each server's rounds."""
    return ", ".join(f"{name} {statistics.median(one['cpu'] for one in some):.1f}" for name, some in kept.items())


def fields(case):
    return {"Accept-Encoding": CODINGS[case.name]} if case.name in CODINGS else {}


class Field:
    """All servers, each filled with the same bodies: those that Larder makes of the list are what the others serve."""

    def __init__(self, options, rows, folder):
        self.options, self.folder = options, folder
        self.cases = [case._replace(target=case.target.replace("MODEL", rows[0]["id"])) for case in CASES]
        self.running, self.bodies = {}, {}

    def open(self, catalogue: bytes):
        program = servers.build_server()
        kind = "application/json"
        routes = servers.write_routes(self.folder, "upstream", [
            (LIST + "?output_modalities=all", "identity", kind, catalogue),
            (LIST + "?output_modalities=all", "gzip", kind, gzip.compress(catalogue, 6, mtime=0))])
        self.upstream = servers.origin(program, routes, self.folder)
        self.running["upstream"] = self.upstream
        larder = servers.larder(self.options.larder, self.upstream, self.folder)
        self.running[LARDER] = larder
        for case in self.cases:
            self.bodies[case.name] = self.settled(larder, case)
        same = [(case.target, "gzip" if case.gzip else "identity", kind, self.bodies[case.name]) for case in self.cases]
        routes = servers.write_routes(self.folder, "same", same)
        self.origin = servers.origin(program, routes, self.folder)
        self.running["origin"] = self.origin
        self.running[FLOOR] = servers.floor(program, routes, self.folder)
        for name, start in servers.PEER_STARTERS.items():
            if name in self.options.servers:
                self.running[name] = start(self.origin, self.folder)
        for name in self.options.servers:
            for case in self.cases:
                for _ in range(3):
                    self.check(name, case)
        return self

    def settled(self, larder, case) -> bytes:
        """Larder's prepared body: gzip is made behind the first answers."""
        for _ in range(50):
            status, head, body = servers.get(larder.port, case.target, fields(case))
            if status != 200:
                raise Failure(f"Larder answers {case.target} with {status}: {body[:200]}")
            if "; hit" in head["cache-status"] and (head.get("content-encoding") == "gzip") == case.gzip:
                return body
        raise Failure(f"Larder keeps no answer to {case.target}: {head}")

    def check(self, name, case):
        """Everybody answers with the same bytes, in the coding that was asked for."""
        status, head, body = servers.get(self.running[name].port, case.target, fields(case))
        expected = self.bodies[case.name]
        if status != 200 or (head.get("content-encoding") == "gzip") != case.gzip:
            raise Failure(f"{name} answers {case.target} with {status}, {head}")
        if name == LARDER:
            if "; hit" not in head["cache-status"] or abs(len(body) - len(expected)) > SLACK * len(expected):
                raise Failure(f"Larder: {case.name} is no hit or has another size: {head}, {len(body)} bytes")
        elif body != expected:
            raise Failure(f"{name}: the body of {case.name} is not what the origin serves")

    def measure(self, name, case, connections, load=servers.wrk) -> dict:
        server = self.running[name]
        # What is under way at the end has cost something but counts for nothing: the more connections, the longer.
        seconds = self.options.seconds * (2 if connections > 100 else 1)
        before = [servers.asked(self.origin), servers.asked(self.upstream)]
        result = load(server, case.target, connections, seconds, [f"{key}: {value}" for key, value in fields(case).items()])
        if [servers.asked(self.origin), servers.asked(self.upstream)] != before:
            raise Failure(f"{name} asked its origin during a measurement of {case.name}: not all of it was hits")
        return result | server.memory()

    def rounds(self, case, connections, load=servers.wrk) -> dict:
        """What each round showed, for each server."""
        names = self.options.servers
        kept = {name: [] for name in names}
        for turn in range(self.options.rounds):
            # Who begins changes from round to round: what comes after what may matter.
            shift = turn % len(names)
            for name in names[shift:] + names[:shift]:
                kept[name].append(self.measure(name, case, connections, load))
                self.check(name, case)
        return kept

    def close(self):
        for process in reversed(list(self.running.values())):
            process.end()


def run(options, rows, catalogue, folder) -> dict:
    """`values[case][connections][server]` is a list with what each round showed."""
    field = Field(options, rows, folder)
    values = {}
    try:
        field.open(catalogue)
        for case in field.cases:
            if options.only and case.name not in options.only:
                continue
            for connections in options.connections:
                kept = values.setdefault(case.name, {})[connections] = field.rounds(case, connections)
                note(f"{case.name}, {connections}: us of CPU per request: {costs(kept)}")
    finally:
        field.close()
    return {"bodies": {name: len(body) for name, body in field.bodies.items()}, "values": values}
