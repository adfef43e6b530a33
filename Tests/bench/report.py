"""Tables, thresholds and the plot, of what was measured."""

import json
import re
import statistics

import fleet as of_fleet
import plot
from hits import WHOLE, WHOLE_GZIP
from proxy import DIRECT
from servers import FLOOR, LARDER, PEERS, ROOT
from unix import TCP, UNIX

MIB = 1 << 20


def median(values) -> float:
    return statistics.median(values)


def spread(values, places=1) -> str:
    """Median, and in brackets the least and the most."""
    return f"{median(values):.{places}f} ({min(values):.{places}f}-{max(values):.{places}f})"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def ratios(above: list[dict], below: list[list[dict]], key: str) -> float:
    """The median of the rounds' ratios: the least of the others over ours."""
    return median([min(other[turn][key] for other in below) / one[key] for turn, one in enumerate(above)])


class Thresholds:
    def __init__(self):
        self.rows = []

    def least(self, what, value, bound, unit=""):
        self.rows.append((value >= bound, what, f"{value:.2f}{unit}", f"at least {bound:g}{unit}"))

    def most(self, what, value, bound, unit=""):
        self.rows.append((value <= bound, what, f"{value:.2f}{unit}", f"at most {bound:g}{unit}"))

    @property
    def missed(self):
        return sum(not row[0] for row in self.rows)


# MARK: Hits

def hits(part, thresholds) -> str:
    text = []
    for case, by_connections in part["values"].items():
        rows = []
        for connections, by_server in by_connections.items():
            for name, rounds in by_server.items():
                values = {key: [one[key] for one in rounds] for key in rounds[0]}
                rows.append([
                    name, connections, spread(values["cpu"]), spread(values["both"]), spread(values["rate"], 0), spread(values["p50"], 0),
                    spread(values["p99"], 0), spread(values["p999"], 0), spread(values["waited"]), spread([one / MIB for one in values["rss"]])])
        text.append(f"\n#### {case}, {part['bodies'][case]:,} bytes\n")
        text.append(table(["server", "connections", "CPU, us per request", "with the client", "requests/s", "p50, us", "p99, us",
                           "p99.9, us", "waited, ms/s", "RSS, MiB"], rows))
        hit_thresholds(case, by_connections, thresholds)
    return "\n".join([
        hit_summary(part, "cpu", "CPU per cached answer"),
        hit_summary(part, "both", "CPU of server and client together per cached answer"), *text])


def hit_summary(part, key, title) -> str:
    rows = []
    for case, by_connections in part["values"].items():
        for connections, by_server in by_connections.items():
            ours = by_server.get(LARDER)
            peers = [by_server[name] for name in PEERS if name in by_server]
            row = [case, connections, *[spread([one[key] for one in some]) for some in by_server.values()]]
            row.append(f"{ratios(ours, peers, key):.2f}" if ours and peers else "")
            row.append(f"{ratios(ours, [by_server[FLOOR]], key):.2f}" if ours and FLOOR in by_server else "")
            rows.append(row)
    names = list(next(iter(next(iter(part["values"].values())).values())))
    return (f"\n### {title}, in microseconds: median (least-most) of the rounds\n\n" + table(
        ["answer", "connections", *names, "best peer / Larder", "bare C / Larder"], rows))


def hit_thresholds(case, by_connections, thresholds):
    for connections, by_server in by_connections.items():
        ours = by_server.get(LARDER)
        peers = [by_server[name] for name in PEERS if name in by_server]
        where = f"{case}, {connections} connections"
        if ours and peers:
            bound = 1.0 if case in (WHOLE, WHOLE_GZIP) else 1.25
            thresholds.least(f"{where}: CPU, best peer / Larder", ratios(ours, peers, "cpu"), bound)
            if case == WHOLE:
                thresholds.least(f"{where}: CPU of both sides, best peer / Larder", ratios(ours, peers, "both"), bound)
        if ours and FLOOR in by_server:
            thresholds.least(f"{where}: CPU, bare C / Larder", ratios(ours, [by_server[FLOOR]], "cpu"), 0.85)
        if ours and peers and connections == "32":
            thresholds.least(f"{where}: p99, best peer / Larder", ratios(ours, peers, "p99"), 1.0)
    few, many = (by_connections.get(connections, {}).get(LARDER) for connections in ("32", "512"))
    if few and many:
        thresholds.least(f"{case}: CPU, 32 / 512 connections", ratios(many, [few], "cpu"), 0.8)


