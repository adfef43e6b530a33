"""What is measured of Larder alone: new queries, refreshes, two loops, the start, memory."""

import gzip
import http.client
import itertools
import random
import statistics
import time

import catalogue
import servers
from hits import LIST, note
from servers import LOAD_CORE, SERVER_CORE, Failure

WHOLE = LIST + "?output_modalities=all"
KIND = "application/json"
FULL = 64 << 20  # bytes of the cache, where it is to get full soon


def upstream(folder, rows, more=()):
    """An origin with these rows, in both codings, and `more` routes."""
    body = catalogue.body(rows)
    routes = servers.write_routes(folder, f"upstream-{len(rows)}", [
        (WHOLE, "identity", KIND, body), (WHOLE, "gzip", KIND, gzip.compress(body, 6, mtime=0)), *more])
    return servers.origin(servers.build_server(), routes, folder)


class Client:
    """One connection that is kept, on the load's core."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def get(self, target, fields=None, method="GET") -> int:
        """The length of the body, of a HEAD that which it tells."""
        self.connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in (fields or {}).items():
            self.connection.putheader(name, value)
        self.connection.endheaders()
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise Failure(f"{target}: {answer.status} {body[:200]}")
        return int(answer.headers["Content-Length"])


# MARK: Queries that were never asked

def distinct(number):
    """Queries of the whole list, sorted, each of which is another and passes every row."""
    for index in range(number):
        yield f"{LIST}?sort=newest&context=1&max_price={1_000_000 + index}"


def queries(options, rows, body, folder) -> dict:
    """Microseconds of CPU of one query, new and repeated, over both lists, in batches.

    It is asked by HEAD, for which the whole answer is made and kept too, but not sent: sending six megabytes costs more, and
    differs more from time to time, than making them.

    While the cache is not yet full each new answer is written to memory that the system has never given out, and on
    a virtual machine that costs more than all else, once. So it is filled first, and what that took is told apart.
    """
    result, batch = {}, 100
    batches = 4 if options.quick else 20
    for name, some in {"once": rows, "ten times": catalogue.times(rows, 10)}.items():
        size = batch if name == "once" else batch // 4
        with upstream(folder, some) as origin, servers.larder(
                options.larder, origin, folder, LARDER_CACHE_MAX_BYTES=str(FULL)) as larder:
            client, new, hit = Client(larder), [], []
            targets = distinct(1_000_000)
            filling, number = larder.cpu(), 0
            while larder.metric("larder_cache_evictions_total") < FULL / len(some) / 2_000:
                for target in itertools.islice(targets, 5):
                    client.get(target, method="HEAD")
                number += 5
                if number > 10_000:
                    raise Failure("the cache does not get full")
            filling = (larder.cpu() - filling) * 1e6 / number
            for _ in range(batches):
                chosen = list(itertools.islice(targets, size))
                before = larder.cpu()
                length = [client.get(target, method="HEAD") for target in chosen][-1]
                kept = larder.metric("larder_cache_answers")
                between = larder.cpu()
                for _ in range(size):
                    client.get(chosen[-1], method="HEAD")
                new.append((between - before) * 1e6 / size)
                hit.append((larder.cpu() - between) * 1e6 / size)
                if larder.metric("larder_cache_answers") != kept or not kept:
                    raise Failure(f"an answer of {length} bytes is not kept, so that nothing can be told of hits")
            result[name] = {"rows": len(some), "body": length, "batch": size, "filling": filling, "new": new, "hit": hit}
            note(f"queries over {len(some)} rows: new {statistics.median(new):.1f} us, "
                 f"hit {statistics.median(hit):.1f} us")
    # Small answers, so that thousands of them stay in the cache together.
    with upstream(folder, rows) as origin, servers.larder(options.larder, origin, folder) as larder:
        client, costs = Client(larder), []
        for start in range(0, 2_000 if options.quick else 5_000, 100):
            before = larder.cpu()
            for index in range(start, start + 100):
                client.get(f"{LIST}?sort=newest&limit=10&max_price={1_000_000 + index}")
            costs.append((larder.cpu() - before) * 1e4)
        result["in a row"] = costs
    return result


# MARK: Refreshes

def refresh(options, rows, body, folder) -> dict:
    """CPU and latency under a steady load of hits, without refreshes and with one a second, by turns.

    Upstream has two lists, by turns: one that comes again byte for byte would not be read.
    """
    seconds = 3 if options.quick else 6
    result = {"without": [], "with": []}
    other = catalogue.body([row | {"pricing": row["pricing"] | {"prompt": "0.000000123"}} for row in rows])
    routes = [(WHOLE, "identity", KIND, other), (WHOLE, "gzip", KIND, gzip.compress(other, 6, mtime=0))]
    with upstream(folder, rows, routes) as origin:
        for _ in range(options.rounds):
            for name, ttl in {"without": "1d", "with": "1s"}.items():
                with servers.larder(options.larder, origin, folder, LARDER_TTL_CATALOG=ttl,
                                    LARDER_STATE_ENABLED="true", LARDER_STATE_DIR=str(folder / f"state-{name}")) as larder:
                    servers.wrk(larder, LIST + "/count", 32, 0.5)  # the first requests are not counted
                    lag = larder.histogram("larder_loop_lag_seconds")
                    fetched = larder.metric("larder_upstream_requests_total")
                    load = servers.wrk(larder, LIST + "/count", 32, seconds)
                    fetched = larder.metric("larder_upstream_requests_total") - fetched
                    after = larder.histogram("larder_loop_lag_seconds")
                    worst = max((bound for bound in after if after[bound] > lag.get(bound, 0)), default=0)
                    # A few requests a second make the refreshes due; the rest of the CPU is theirs.
                    idle, asked, client = larder.cpu(), larder.metric("larder_upstream_requests_total"), Client(larder)
                    for _ in range(seconds * 10):
                        client.get(LIST + "/count")
                        time.sleep(0.1)
                    idle = larder.cpu() - idle
                    asked = larder.metric("larder_upstream_requests_total") - asked
                    result[name].append(load | {
                        "fetched": fetched, "lag": worst, "quiet cpu": idle, "quiet fetched": asked, "seconds": seconds})
    return result


# MARK: Two loops

def loops(options, rows, body, folder) -> dict:
    """One loop with its load on one core, and two with twice the load on two, by turns.

    So a loop has the same share of a core to itself in both, and what differs is what the second one costs the first.
    """
    result, target = {"1": [], "2": []}, LIST + "?supported_parameters=tools&sort=newest&limit=10"
    with upstream(folder, rows) as origin:
        for _ in range(options.rounds):
            for cores in ((SERVER_CORE,), (SERVER_CORE, LOAD_CORE)):
                workers = len(cores)
                with servers.larder(options.larder, origin, folder, cores, workers) as larder:
                    servers.wrk(larder, target, 32 * workers, 0.3, cores=cores)
                    begun = larder.threads()
                    one = servers.wrk(larder, target, 32 * workers, options.seconds, cores=cores)
                    ended = larder.threads()
                    one["shares"] = sorted((ended[key] - begun.get(key, 0) for key in ended), reverse=True)[:2]
                    result[str(workers)].append(one)
    return result


# MARK: The start

def start(options, rows, body, folder) -> dict:
    """Milliseconds from the program's being started to its first 200 on the list, with the state of an earlier one."""
    state, times = {"LARDER_STATE_ENABLED": "true", "LARDER_STATE_DIR": str(folder / "state")}, []
    with upstream(folder, rows) as origin:
        with servers.larder(options.larder, origin, folder, **state) as larder:
            servers.get(larder.port, LIST)
        for _ in range(5 if options.quick else 20):
            before = time.monotonic()
            with servers.larder(options.larder, origin, folder, wait=False, **state) as larder:
                while True:
                    try:
                        status, head, _ = servers.get(larder.port, LIST)
                        if status == 200:
                            break
                    except OSError:
                        pass
                    if time.monotonic() - before > 20:
                        raise Failure("Larder does not start from its state: " + larder.log.read_text()[-1000:])
                    time.sleep(0.0005)
                times.append((time.monotonic() - before) * 1e3)
                if "fwd" in head["cache-status"]:
                    raise Failure(f"the first answer was no stored one: {head['cache-status']}")
    return {"milliseconds": times}


