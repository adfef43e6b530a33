"""Connections, methods, and what a proxy does to the messages that it passes on."""

import re

from cases.fields import has, lacks
from model import SUCCESS, Answered, Case, Group, Outcome, Pause, Reply, deliver, refuse, response

DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
                  r"\d{4} \d\d:\d\d:\d\d GMT")
GET = b"GET @T HTTP/1.1\r\nHost: @H\r\n\r\n"
POST = b"POST @T HTTP/1.1\r\nHost: @H\r\nContent-Length: 5\r\n\r\nhello"


def get(lines=b"", version=b"1.1", method=b"GET"):
    return method + b" @T HTTP/" + version + b"\r\nHost: @H\r\n" + lines + b"\r\n"


def has_field(name, good):
    """The response has a field whose value is good."""
    def check(result):
        value = result.responses[-1].get(name)
        return None if value is not None and good(value) else f"{name} is {value!r}"
    return check


def no_switch(result):
    return "it switched protocols" if any(one.status == 101 for one in result.responses + result.interim) else None


def websocket(lines=b"Connection: Upgrade\r\n", version=b"1.1", method=b"GET", number=b"13"):
    return get(lines + b"Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: "
               + number + b"\r\n",
               version, method)


def distinct(result):
    """The responses of two requests are the origin's two responses, in order."""
    bodies = [one.body for one in result.responses]
    return None if len(set(bodies)) == len(bodies) else "two requests got one response"


def served_in_order(result):
    serials = [int(re.search(rb'"serial":(\d+)', one.body)[1]) for one in result.responses if one.body]
    return None if serials == sorted(serials) else f"responses came in the order {serials}"


def promised(result):
    return None if [one.status for one in result.interim] == [100] else "there was neither a 100 nor the refusal"


ECHO = (Reply(body=b'{"first":1}'), Reply(body=b'{"second":2}'), Reply(body=b'{"third":3}'))


def in_order(result):
    wanted = [reply.body for reply in ECHO][:len(result.responses)]
    found = [one.body for one in result.responses]
    return None if found == wanted else f"the responses were {found}"