# MARK: Pass-through

def proxy(part, thresholds) -> str:
    rows = []
    for scheme, by_connections in part["values"].items():
        for connections, by_server in by_connections.items():
            for name, rounds in by_server.items():
                rows.append([name, scheme, connections, *[spread([one[key] for one in rounds], places) for key, places in
                                                          [("cpu", 1), ("both", 1), ("rate", 0), ("p50", 0), ("p99", 0), ("p999", 0),
                                                           ("waited", 1)]]])
            ours, peers = by_server[LARDER], [some for name, some in by_server.items() if name != LARDER]
            thresholds.least(f"passed through to {scheme}, {connections} connections: CPU, best peer / Larder",
                             ratios(ours, peers, "cpu"), 1.0 if connections == "32" else 0.85)
    return (f"\n### Passed through: POST of {part['request']:,} bytes, answer of {part['answer']:,}\n\n" + table(
        ["server", "to", "connections", "CPU, us per request", "with the client", "requests/s", "p50, us", "p99, us", "p99.9, us",
         "waited, ms/s"], rows))


def events(part, thresholds) -> str:
    added, rows = {}, []
    for name, rounds in part["values"].items():
        row = [name]
        for key in ("p50", "p99"):
            row.append(spread([one[key] for one in rounds], 0))
            added[name, key] = [one[key] - part["values"][DIRECT][turn][key] for turn, one in enumerate(rounds)]
            row.append("" if name == DIRECT else spread(added[name, key], 0))
        rows.append(row)
    thresholds.most("one event: delay added by Larder, median", median(added[LARDER, "p50"]) / 1e3, 0.3, " ms")
    return (f"\n### Server-sent events: one every {part['interval']} ms, {part['number']} a round, us from sent to read\n\n"
            + table(["through", "median", "added", "p99", "added"], rows))


# MARK: Larder alone

def queries(part, thresholds) -> str:
    rows, beyond = [], {}
    for name in ("once", "ten times"):
        one = part[name]
        differences = [new - hit for new, hit in zip(one["new"], one["hit"])]
        beyond[name] = median(differences)
        rows.append([
            f"{one['rows']:,} rows, {one['body']:,} bytes", f"{one['filling']:.1f}", spread(one["new"]),
                     spread(one["hit"]), spread(differences)])
    costs = part["in a row"]
    first, last = median(costs[:10]), median(costs[-10:])
    thresholds.most("a query never seen, beyond a hit", beyond["once"], 60, " us")
    thresholds.most("the same over ten times the rows, as a multiple", beyond["ten times"] / beyond["once"], 11)
    # One batch to the next may differ by as much.
    thresholds.most("the last thousand of new queries / the first", last / first, 1.1)
    rows.append([f"{len(costs) * 100:,} new pages of ten, the first thousand", "", spread(costs[:10]), "", ""])
    rows.append(["the same, the last thousand", "", spread(costs[-10:]), "", ""])
    return ("\n### Queries never seen before: us of CPU, medians of batches\n\n"
            + table(["", "new, cache filling", "new, cache full", "asked again", "beyond a hit"], rows))


def refresh(part, thresholds) -> str:
    rows = []
    for name in ("without", "with"):
        some = part[name]
        rows.append([name, *[spread([one[key] for one in some], places) for key, places in
                             [("cpu", 1), ("p50", 0), ("p99", 0), ("fetched", 0)]],
                     spread([one["lag"] * 1e3 for one in some], 3)])
    costs = [(one["quiet cpu"] - part["without"][turn]["quiet cpu"]) * 1e3 / max(1, one["quiet fetched"])
             for turn, one in enumerate(part["with"])]
    thresholds.most("one refresh: CPU", median(costs), 25, " ms")
    p99 = [one["p99"] / part["without"][turn]["p99"] for turn, one in enumerate(part["with"])]
    thresholds.most("p99 of hits, refreshes / none", median(p99), 2)
    # The bounds of the histogram are powers of two: what is under a millisecond lies below that of 1,024 us.
    worst = [max(0.0, one["lag"] - part["without"][turn]["lag"]) * 1e3 for turn, one in enumerate(part["with"])]
    thresholds.most("the loop's longest lag, beyond that without refreshes", median(worst), 1.024, " ms")
    return (f"\n### Refreshes, one a second, {spread(costs)} ms of CPU each, under hits of 32 connections\n\n" + table(
        ["refreshes", "CPU, us per request", "p50, us", "p99, us", "refreshes seen", "longest lag below, ms"], rows))