# MARK: Memory

def memory(options, rows, body, folder) -> dict:
    """Bytes after many mixed requests with the list, and what each further key's own list takes."""
    number = 10_000 if options.quick else 100_000
    user = [("/api/v1/models/user?output_modalities=all", "identity", KIND, body),
            ("/api/v1/models/user", "identity", KIND, body)]
    with upstream(folder, rows, user) as origin, servers.larder(options.larder, origin, folder) as larder:
        fresh = larder.memory()
        chance, client = random.Random(1), Client(larder)
        kinds = [
            lambda: (LIST, {}), lambda: (LIST, {"Accept-Encoding": "gzip"}), lambda: (LIST + "/count", {}),
            lambda: ("/api/v1/model/" + chance.choice(rows)["id"], {}),
            lambda: (f"{LIST}?sort=newest&limit=10&offset={chance.randrange(40) * 10}", {}),
            lambda: (f"{LIST}?q={chance.choice(catalogue.WORDS)}&limit=20", {}),
            lambda: (f"{LIST}?supported_parameters=tools&max_price={chance.randrange(1, 30)}&limit=50", {})]
        weights = [2, 4, 20, 30, 20, 12, 12]
        for _ in range(number):
            client.get(*chance.choices(kinds, weights)[0]())
        mixed, kept = larder.memory(), larder.metric("larder_cache_bytes")
    with upstream(folder, rows, user) as origin, servers.larder(
            options.larder, origin, folder, LARDER_TTL_USER="1d") as larder:
        # Memory grows by a megabyte at once, which is 5 KiB for each of 200 keys.
        keys, client = 800, Client(larder)

        def ask(first, count):
            for index in range(first, first + count):
                client.get(LIST + "/user?limit=1", {"Authorization": f"Bearer key-{index}"})

        ask(0, 50)  # what the first lists take besides: pools, the allocator's arenas
        before = larder.memory(), larder.metric("larder_cache_bytes")
        ask(50, keys)
        after = larder.memory(), larder.metric("larder_cache_bytes")
    return {"requests": number, "fresh": fresh, "mixed": mixed, "cache": kept, "keys": keys,
            "key rss": (after[0]["rss"] - before[0]["rss"]) / keys, "key cache": (after[1] - before[1]) / keys}
