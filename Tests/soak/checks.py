"""What must hold of every answer, and the clients that ask."""

import random
import threading
import time

from client import Broken, Connection
from upstream import LONGEST_DRIP, REVOKED

TTL = 1.0
# The longest that scheduling may take on a machine that has much else to do, in seconds.
SLACK = 2.5
# `upstream.timeout`, in seconds. More than SLACK, so that Larder does not give up and ask again before upstream has been
# scheduled. Less than SLACK + LONGEST_DRIP, so that no answer takes longer than its age allows.
TIMEOUT = 3.0
KEYS = 50


class Request:
    """One request, and what it names: answers for the same thing come from the same stored response."""

    def __init__(self, choose):
        self.method, self.fields, self.body, self.key = "GET", {}, b"", None
        kind = choose.choices(
            ["list", "filter", "count", "user", "model", "other", "facet", "opaque", "post"],
            [20, 20, 12, 20, 6, 4, 8, 8, 2])[0]
        self.kind = kind
        root = choose.choice(["", "/v1", "/api/v1"])
        if kind in ("list", "count", "filter"):
            self.thing = "catalog"
        if kind == "list":
            self.target = root + "/models" + choose.choice(["", "", "?output_modalities=all"])
        elif kind == "filter":
            self.target = root + "/models?" + choose.choice(
                ["q=a%2Fm1", "limit=5", "limit=5&offset=10", "context=100", "max_price=5", "sort=newest",
                 "supported_parameters=tools", f"q={choose.randrange(40)}"])
        elif kind == "count":
            self.target = root + "/models/count"
        elif kind == "user":
            self.key = f"key-{choose.randrange(KEYS)}"
            self.thing = self.key
            self.target = root + "/models/user" + choose.choice(["", "?limit=2"])
        elif kind == "model":
            self.target = root + f"/model/a/m{choose.randrange(40)}"
            self.thing = "catalog"
        elif kind == "other":
            self.target = root + choose.choice(["/model/a/m1:nitro", "/model/no/body"])
            self.thing = self.target.removeprefix(root)
        elif kind == "facet":
            self.target = root + f"/models?category=c{choose.randrange(4)}"
            self.thing = None
        elif kind == "opaque":
            self.target = root + choose.choice(["/providers", "/endpoints/zdr", "/models?use_rss=true"])
            self.thing = self.target.removeprefix(root)
        else:
            self.method, self.target, self.thing = "POST", "/chat/completions", None
            self.body = b"x" * choose.choice([10, 5_000, 70_000])
        self.demand = "any"
        if kind != "post":
            self.dress(choose)

    def dress(self, choose):
        if self.key or choose.random() < 0.2:
            self.fields["Authorization"] = "Bearer " + (self.key or f"key-{choose.randrange(KEYS)}")
        if choose.random() < 0.4:
            self.fields["Accept-Encoding"] = "gzip"
        if choose.random() < 0.1:
            self.method = "HEAD"
        if self.kind == "opaque" and "?" not in self.target and choose.random() < 0.2:
            # Apart from the rest, whose fetches are counted.
            self.target += "?x=forced"
            self.thing += "?x=forced"
            self.fields["Cache-Control"] = "no-cache"
            self.demand = "refresh"
        elif choose.random() < 0.05:
            self.fields["Cache-Control"] = "only-if-cached"
            self.demand = "stored"


