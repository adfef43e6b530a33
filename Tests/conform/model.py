"""What a case is. Cases are data: they say what is sent, what the origin sends back, and what a server may make of it.

In the bytes of a case, `@T` stands for a request target of its own that a proxy passes through, `@C` for one whose response
may be stored, `@H` for the server's host and port, and `@L` for the length of what follows the first empty line.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from origin import Reply
from wire import At, Request, Response

__all__ = ["SUCCESS", "Answered", "At", "Case", "Expect", "Group", "Outcome", "Pause", "Quiet", "Reply", "Request", "Response",
           "Result", "Step", "deliver", "refuse", "response", "waits"]


@dataclass(frozen=True)
class Pause:
    """Between two parts of what is sent: so many seconds, in which a response may come."""
    seconds: float


@dataclass(frozen=True)
class Answered:
    """Between two parts: a response has to begin here, or the connection has to end. Then so many seconds."""
    seconds: float = 0


@dataclass(frozen=True)
class Quiet:
    """Between two parts: so many seconds in which no response may come, since the request is not complete."""
    seconds: float


@dataclass
class Result:
    """What became of what was sent."""
    responses: list[Response] = field(default_factory=list)  # final ones
    interim: list[Response] = field(default_factory=list)
    closed: bool = False
    reset: bool = False
    waited: bool = False  # the time was over before the last response that was expected
    early: bool = False  # a response came where none may
    late: bool = False  # none came where one has to
    got: list[Request] = field(default_factory=list)  # what the origin has seen of it

    def summary(self) -> str:
        """All of it in one line."""
        parts = []
        for one in self.interim + self.responses:
            text = str(one.status or one.start[:40])
            parts.append(text if one.complete else text + " cut")
        if self.early:
            parts.append("a response before the request is complete")
        if not parts:
            parts.append("no response")
        parts.append("reset" if self.reset else "closed" if self.closed else "open")
        for one in self.got:
            where = f"{one.method.decode('latin-1')[:20]}, {'complete' if one.complete else 'not complete'}"
            if one.body:
                where += f", body {one.body[:24]!r}"
            parts.append(f"origin got {where}" + (f" ({'; '.join(one.defects)})" if one.defects else ""))
        if not self.got:
            parts.append("origin got nothing")
        for one in self.interim + self.responses:
            if one.defects:
                parts.append(f"response: {'; '.join(one.defects)}")
        return ", ".join(parts)


Check = Callable[[Result], str | None]


@dataclass(frozen=True)
class Outcome:
    """One thing that a server may do. All of what is set has to hold."""
    statuses: tuple[int, ...] | None = None  # of the last response; () for any
    silent: bool = False  # it may close without a response
    waits: bool = False  # it may leave the request unanswered, as it waits for more
    closes: bool | None = None
    got: int | None = None  # so many complete requests have reached the origin
    responses: int = 1
    method: bytes | None = None
    body: bytes | None = None
    checks: tuple[Check, ...] = ()

    def fault(self, result: Result) -> str | None:
        """Why a result is not this, or None if it is."""
        complete = [request for request in result.got if request.complete]
        if self.got is not None and len(complete) != self.got:
            return ("it did not reach the origin" if not complete else "it reached the origin" if (self.got, len(complete)) == (0, 1)
                    else f"{len(complete)} requests reached the origin")
        if not result.responses:
            if self.silent and result.closed or self.waits and not result.closed:
                return None
            return "it was closed without a response" if result.closed else "there was no response"
        if self.statuses is None:
            return f"it was answered with {result.responses[-1].status}"
        if len(result.responses) != self.responses:
            return f"there were {len(result.responses)} responses in place of {self.responses}"
        if self.statuses and result.responses[-1].status not in self.statuses:
            return f"the status was {result.responses[-1].status}"
        if self.closes is not None and result.closed != self.closes:
            return "the connection was closed" if result.closed else "the connection stayed open"
        if self.method is not None and complete and complete[-1].method != self.method:
            return f"the origin got {complete[-1].method!r}"
        if self.body is not None and [request.body for request in complete] != [self.body]:
            return f"the origin got {[request.body[:60] for request in complete]}"
        for check in self.checks:
            if said := check(result):
                return said
        return None


ERRORS = (*range(400, 452), 501, 505)
SUCCESS = (*range(200, 300),)


def refuse(*statuses: int, closes: bool | None = True, silent: bool | None = None, got: int = 0, **more) -> Outcome:
    """It is an error with one of these statuses (any client error by default), and no complete request reaches the origin."""
    return Outcome(statuses or ERRORS, silent=not statuses if silent is None else silent, closes=closes, got=got, **more)


def deliver(body: bytes | None = b"", statuses=SUCCESS, got: int | None = 1, **more) -> Outcome:
    """It is passed on, with this body, and the origin's response comes back."""
    return Outcome(tuple(statuses), body=body if got == 1 else None, got=got, **more)


def response(*statuses: int, **more) -> Outcome:
    """It is answered so; what the origin sees does not matter."""
    return Outcome(statuses, **more)


def waits(**more) -> Outcome:
    """There is no response, because the request is not complete, or the connection closes. No complete request reaches the origin."""
    return Outcome(None, silent=True, waits=True, got=0, **more)


# MARK: Requests to what is stored

@dataclass(frozen=True)
class Expect:
    """What a step's response has to be. `how` is hit (nothing was asked of the origin), miss (a new response of the origin),
    validated (a request reached the origin with a condition, and what was stored is served), asked (a request reached the origin, in
    whatever way), unasked (none did), unserved (what was stored is not served), unstored (an error, or a request reached the origin)."""
    how: str | None = None
    status: int | tuple[int, ...] | None = None
    has: tuple = ()  # name and value, or name and a function of the value that is true
    lacks: tuple[str, ...] = ()
    sent: tuple = ()  # fields of the request that the origin got, in the same form
    unsent: tuple[str, ...] = ()
    interim: tuple[int, ...] | None = None
    method: bytes | None = None
    complete: bool = True  # the response has to be
    body: bytes | None = None


@dataclass(frozen=True)
class Step:
    """One request on a connection of its own, and what the origin says if it is asked."""
    fields: tuple = ()
    reply: Reply | None = None
    expect: Expect = Expect()
    method: bytes = b"GET"
    body: bytes | None = None
    pause: float = 0  # after it
    given: bool = False  # if this is not as expected, the case does not apply
    more: str = ""  # after the target
    target: str | None = None  # in place of it
    version: str = "1.1"


@dataclass(frozen=True)
class Case:
    """`level` is "must" or "should" as the RFCs say it; "should" stands also for what a useful cache does where no RFC says
    that it has to. `needs` names cases that a server has to pass, else this one does not apply."""
    id: str
    rfc: str
    level: str
    title: str
    send: bytes | tuple = b""
    allow: Outcome | tuple[Outcome, ...] = ()
    reply: Reply | tuple[Reply, ...] = ()
    methods: tuple[bytes, ...] = ()  # of the requests in `send`, where there are several
    steps: tuple[Step, ...] = ()
    needs: tuple[str, ...] = ()
    ill: bool = False  # a malformed response of the origin: what comes back may be truncated
    alone: bool = False  # a process of its own: what happens would change how others are served
    limit: float = 5  # seconds that a response may take
    slow: bool = False  # not in the quick part
    skip: dict = field(default_factory=dict)  # server: why the case does not apply to it


@dataclass(frozen=True)
class Group:
    name: str
    about: str
    cases: tuple[Case, ...]
