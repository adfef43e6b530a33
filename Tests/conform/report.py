"""The lines that are printed, the verdict of a run, and docs/conformance.md."""

import re
from pathlib import Path

import known
from model import Case, Group
from runner import FAILED, NOT_APPLICABLE, PASSED, Verdict
from servers import NAMES

Verdicts = dict[str, Verdict]


def count(verdicts: Verdicts, cases, state: str, level: str | None = None) -> int:
    return sum(1 for case in cases if case.id in verdicts and verdicts[case.id].state == state and level in (None, verdicts[case.id].level))


def show(name: str, verdicts: Verdicts, groups: tuple[Group, ...], seconds: float, verbose: bool):
    cases = [case for group in groups for case in group.cases if case.id in verdicts]
    print(f"{NAMES[name]}: {count(verdicts, cases, PASSED)} passed, {count(verdicts, cases, FAILED, 'must')} musts and "
          f"{count(verdicts, cases, FAILED, 'should')} shoulds failed, {count(verdicts, cases, NOT_APPLICABLE)} not applicable; "
          f"{seconds:.0f} s")
    for case in cases:
        verdict = verdicts[case.id]
        if verdict.state == FAILED and (verbose or name != "larder"):
            print(f"  {verdict.level:6} {case.id:28} RFC {case.rfc:14} {case.title}: {verdict.why}")
        if verbose and verdict.state == FAILED:
            print(f"         {verdict.details}")
        elif verbose and verdict.state == NOT_APPLICABLE:
            print(f"  n/a    {case.id:28} {verdict.why}")


def judge(verdicts: Verdicts | None) -> int:
    """0 if Larder fails what it is known to fail and nothing else."""
    if verdicts is None:
        return 0
    failed = {name for name, verdict in verdicts.items() if verdict.state == FAILED}
    unknown, repaired = failed - known.LARDER.keys(), (known.LARDER.keys() & verdicts.keys()) - failed - known.SOMETIMES.keys()
    for name in sorted(unknown):
        verdict = verdicts[name]
        print(f"conform: Larder fails {name} (RFC {verdict.case.rfc}, {verdict.level}): {verdict.case.title}: "
              f"{verdict.why}\n"
              f"         {verdict.details}")
    for name in sorted(repaired):
        print(f"conform: Larder no longer fails {name}: take it out of Tests/conform/known.py and "
              "write docs/conformance.md again (--write)")
    return 1 if unknown or repaired else 0


# MARK: docs/conformance.md

HEAD = """\
# Conformance

`make conform` tests the built binary against the RFCs of HTTP, as a black box: a raw client on one side, a scripted origin on the other,
both on loopback. No network is needed. The same cases run against nginx, HAProxy and Varnish where they are installed
(`scripts/setup --bench`), which shows how other servers behave.

```sh
scripts/conform                               # Larder
scripts/conform --quick                       # without the slow cases: about 15 seconds, part of make test
scripts/conform --server all                  # also nginx, HAProxy and Varnish
scripts/conform --server all --write          # writes this page
scripts/conform --case chunk-size --verbose   # the cases whose names begin so, with what was received
LARDER_BINARY=/usr/bin/larder scripts/conform
```

The cases are in `Tests/conform/cases`, as data: what is sent, what the origin sends back, what is allowed, and the section of the RFC that says so.
Their subjects follow public lists: h1spec and Http11Probe for requests, http-tests/cache-tests for caching. The cases themselves were written
for this suite.

- **must** and **should** are the words of the RFCs. A *should* is also what a useful cache does although no RFC requires it, such as using a
  fresh copy. The directives of requests are all *should*, because RFC 9111 section 5.2.1 makes them advisory.
- Where an RFC leaves a choice, each choice passes. In particular, a server may refuse what is ambiguous.
- Malformed bytes that are passed on to the origin fail a *must*, whatever the case is about. So does a malformed response.
- A case does not apply if the server lacks what the case builds on: what is not stored cannot be served stale.
- A case that does not pass runs again with more time before it counts, unless malformed bytes were passed on.
- The runner is tested too: each case has to fail against a server that is wrong on purpose, such as one that says 200 to everything or one that
  serves its first response forever (`Tests/conform/check_runner.py`).

`make test` fails if Larder fails a case that is not listed below, or passes one that is (`Tests/conform/known.py`).

"""