def loops(part, thresholds) -> str:
    one, two = part["1"], part["2"]
    ratio = median([2 * one[turn]["cpu"] / some["cpu"] for turn, some in enumerate(two)])
    thresholds.least("two loops / one: answers per second of CPU, times loops", ratio, 1.7)
    rate = median([some["rate"] / one[turn]["rate"] for turn, some in enumerate(two)])
    share = median([min(some["shares"]) / max(some["shares"]) for some in two])
    return (f"\n### Two loops: {ratio:.2f} times one, by CPU; {rate:.2f} times the requests/s, the load's share included; "
            f"the less busy loop did {share:.2f} of the other's work\n\n" + table(
                ["loops", "CPU, us per request", "requests/s"],
                [[name, spread([some["cpu"] for some in part[name]]), spread([some["rate"] for some in part[name]], 0)]
                 for name in ("1", "2")]))


def start(part, thresholds) -> str:
    thresholds.most("from the start to the first answer", median(part["milliseconds"]), 50, " ms")
    return f"\n### Start to first answer from a warm state directory: {spread(part['milliseconds'])} ms"


def memory(part, thresholds) -> str:
    thresholds.most("memory after mixed requests", part["mixed"]["rss"] / MIB, 30, " MiB")
    thresholds.most("a further key's list, resident", part["key rss"] / 1024, 8, " KiB")
    thresholds.most("a further key's list, as the cache counts", part["key cache"] / 1024, 8, " KiB")
    rows = [[name, *[f"{part[key][kind] / MIB:.1f}" for kind in ("rss", "pss")]] for name, key in
            [("fresh, with the list", "fresh"), (f"after {part['requests']:,} mixed requests", "mixed")]]
    return "\n### Memory, MiB\n\n" + table(["", "RSS", "PSS"], rows)


def unix(part, thresholds) -> str:
    rows = []
    for case, by_connections in part["values"].items():
        for connections, by_socket in by_connections.items():
            tcp, local = by_socket[TCP], by_socket[UNIX]
            for name, rounds in by_socket.items():
                rows.append([case, connections, name, *[spread([one[key] for one in rounds], places) for key, places in
                                                        [("cpu", 1), ("both", 1), ("rate", 0)]]])
            thresholds.least(f"{case}, {connections} connections: CPU of both sides, TCP / Unix socket",
                             ratios(local, [tcp], "both"), 1.0)
    return "\n### Over a Unix socket\n\n" + table(
        ["answer", "connections", "over", "CPU, us per request", "with the client", "requests/s"], rows)


def reads(part, thresholds) -> str:
    rows = []
    for connections, by_server in part["values"].items():
        for name, rounds in by_server.items():
            rows.append([name, connections, *[spread([one[key] for one in rounds], places) for key, places in
                                              [("cpu", 1), ("both", 1), ("rate", 0)]]])
        peers = [by_server[name] for name in PEERS if name in by_server]
        if LARDER in by_server and peers:
            what = f"{WHOLE} read in large pieces, {connections} connections: CPU"
            thresholds.least(f"{what}, best peer / Larder", ratios(by_server[LARDER], peers, "cpu"), 1.0)
            thresholds.least(f"{what} of both sides, best peer / Larder", ratios(by_server[LARDER], peers, "both"), 1.0)
    return "\n### The whole list, read in large pieces\n\n" + table(
        ["server", "connections", "CPU, us per request", "with the client", "requests/s"], rows)


PARTS = {"hits": hits, "reads": reads, "unix": unix, "proxy": proxy, "events": events, "queries": queries, "refresh": refresh,
         "loops": loops, "start": start, "memory": memory}


# MARK: The fleet