class Checker:
    """One client's view: it keeps what was seen, and what was wrong."""

    def __init__(self, windows, seed):
        self.windows = windows
        self.choose = random.Random(seed)
        self.problems = []
        self.counts = {}
        self.totals = {}
        # When the newest copy seen of a thing was made.
        self.newest = {}

    def wrong(self, request, answer, what):
        if len(self.problems) < 20:
            status, fields = (answer.status, answer.fields) if answer else (None, None)
            self.problems.append(f"{what}: {request.method} {request.target} {request.fields} -> {status} {fields}")
        self.count("wrong")

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def check(self, connection, request, answer):
        self.count(f"status {answer.status}")
        cache = answer.cache
        if cache is None or not {"hit", "fwd", "detail"} & set(cache) or "hit" in cache and "ttl" not in cache:
            return self.wrong(request, answer, "a Cache-Status that is none")
        self.count("hit" if "hit" in cache and cache["ttl"] >= 0 else "stale hit" if "hit" in cache else
                   f"fwd={cache['fwd']}" if "fwd" in cache else cache["detail"])
        if request.kind == "post":
            return self.check_post(request, answer, cache)
        if answer.status not in self.allowed(request):
            return self.wrong(request, answer, "a status that cannot be")
        if answer.status == 304:
            if request.fields.get("If-None-Match") != answer.fields.get("etag"):
                self.wrong(request, answer, "a 304 of another representation")
            return
        if answer.status >= 500 or answer.status == 429:
            self.check_failure(request, answer)
        if request.method == "HEAD":
            if answer.raw:
                self.wrong(request, answer, "a HEAD with a body")
            return
        try:
            body = answer.json()
        except ValueError:
            return self.wrong(request, answer, "a body that is no JSON")
        if answer.status == 200:
            tag = answer.fields.get("etag")
            if request.fields.get("If-None-Match") == tag:
                self.wrong(request, answer, "a 200 of what the client has")
            coding = request.fields.get("Accept-Encoding")
            connection.tags[request.target, coding, request.fields.get("Authorization")] = tag
            self.check_body(connection, request, answer, cache, body)
        elif "error" not in body:
            self.wrong(request, answer, "an error without an error")

    def allowed(self, request):
        statuses = {200, 502, 503, 504, 429}
        if "If-None-Match" in request.fields:
            statuses.add(304)
        if request.key == REVOKED:
            statuses.add(401)
        if request.target.endswith("/model/no/body"):
            statuses.add(404)
        return statuses

    def check_failure(self, request, answer):
        """No failure where a copy must be there that may stand in for it."""
        if request.demand == "stored" or request.key == REVOKED or request.thing not in self.newest:
            return
        ends = self.newest[request.thing] + 0.9 * TTL + self.windows.on_error
        if answer.received < ends - 0.2:
            self.wrong(request, answer, f"a failure {ends - answer.received:.2f} s before the copy's end")

    def check_post(self, request, answer, cache):
        if cache.get("fwd") != "bypass" or "fwd-status" not in cache and "detail" not in cache:
            self.wrong(request, answer, "a POST that the cache has a part in")
        if answer.status == 200 and answer.fields.get("content-type") == "text/event-stream":
            if answer.body.count(b'"received":%d}' % len(request.body)) != 4:
                self.wrong(request, answer, f"a stream that is not whole: {answer.body[:200]}")

    def check_body(self, connection, request, answer, cache, body):
        rows = body["data"]
        if request.kind == "count":
            self.compare_total(request, answer, rows["count"])
            return
        rows = [rows] if isinstance(rows, dict) else rows
        if request.kind == "list":
            self.compare_total(request, answer, body["total_count"])
            if body["total_count"] != len(rows) or len(rows) != 40 + rows[0]["g"] % 17:
                self.wrong(request, answer, f"{len(rows)} rows of {body['total_count']} in fetch {rows[0]['g']}")
        if not rows:
            return
        if request.kind == "user" and any(row["key"] != request.key for row in rows):
            return self.wrong(request, answer, "another key's rows")
        if len({row["g"] for row in rows}) > 1 and request.kind != "facet":
            return self.wrong(request, answer, "rows of several fetches")
        oldest = min(row["at"] for row in rows)
        if request.thing:
            number = rows[0]["g"]
            if number < connection.generations.get(request.thing, 0):
                self.wrong(request, answer, f"back from {connection.generations[request.thing]} to {number}")
            connection.generations[request.thing] = number
            self.newest[request.thing] = max(self.newest.get(request.thing, 0), oldest)
        self.check_age(request, answer, cache, oldest)

    def compare_total(self, request, answer, total):
        """The first part of an entity tag names the rows: with the same one, a count is the length of the list."""
        if "output_modalities" in request.target:
            return
        identity = answer.fields["etag"][1:17]
        if self.totals.setdefault(identity, total) != total:
            self.wrong(request, answer, f"{total} rows where there were {self.totals[identity]}")
        if len(self.totals) > 10_000:
            self.totals.clear()

    def check_age(self, request, answer, cache, at):
        age = answer.sent - at
        most = TTL + LONGEST_DRIP + SLACK
        if "hit" in cache and cache["ttl"] >= 0:
            if cache["ttl"] > TTL or age > most:
                self.wrong(request, answer, f"a fresh hit that is {age:.2f} s old")
        elif "hit" in cache or cache.get("detail"):
            failed = cache.get("detail")
            window = self.windows.on_error if failed else self.windows.revalidate
            if age > most + max(window, self.windows.revalidate):
                self.wrong(request, answer, f"a stale copy that is {age:.2f} s old")
        elif cache.get("fwd-status") == 200 and "collapsed" not in cache and request.kind != "facet":
            if age > 0.1:
                self.wrong(request, answer, f"fetched just now, and {age:.2f} s old")
        reported = int(answer.fields["age"])
        # Larder adds the time that the fetch took: upstream may have been late to begin with the answer.
        if request.kind != "facet" and not age - LONGEST_DRIP - SLACK <= reported <= answer.received - at + 0.1 + TIMEOUT:
            self.wrong(request, answer, f"Age {reported} of what is {age:.2f} s old")

    # MARK: Asking

    def run(self, port, until):
        connections = [Connection(port) for _ in range(4)]
        while time.monotonic() < until:
            connection = self.choose.choice(connections)
            requests = [Request(self.choose) for _ in range(self.choose.choice([1, 1, 1, 2, 4, 8]))]
            for request in requests:
                place = request.target, request.fields.get("Accept-Encoding"), request.fields.get("Authorization")
                if request.method == "GET" and place in connection.tags and self.choose.random() < 0.1:
                    request.fields["If-None-Match"] = connection.tags[place]
            self.exchange(connection, requests)
            if self.choose.random() < 0.01:
                connection.close()
        for connection in connections:
            connection.close()

    def exchange(self, connection, requests):
        request = None
        try:
            sent = connection.send([(r.method, r.target, r.fields, r.body) for r in requests])
            for request in requests:
                if connection.socket is None:
                    # It was the last answer of this connection, and said so.
                    return self.count("left unanswered by a close")
                answer = connection.read(request.method, sent)
                self.check(connection, request, answer)
        except (Broken, OSError) as error:
            connection.close()
            time.sleep(0.05)
            if any(r.kind == "post" for r in requests):
                # If upstream fails within a stream, Larder closes the connection, so that no client takes a truncated body for a complete one.
                return self.count("cut with a stream")
            self.wrong(request or requests[0], None, f"the connection failed: {error!r}")
        except (KeyError, TypeError, ValueError, IndexError) as error:
            connection.close()
            self.wrong(request, answer, f"an answer that cannot be read: {error!r}")


def main(port, windows, seconds, seed, threads, results):
    """Asks on several threads for so many seconds; what was seen goes to the queue."""
    until = time.monotonic() + seconds
    checkers = [Checker(windows, seed * 100 + number) for number in range(threads)]
    running = [threading.Thread(target=checker.run, args=(port, until)) for checker in checkers]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    results.put(([p for c in checkers for p in c.problems], [c.counts for c in checkers]))