CONNECTIONS = Group("connections", "persistence, pipelining, Expect and Upgrade", (
    Case("stay-1-1", "9112 9.3", "should", "HTTP/1.1 stays open", GET, deliver(closes=False)),
    Case("stay-close", "9112 9.6", "must", "Connection: close ends it after the response", get(b"Connection: close\r\n"),
        deliver(closes=True)),
    Case("stay-close-field", "9112 9.6", "should", "The response has Connection: close too", get(b"Connection: close\r\n"),
        deliver(closes=True, checks=(has_field("connection", lambda value: "close" in value.lower()),))),
    Case("stay-close-list", "9110 7.6.1", "must", "close within a list ends it", get(b"Connection: x-field , close\r\n"),
        deliver(closes=True)),
    Case("stay-close-second", "9110 7.6.1", "must", "close in a second field ends it",
        get(b"Connection: keep-alive\r\nConnection: close\r\n"), deliver(closes=True)),
    Case("stay-close-rest", "9112 9.6", "must", "Nothing after Connection: close is served",
        get(b"Connection: close\r\n") + GET, deliver(closes=True)),
    Case("stay-1-0", "9112 9.3", "must", "HTTP/1.0 ends after the response", get(version=b"1.0"), deliver(closes=True)),
    Case("stay-1-0-chunks", "9112 6.1", "must", "HTTP/1.0 gets no chunks", get(version=b"1.0"),
        deliver(checks=(lambda r: "the response has chunks" if r.responses[0].all("transfer-encoding") else None,)),
        Reply(chunked=True, body=b"x" * 500)),
    Case("stay-1-0-keep", "9112 9.3", "should", "HTTP/1.0 with keep-alive stays open and the response says so, or it closes",
        get(b"Connection: keep-alive\r\n", b"1.0"),
        (deliver(closes=False, checks=(has_field("connection", lambda value: "keep-alive" in value.lower()),)),
        deliver(closes=True))),
    Case("stay-version", "9112 2.3", "must", "The response to HTTP/1.0 is of HTTP/1", get(version=b"1.0"),
        deliver(checks=(lambda r: None if r.responses[0].start.startswith(b"HTTP/1.") else "it is not",))),
    Case("stay-two", "9112 9.3", "must", "Two requests, one after the other", (GET, Answered(), GET),
        deliver(got=2, responses=2, checks=(distinct,)), methods=(b"GET", b"GET")),
    Case("pipeline-two", "9112 9.3.2", "must", "Two requests at once are answered in order", GET + GET,
        deliver(got=2, responses=2, checks=(in_order,)), ECHO, methods=(b"GET", b"GET")),
    Case("pipeline-three", "9112 9.3.2", "must", "Three requests at once, the first slowly answered", GET + GET + GET,
        deliver(got=3, responses=3, checks=(served_in_order,)), (Reply(pause=0.3), Reply(), Reply()), methods=(b"GET",) * 3),
    Case("pipeline-body", "9112 9.3.2", "must", "A POST and a GET at once", POST + GET,
        deliver(got=2, responses=2, checks=(in_order,)), ECHO,
        methods=(b"POST", b"GET")),
    Case("pipeline-chunks", "9112 9.3.2", "must", "A POST in chunks and a GET at once",
        b"POST @T HTTP/1.1\r\nHost: @H\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + GET,
        deliver(got=2, responses=2, checks=(in_order,)), ECHO, methods=(b"POST", b"GET")),
    Case("pipeline-head", "9112 9.3.2", "must", "A HEAD and a GET at once", GET.replace(b"GET", b"HEAD", 1) + GET,
        deliver(got=2, responses=2), methods=(b"HEAD", b"GET")),
    Case("pipeline-empty-line", "9112 2.2", "should", "An empty line between two requests is ignored", POST + b"\r\n" + GET,
        deliver(got=2, responses=2), methods=(b"POST", b"GET")),
    Case("pipeline-bad", "9112 9.3.2", "must", "A good request and a bad one at once: the good one is answered first",
        GET + b"GET\0 @T HTTP/1.1\r\n\r\n",
        Outcome((400,), responses=2, got=1, closes=True), methods=(b"GET", b"GET")),
    Case("expect-early", "9110 10.1.1", "must",
        "Expect: 100-continue is answered before the body comes, by 100 or a final response",
        (get(b"Content-Length: 5\r\nExpect: 100-continue\r\n", method=b"POST"), Answered(), b"hello"),
        deliver(b"hello", checks=(lambda r: None if r.interim and r.interim[0].status == 100 else "there was no 100",))),
    Case("expect-case", "9110 10.1.1", "must", "100-Continue in mixed case is the same",
        (get(b"Content-Length: 5\r\nExpect: 100-Continue\r\n", method=b"POST"), Answered(), b"hello"),
        deliver(b"hello", checks=(lambda r: None if r.interim and r.interim[0].status == 100 else "there was no 100",))),
    Case("expect-refused", "9110 10.1.1", "must", "A refusal before the body comes reaches the client",
        get(b"Content-Length: 5\r\nExpect: 100-continue\r\n", method=b"POST"),
        (response(413), Outcome(None, waits=True, checks=(promised,))),
        Reply(413, "Content Too Large", early=True, then="close"), limit=1.9),
    Case("expect-1-0", "9110 10.1.1", "must", "HTTP/1.0 gets no 100",
        get(b"Content-Length: 5\r\nExpect: 100-continue\r\n", b"1.0", b"POST") + b"hello",
        deliver(b"hello", checks=(lambda r: "there was a 100" if r.interim else None,))),
    Case("expect-unknown", "9110 10.1.1", "should", "Another expectation gets 417, or is ignored",
        get(b"Expect: something\r\n"),
        (refuse(417, closes=None), deliver())),
    Case("expect-no-body", "9110 10.1.1", "should", "Expect without a body is served", get(b"Expect: 100-continue\r\n"),
        deliver()),
    Case("upgrade-unknown", "9110 7.8", "must", "An unknown protocol is not switched to",
        get(b"Connection: Upgrade\r\nUpgrade: made-up/1.0\r\n"),
        (refuse(closes=None), deliver(checks=(no_switch,)))),
    Case("upgrade-alone", "9110 7.8", "must", "Upgrade that Connection does not name is not passed on", websocket(b""),
        (refuse(closes=None), deliver(checks=(no_switch, lacks("upgrade"))))),
    Case("upgrade-1-0", "9110 7.8", "must", "Upgrade in HTTP/1.0 is ignored", websocket(version=b"1.0"),
        (refuse(closes=None), deliver(checks=(no_switch,)))),
    Case("upgrade-post", "6455 4.1", "must", "A WebSocket handshake by POST is not accepted", websocket(method=b"POST"),
        (refuse(closes=None), deliver(checks=(no_switch,)))),
    Case("upgrade-version", "6455 4.2.2", "must", "A WebSocket handshake of an unknown version is not accepted",
        websocket(number=b"99"),
        (refuse(closes=None), deliver(checks=(no_switch,)))),
    Case("upgrade-lie", "9110 15.2.2", "must", "A 101 that nobody asked for is not passed on", GET,
        response(*range(200, 300), 500, 502, 503, 504, got=None),
        Reply(raw=b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: made-up\r\n\r\n", then="close"),
        ill=True),
    Case("half-close", "9112 9.6", "should", "A response on its way survives that the next request never comes", GET, deliver(),
        Reply(pause=0.3)),
))

# What a server does when a request comes too slowly. The servers run with limits of 10 seconds where they have any.
GIVEN_UP = Outcome((400, 408), silent=True, closes=True, got=0)
PATIENCE = Group("timeouts", "a request that does not arrive is given up", (
    Case("slow-head", "9110 15.5.9", "should", "A head that stops gets 408, or the connection ends",
        b"GET @T HTTP/1.1\r\nHost: @H\r\nX-Fie", GIVEN_UP, limit=40, slow=True),
    Case("slow-body", "9110 15.5.9", "should", "A body that stops gets 408, or the connection ends",
        b"POST @T HTTP/1.1\r\nHost: @H\r\nContent-Length: 10\r\n\r\nhello",
        Outcome((400, 408, 500, 502, 503, 504), silent=True, closes=True, got=0), limit=40, slow=True),
    Case("slow-drip", "9110 15.5.9", "should", "A head of which a byte comes every two seconds is given up too",
        (b"GET @T HTTP/1.1\r\nHost: @H\r\nX-Field: ", *(piece for _ in range(14) for piece in (Pause(2), b"a"))), GIVEN_UP,
        limit=6, slow=True),
))

METHODS = Group("methods and responses", "required methods and fields", (
    Case("method-head", "9110 9.3.2", "must", "HEAD has no body, and the origin gets HEAD or GET", get(method=b"HEAD") + GET,
        response(200, responses=2), methods=(b"HEAD", b"GET")),
    Case("method-head-length", "9110 9.3.2", "should", "HEAD has the length that GET has", get(method=b"HEAD"),
        deliver(checks=(has_field("content-length", lambda value: value == "1234"),)),
        Reply(fields=(("Content-Length", "1234"),), body=b"")),
    *(Case("method-" + method.decode().lower(), "9110 9.1", "must", f"{method.decode()} is passed on",
        get(b"Content-Length: 5\r\n", method=method) + b"hello",
        deliver(b"hello", method=method)) for method in (b"POST", b"PUT", b"PATCH")),
    Case("method-delete", "9110 9.3.5", "must", "DELETE is passed on", get(method=b"DELETE"), deliver(method=b"DELETE")),
    Case("method-options", "9110 9.3.7", "must", "OPTIONS is passed on, or answered", get(method=b"OPTIONS"),
        response(200, 204, 405)),
    Case("method-trace", "9110 9.3.8", "must", "TRACE gives away no key",
        get(b"Authorization: Bearer secret\r\nCookie: a=secret\r\n", method=b"TRACE"),
        Outcome((), checks=(lambda r: "the response has the key" if b"secret" in r.responses[0].body else None,))),
    Case("method-date", "9110 6.6.1", "must", "A response without Date is given one", GET,
        deliver(checks=(has_field("date", DATE.fullmatch),)), Reply(date=None)),
    Case("method-date-kept", "9110 6.6.1", "must", "A Date of the origin stays", GET,
        deliver(checks=(has_field("date", lambda value: value == "Thu, 01 Jan 2026 00:00:00 GMT"),)),
        Reply(fields=(("Date", "Thu, 01 Jan 2026 00:00:00 GMT"),))),
    Case("method-date-error", "9110 6.6.1", "should", "An error has a Date too", b"GET @T HTTP/1.1\r\n\r\n",
        response(400, checks=(has_field("date", DATE.fullmatch),))),
    Case("method-204", "9110 8.6", "must", "A 204 has no length and no coding", GET, response(204), Reply(204, "No Content")),
    Case("method-204-length", "9110 8.6", "must", "A 204 of the origin with a length is sent without", GET + GET,
        response(204, 200, responses=2),
        (Reply(raw=b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", then="close"), Reply()),
        methods=(b"GET", b"GET")),
    Case("method-405", "9110 15.5.6", "must", "A 405 has Allow", b"DELETE /api/v1/models HTTP/1.1\r\nHost: @H\r\n\r\n",
        (response(405, checks=(has_field("allow", lambda value: "GET" in value),)), response(*SUCCESS))),
    Case("method-post-range", "9110 14.2", "must", "Range on POST is ignored",
        get(b"Content-Length: 5\r\nRange: bytes=0-10\r\n", method=b"POST") + b"hello",
        deliver(b"hello", (200,))),
    Case("method-types", "9110 8.3", "should", "Two content types are refused or passed on as they are",
        get(b"Content-Length: 5\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n", method=b"POST") + b"hello",
        (refuse(400), deliver(b"hello"))),
    Case("method-type-odd", "9110 8.3", "should", "An unknown content type is passed on",
        get(b"Content-Length: 5\r\nContent-Type: application/x-nothing\r\n", method=b"POST") + b"hello", deliver(b"hello")),
))


def forward(id, rfc, level, title, lines, *checks, allow=None, reply=(), **more):
    return Case("forward-" + id, rfc, level, title, get(lines), allow or deliver(checks=checks), reply, **more)


def back(id, rfc, level, title, lines, *checks, **more):
    """A response with such fields."""
    fields = tuple(tuple(line.split(": ", 1)) for line in lines)
    return Case("back-" + id, rfc, level, title, GET, deliver(checks=checks, **more), Reply(fields=fields))


def lacks_fields(*names):
    def check(result):
        for name in names:
            if result.responses[-1].get(name) is not None:
                return f"the response has {name}: {result.responses[-1].get(name)}"
    return check


def via(value):
    return bool(re.search(r"(^|,)\s*1\.1 \S+", value or ""))


FORWARDING = Group("forwarding", "what a proxy adds, removes and leaves alone", (
    forward("via", "9110 7.6.3", "must", "Via is added to a request", b"",
        lambda r: None if via(r.got[0].get("via")) else f"Via is {r.got[0].get('via')}"),
    forward("via-more", "9110 7.6.3", "must", "Via is added after the ones before", b"Via: 1.0 earlier\r\n",
        lambda r: None if re.match(r"1\.0 earlier, ?1\.1 \S+",
                r.got[0].get("via") or "") else f"Via is {r.got[0].get('via')}"),
    forward("via-1-0", "9110 7.6.3", "must", "Via names the version that the request had", b"", allow=deliver(checks=(
        lambda r: None if re.match(r"1\.0 \S+", r.got[0].get("via") or "") else f"Via is {r.got[0].get('via')}",))),
    back("via", "9110 7.6.3", "should", "Via is added to a response", (), has_field("via", via)),
    forward("version", "9110 2.5", "must", "The version is the proxy's own", b"",
        lambda r: None if r.got[0].version == 1 else "it was 1.0"),
    forward("connection", "9110 7.6.1", "must", "Fields that Connection names are not passed on",
        b"Connection: x-hop, x-other\r\nX-Hop: 1\r\nX-Other: 2\r\nX-Field: 3\r\n",
        lacks("x-hop"), lacks("x-other"), has("x-field", "3")),
    forward("connection-case", "9110 7.6.1", "must", "Fields that a second Connection in mixed case names are not passed on",
        b"CONNECTION: keep-alive\r\nconnection:X-HOP\r\nx-hop: 1\r\n", lacks("x-hop")),
    *(forward("hop-" + name.lower(), "9110 7.6.1", level, f"{name} is not passed on", f"{name}: {value}\r\n".encode(),
        lambda r, name=name, value=value: f"it was: {r.got[0].get(name)}" if value in (r.got[0].get(name) or "")
                  else None)
        for name, value, level in (("Keep-Alive", "timeout=77", "should"), ("Proxy-Connection", "keep-alive", "should"),
        ("TE", "deflate", "should"),
                                 ("Upgrade", "made-up", "should"))),
    forward("te", "9110 10.1.4", "must", "TE that Connection names is not passed on", b"Connection: TE\r\nTE: trailers\r\n",
        lambda r: None if not r.got[0].get("te") or "te" in (r.got[0].get("connection") or "").lower()
                else "TE is there without Connection"),
    forward("fields", "9110 5.1", "must", "Unknown fields are passed on", b"X-One: 1\r\nFrob: a, b\r\n", has("x-one", "1"),
        has("frob", "a, b")),
    forward("authorization", "9110 11.6.2", "must", "Authorization is passed on as it is", b"Authorization: Bearer key\r\n",
        has("authorization", "Bearer key")),
    forward("accept-encoding", "9110 12.5.3", "should", "Accept-Encoding is passed on as it is",
        b"Accept-Encoding: zstd, br;q=0.5\r\n", has("accept-encoding", "zstd, br;q=0.5")),
    Case("forward-query", "9110 4.2.2", "must", "Query and percent signs are passed on as they are",
        b"GET @T/%7e%2f?a=%20&b=+&&c HTTP/1.1\r\nHost: @H\r\n\r\n",
        deliver(checks=(lambda r: None if r.got[0].target.endswith(b"/%7e%2f?a=%20&b=+&&c")
        else f"the target was {r.got[0].target}",))),
    Case("forward-slashes", "9112 3.2.1", "must", "Double slashes are passed on as they are",
        b"GET @T//a///b HTTP/1.1\r\nHost: @H\r\n\r\n",
        deliver(checks=(lambda r: None if r.got[0].target.endswith(b"//a///b") else f"the target was {r.got[0].target}",))),
    Case("forward-origin-form", "9112 3.2.2", "must",
        "An absolute target goes on in the origin's form, or with the origin's Host",
        b"GET http://@H@T HTTP/1.1\r\nHost: @H\r\n\r\n",
        deliver(checks=(lambda r: None if r.got[0].target.startswith(b"/") else f"the target was {r.got[0].target}",))),
    Case("forward-max-forwards", "9110 7.6.2", "must", "OPTIONS with Max-Forwards: 0 goes no further",
        get(b"Max-Forwards: 0\r\n", method=b"OPTIONS"),
        response(*SUCCESS, 405, 501, got=0)),
    Case("forward-max-forwards-trace", "9110 7.6.2", "must", "TRACE with Max-Forwards: 0 goes no further",
        get(b"Max-Forwards: 0\r\n", method=b"TRACE"),
        response(*SUCCESS, 400, 405, 501, got=0)),
    Case("forward-max-forwards-one", "9110 7.6.2", "must", "OPTIONS with Max-Forwards: 5 is forwarded with 4",
        get(b"Max-Forwards: 5\r\n", method=b"OPTIONS"),
        (deliver(checks=(has("max-forwards", "4"),)), response(405, 501, got=0))),
    Case("forward-max-forwards-get", "9110 7.6.2", "should", "Max-Forwards on GET may be ignored", get(b"Max-Forwards: 0\r\n"),
        deliver()),
    Case("forward-length", "9112 6.2", "must", "A body with a length has one length on the way", POST,
        deliver(b"hello", checks=(lambda r: None if r.got[0].chunked or r.got[0].all("content-length") == ["5"]
        else "it has not",))),
    Case("forward-large", "9112 6.2", "must", "A body of a megabyte arrives complete",
        b"POST @T HTTP/1.1\r\nHost: @H\r\nContent-Length: 1000000\r\n\r\n" + b"0123456789" * 100_000,
        deliver(b"0123456789" * 100_000)),
    Case("forward-early", "9112 9.3", "should", "A response before the body is complete reaches the client",
        b"POST @T HTTP/1.1\r\nHost: @H\r\nContent-Length: 1000000\r\n\r\nhello", response(401),
        Reply(401, "Unauthorized", early=True, then="close"), limit=2.3),
    Case("forward-cut", "9112 8", "must", "After a client disconnects within a body, the origin has no complete request",
        b"POST @T HTTP/1.1\r\nHost: @H\r\nContent-Length: 10\r\n\r\nhello",
        Outcome(None, waits=True, silent=True, got=0), limit=0.5),
    back("connection", "9110 7.6.1", "must", "Fields that the response's Connection names are not passed on",
        ("Connection: x-hop, keep-alive", "X-Hop: 1", "X-Field: 2"),
        lacks_fields("x-hop"), has_field("x-field", "2".__eq__)),
    back("keep-alive", "9110 7.6.1", "should", "Keep-Alive of the origin is not passed on", ("Keep-Alive: timeout=77",),
        lambda r: "it was" if "77" in (r.responses[0].get("keep-alive") or "") else None),
    back("proxy-connection", "9110 7.6.1", "should", "Proxy-Connection of the origin is not passed on",
        ("Proxy-Connection: keep-alive",), lacks_fields("proxy-connection")),
    back("upgrade", "9110 7.6.1", "should", "Upgrade of the origin is not passed on", ("Upgrade: h2c", "Connection: upgrade"),
        lambda r: "it was" if "h2c" in (r.responses[0].get("upgrade") or "") else None),
    back("fields", "9110 5.1", "must", "Unknown fields of a response are passed on", ("X-One: 1", "Frob: a, b"),
        has_field("x-one", "1".__eq__), has_field("frob", "a, b".__eq__)),
    back("order", "9110 5.3", "must", "Fields of one name keep their order", ("X-Field: a", "X-Field: b"),
        has_field("x-field", "a, b".__eq__)),
    back("latin", "9110 5.5", "should", "Bytes above ASCII in a value are passed on", ("X-Field: caf\xe9",),
        has_field("x-field", "caf\xe9".__eq__)),
    back("type", "9110 8.3", "must", "Content-Type is passed on as it is", ("Content-Type: text/x-odd; a=b",),
        has_field("content-type", "text/x-odd; a=b".__eq__)),
    back("encoding", "9110 8.4", "must", "Content-Encoding and the coded body are passed on", ("Content-Encoding: x-odd",),
        has_field("content-encoding", "x-odd".__eq__)),
    back("etag", "9110 8.8.3", "must", "ETag is passed on as it is",
        ('ETag: "a b"', "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT"), has_field("etag", '"a b"'.__eq__)),
    back("cache-control", "9111 5.2", "must", "Cache-Control is passed on as it is", ("Cache-Control: no-store, x-odd=1",),
        has_field("cache-control", "no-store, x-odd=1".__eq__)),
    Case("back-phrase", "9112 4", "must", "A status without a phrase is passed on", GET, response(299),
        Reply(raw=b"HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n")),
    Case("back-unknown", "9110 15", "must", "An unknown status is passed on", GET, response(499, closes=None),
        Reply(499, "Odd")),
    Case("back-unknown-5", "9110 15", "must", "An unknown status of 5xx is passed on", GET, response(599, closes=None),
        Reply(599, "Odd")),
    Case("back-redirect", "9110 15.4", "must", "A redirect is passed on", GET,
        response(302, checks=(has_field("location", "http://other.example/x".__eq__),)),
        Reply(302, "Found", fields=(("Location", "http://other.example/x"),))),
    Case("back-early-hints", "9110 15.2", "must", "A 103 is passed on, and the response after it", GET,
        deliver(checks=(lambda r: None if [one.status for one in r.interim] == [103] and r.interim[0].get("link")
        else "there was no 103 with Link",)),
        Reply(interim=(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n",))),
    Case("back-processing", "9110 15.2", "must", "A 102 is passed on, and the response after it", GET,
        deliver(checks=(lambda r: None if [one.status for one in r.interim] == [102] else "there was no 102",)),
        Reply(interim=(b"HTTP/1.1 102 Processing\r\n\r\n",))),
    Case("back-interim-two", "9110 15.2", "must", "Two interim responses are passed on", GET,
        deliver(checks=(lambda r: None if [one.status for one in r.interim] == [102,
        103] else f"they were {[one.status for one in r.interim]}",)),
        Reply(interim=(b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"))),
    Case("back-interim-1-0", "9110 15.2", "must", "HTTP/1.0 gets no interim responses", get(version=b"1.0"),
        deliver(checks=(lambda r: "there was one" if r.interim else None,)),
        Reply(interim=(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",))),
    Case("back-100", "9110 15.2", "should", "A 100 that nobody asked for is passed on or dropped", GET, deliver(),
        Reply(interim=(b"HTTP/1.1 100 Continue\r\n\r\n",))),
))
# This request has to be sent as HTTP/1.0.
FORWARDING = Group(FORWARDING.name, FORWARDING.about, tuple(
    Case(case.id, case.rfc, case.level, case.title, get(version=b"1.0"), case.allow) if case.id == "forward-via-1-0" else case
    for case in FORWARDING.cases))