def fleet(part, thresholds) -> str:
    return "\n".join([fleet_hits(part["hits"], thresholds), fleet_copies(part["fetches"], thresholds),
                      fleet_faults(part["faults"], thresholds)])


def fleet_hits(part, thresholds) -> str:
    rows = [[name, *[spread([one[key] for one in part[key_of]], places) for key, places in
                     [("cpu", 2), ("rate", 0), ("p50", 0), ("p99", 0)]]]
            for name, key_of in {"without": "alone", "with": "fleet"}.items()]
    ratio = median([one["cpu"] / part["alone"][turn]["cpu"] for turn, one in enumerate(part["fleet"])])
    thresholds.most("a hit: CPU, with a fleet / without", ratio, 1.05)
    told = part["commands"]
    per = told["for answers"] * 100_000 / told["requests"]
    thresholds.most("commands to the engine for 100,000 hits", per, 0)
    return (f"\n### Hits of one replica, with a fleet and without: {ratio:.3f} times the CPU\n\n" + table(
        ["fleet", "CPU, us per request", "requests/s", "p50, us", "p99, us"], rows)
        + f"\n\nDuring {told['requests']:,} hits in {told['seconds']:.1f} s the engine got {told['for answers']} commands for copies, bodies "
        f"or leases, and {told['busy']} in total; in the same time without requests it got {told['idle']}. (Each replica "
        "reads the generations every five seconds.)")


def fleet_copies(part, thresholds) -> str:
    count, lifetimes, ttl = of_fleet.REPLICAS, part["lifetimes"], of_fleet.TTL
    alone, fleet = part["alone"], part["fleet"]
    thresholds.most("fetches of a fleet in a lifetime", fleet["fetches"] / lifetimes, 1.1)
    thresholds.least("fetches without a fleet / with one", alone["fetches"] / fleet["fetches"], count - 0.3)
    purges = part["purges"]["confirmed"]
    thresholds.most("a purge, until all have confirmed it: longest", max(purges), 100, " ms")
    thresholds.most("purges that not all confirmed in time", part["purges"]["others"], 0)
    longest = max(all_have for _, all_have in fleet["changes"])
    thresholds.most("a change, until all replicas have it: longest", longest / 1e3, ttl + 0.5, " s")
    rows = [[name, one["fetches"], f"{one['fetches'] / lifetimes:.2f}",
             spread([all_have / 1e3 for _, all_have in one["changes"]], 2),
             spread([all_have - first for first, all_have in one["changes"]], 0)]
            for name, one in {"without": alone, "with": fleet}.items()]
    return (f"\n### {count} replicas, each asked all the time: {lifetimes:.1f} lifetimes of {ttl:g} s\n\n" + table(
        ["fleet", "fetches", "per lifetime", "a change, until all have it, s", "from the first replica to the last, ms"], rows)
        + f"\n\n{len(purges)} purges of the catalogue were confirmed by all {count} within {spread(purges)} ms.")


def fleet_faults(part, thresholds) -> str:
    rows = []
    for fault, one in part.items():
        rows.append([fault, one["requests"], f"{median(one['waits']):.0f}", f"{max(one['waits']):.0f}", f"{one['recovery']:.1f}",
                     one["lines"]])
        thresholds.most(f"engine {fault}: longest wait of a client", max(one["waits"]) / 1e3, 1.5, " s")
        thresholds.most(f"engine {fault}: in use again", one["recovery"], 10, " s")
        thresholds.most(f"engine {fault}: log lines of a replica", one["lines"], 3)
    return ("\n### The engine fails: requests for what must be fetched, to all replicas, and the time from its recovery\n\n"
            + table(["engine", "requests, all answered with 200", "median wait, ms", "longest, ms", "in use again after, s",
                     "log lines of a replica, at most"], rows))


# MARK: The whole

def machine_name(model: str) -> str:
    """The name of a processor's files: `amd-epyc` for `AMD EPYC`, `intel-xeon` for `Intel(R) Xeon(R) Processor`."""
    plain = re.sub(r"\((R|TM)\)|\b(CPU|Processor)\b|@.*", " ", model)
    return "-".join(re.findall(r"[a-z0-9]+", plain.lower())) or "unknown"