SETUP = """\
Larder runs with `ttl.respect_upstream`, `ttl.no_cache = "0s"` and `stale.while_revalidate = "0s"`, because in the RFCs upstream says how long a
response is fresh; by default Larder's settings do. `server.body_timeout` is 10 s, like the limits of nginx and HAProxy;
`upstream.idle_timeout` is 60 s. Larder stores nothing on disk (`--no-state`) and does not log requests. Cases about storing use `/providers`,
whose bodies Larder stores as they come; all others use a path that it passes through. The peers run with the shortest settings that make them a
caching proxy (`Tests/conform/nginx.conf`, `haproxy.cfg`, `varnish.vcl`), so the table shows what they do by default and not the best that they
can be configured to do.

"""


def cell(verdicts: Verdicts, cases) -> str:
    musts, shoulds = count(verdicts, cases, FAILED, "must"), count(verdicts, cases, FAILED, "should")
    return f"{count(verdicts, cases, PASSED)} / {musts} + {shoulds} / {count(verdicts, cases, NOT_APPLICABLE)}"


def row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |\n"


def failures(verdicts: Verdicts, cases: list[Case], kind: str) -> str:
    """A table of the cases that Larder fails for one reason each; those of one reason stand together."""
    reasons: dict[str, list[Case]] = {}
    for case in cases:
        if verdicts[case.id].state == FAILED:
            found, reason = known.LARDER.get(case.id, (known.FAULT, verdicts[case.id].why))
            if found == kind:
                reasons.setdefault(reason, []).append(case)
    text = row("Cases", "RFC", "Level", "Why") + row("---", "---", "---", "---")
    for reason, each in reasons.items():
        sections = ", ".join(dict.fromkeys(case.rfc for case in each))
        text += row(", ".join(f"`{case.id}`" for case in each), sections, ", ".join(dict.fromkeys(verdicts[case.id].level for case in each)),
            reason)
    return text if reasons else "None.\n"


# What differs from run to run: the targets of requests, the server's port, and dates.
VARIES = ((r"c-[a-z0-9-]+-\d+-z", "..."), (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"), (r"'\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT'", "another time"))

PEERS = """\
What was received, for each case that one of them fails. "It reached the origin" means that the server passed a request on that it has to refuse.
`request 2` is the second of the requests that the case makes one after another. `scripts/conform --server nginx --verbose` shows more.

"""


def came(verdict: Verdict) -> str:
    """One cell: what a server did, in words that do not depend on the run."""
    if verdict.state != FAILED:
        return "passed" if verdict.state == PASSED else "does not apply"
    text = verdict.why
    for pattern, word in VARIES:
        text = re.sub(pattern, word, text)
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def peers(results: dict[str, Verdicts], cases: list[Case]) -> str:
    """A table of the cases that at least one of the other servers fails."""
    text = PEERS + row("Case", "RFC", "Level", "About", *(NAMES[name] for name in results)) + row(*["---"] * (4 + len(results)))
    for case in cases:
        if any(verdicts[case.id].state == FAILED for verdicts in results.values()):
            text += row(f"`{case.id}`", case.rfc, case.level, case.title.replace("|", "\\|").replace("*", "\\*"),
                        *(came(verdicts[case.id]) for verdicts in results.values()))
    return text


def write(path: Path, results: dict[str, Verdicts], versions: dict[str, str], groups: tuple[Group, ...]):
    cases = [case for group in groups for case in group.cases]
    # The page does not depend on chance.
    larder = results["larder"] = {**results["larder"], **{
        name: Verdict(results["larder"][name].case, FAILED, reason) for name, reason in known.SOMETIMES.items()}}
    text = HEAD
    text += f"## Results\n\n{len(cases)} cases; passed / failed musts + failed shoulds / not applicable.\n\n"
    text += row("", *(f"{NAMES[name]} {versions[name]}" for name in results)) + row("---", *("---" for _ in results))
    for group in groups:
        text += row(f"{group.name}: {group.about}", *(cell(verdicts, group.cases) for verdicts in results.values()))
    text += row("**all**", *(f"**{cell(verdicts, cases)}**" for verdicts in results.values()))
    text += "\n" + SETUP
    text += "## Where Larder differs on purpose\n\n" + failures(larder, cases, known.CHOICE)
    text += "\n## Known faults of Larder\n\n" + failures(larder, cases, known.FAULT)
    text += "\n## What does not apply to Larder\n\n"
    reasons: dict[str, list[str]] = {}
    for case in cases:
        if larder[case.id].state == NOT_APPLICABLE:
            reasons.setdefault(larder[case.id].why, []).append(case.id)
    text += row("Cases", "Why") + row("---", "---")
    for reason, names in reasons.items():
        text += row(", ".join(f"`{name}`" for name in names), reason)
    text += "\n## Where the others fail\n\n" + peers({name: each for name, each in results.items() if name != "larder"}, cases)
    path.write_text(text)
    print(f"conform: wrote {path}")