def told(results, parts, thresholds) -> str:
    """The tables of these parts, and how they are judged."""
    machine = results["machine"]
    others = [results["fleet"]["engine"]] if "fleet" in parts else machine["peers"].values()
    text = [
        f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; load before {machine['load']:.1f}. "
        f"{'; '.join(others)}. {results['rows']} {results['source']}. "
        f"{results['rounds']} rounds of {results['seconds']:g} s each; the whole took {results['took'] / 60:.0f} minutes."]
    text += [part(results[name], thresholds) for name, part in parts.items() if name in results]
    judged = table(["", "measured", "wanted", ""],
                   [[what, value, bound, "met" if good else "**missed**"] for good, what, value, bound in thresholds.rows])
    text.append(f"\n### Thresholds: {thresholds.missed} of {len(thresholds.rows)} missed\n\n{judged}")
    return "\n".join(text)


def replaced(page: str, block: str, text: str) -> str:
    """The page with this text between the block's two marks; a page without them gets them at its end."""
    begin, end = f"<!-- {block}: begin -->", f"<!-- {block}: end -->"
    before, _, rest = page.partition(begin)
    return before + begin + "\n" + text + "\n" + end + (rest.partition(end)[2] or "\n")


def compared(pages: list[dict]) -> str:
    """The thresholds of each block of all machines side by side."""
    text = []
    for block, title in BLOCKS.items():
        having = [page for page in pages if page["thresholds"].get(block)]
        whats = {}
        for page in having:
            for _, what, _, bound in page["thresholds"][block]:
                whats.setdefault((what, bound), None)
        rows = []
        for what, bound in whats:
            row = [what, bound]
            for page in having:
                found = next((one for one in page["thresholds"][block] if (one[1], one[3]) == (what, bound)), None)
                row.append("" if found is None else found[2] if found[0] else f"**{found[2]}**")
            rows.append(row)
        if having:
            text.append(f"\n### {title}\n\n" + table(["", "wanted", *[
                f"[{page['cpu']}](docs/performance/{page['name']}.md)" for page in having]], rows))
    return "\n".join(text).lstrip()


BLOCKS = {"measured": "One machine", "fleet": "A fleet"}


def tell(results, write: bool) -> int:
    """Prints everything; with `write`, puts it into the tree. The exit code."""
    missed, cpu = 0, results["machine"]["cpu"]
    name, folder = machine_name(cpu), ROOT / "docs/performance"
    page, numbers = folder / f"{name}.md", folder / f"{name}.json"
    known = json.loads(numbers.read_text()) if numbers.exists() else {"cpu": cpu, "name": name, "thresholds": {}}
    text = page.read_text() if page.exists() else (
        f"# Measured on: {cpu}\n\nWritten by `scripts/bench --write`. [PERFORMANCE.md](../../PERFORMANCE.md) says how it is measured "
        f"and what follows from it.\n\n![CPU time per cached answer]({name}.svg)\n\n## One machine\n\n"
        "<!-- measured: begin -->\n<!-- measured: end -->\n\n## A fleet\n\n<!-- fleet: begin -->\n<!-- fleet: end -->\n")
    for block, parts in {"measured": PARTS, "fleet": {"fleet": fleet}}.items():
        if not parts.keys() & results.keys():
            continue
        thresholds = Thresholds()
        tables = told(results, parts, thresholds)
        missed += thresholds.missed
        print(tables)
        text = replaced(text, block, tables)
        known["thresholds"][block] = thresholds.rows
    if write:
        folder.mkdir(exist_ok=True)
        page.write_text(text)
        # A threshold a line, so that a difference between two versions can be read.
        numbers.write_text(re.sub(r"\[\s+(true|false),\s+(.*?),\s+(.*?),\s+(.*?)\s+\]", r"[\1, \2, \3, \4]",
                                  json.dumps(known, indent=1)) + "\n")
        if "hits" in results:
            (folder / f"{name}.svg").write_text(plot.draw(results["hits"]["values"]))
        summary = ROOT / "PERFORMANCE.md"
        pages = [json.loads(one.read_text()) for one in sorted(folder.glob("*.json"))]
        summary.write_text(replaced(summary.read_text(), "thresholds", compared(pages)))
    return 1 if missed else 0
