"""Vary, fields that are stored, invalidation, stale responses, interim responses, ranges and Cache-Status."""

import gzip
import re

from cases.caching import HOUR, STALE_AFTER, age, cc, first, then, two
from model import Answered, Case, Expect, Group, Pause, Reply, Step, refuse, response


def varied(id, level, title, vary, one, other, how, rfc="9111 4.1", needs=("vary-same",), **more):
    """A response with Vary, asked for with some fields and then with others."""
    lines = tuple(("Vary", value) for value in ((vary,) if isinstance(vary, str) else vary))
    return two("vary-" + id, rfc, level, title, cc("max-age=3600", *lines), how, request=one, again=other, needs=needs, **more)


FOO, BAR = (("Foo", "1"),), (("Foo", "2"),)
VARY = Group("Vary", "a stored response is used for requests with the same fields", (
    varied("same", "should", "A request with the same field is served from the store", "Foo", FOO, FOO, "hit",
        needs=("fresh-max-age",)),
    varied("differs", "must", "A request with another value is not served from the store", "Foo", FOO, BAR, "asked",
        needs=("fresh-max-age",)),
    varied("stored-without", "must", "A field that the stored request lacked does not match", "Foo", (), FOO, "asked",
        needs=("fresh-max-age",)),
    varied("asked-without", "must", "A missing field does not match", "Foo", FOO, (), "asked", needs=("fresh-max-age",)),
    varied("case", "must", "The field's name in mixed case is the same", "fOO", FOO, BAR, "asked", needs=("fresh-max-age",)),
    varied("two", "should", "Two fields that are the same", "Foo, Bar", (("Foo", "1"), ("Bar", "a")),
        (("Foo", "1"), ("Bar", "a")), "hit"),
    varied("two-one-differs", "must", "Two fields, the second of which differs", "Foo, Bar", (("Foo", "1"), ("Bar", "a")),
        (("Foo", "1"), ("Bar", "b")), "asked", needs=("fresh-max-age",)),
    varied("two-lines", "must", "Two lines of Vary are one list", ("Foo", "Bar"), (("Foo", "1"), ("Bar", "a")),
        (("Foo", "1"), ("Bar", "b")), "asked", needs=("fresh-max-age",)),
    varied("order", "should", "The order of the request's fields does not matter", "Foo, Bar", (("Foo", "1"), ("Bar", "a")),
        (("Bar", "a"), ("Foo", "1")), "hit"),
    varied("other-field", "should", "Fields that Vary does not name do not matter", "Foo", FOO + (("Other", "2"),),
        FOO + (("Other", "3"),), "hit"),
    varied("star", "must", "Vary: * matches nothing", "*", FOO, FOO, "asked", needs=("fresh-max-age",)),
    varied("star-list", "must", "Vary: Foo, * matches nothing", "Foo, *", FOO, FOO, "asked", needs=("fresh-max-age",)),
    varied("star-first", "must", "Vary: *, Foo matches nothing", "*, Foo", FOO, FOO, "asked", needs=("fresh-max-age",)),
    varied("star-lines", "must", "Vary: * on a second line matches nothing", ("Foo", "*"), FOO, FOO, "asked",
        needs=("fresh-max-age",)),
    varied("star-empty", "must", "Vary: , * matches nothing", ", *", FOO, FOO, "asked", needs=("fresh-max-age",)),
    varied("language", "must", "Another Accept-Language does not match", "Accept-Language", (("Accept-Language", "en"),),
        (("Accept-Language", "de"),), "asked", needs=("fresh-max-age",)),
    Case("vary-both", "9111 4.1", "should", "Two variants are stored side by side", needs=("vary-same",), steps=(
        first(cc("max-age=3600", ("Vary", "Foo")), request=FOO),
        then("miss", BAR, Reply(fields=cc("max-age=3600", ("Vary", "Foo")))), then("hit", FOO))),
    Case("vary-coding", "9110 12.5.3", "must", "A coded response is not for a client that takes no coding",
        needs=("fresh-max-age",), steps=(
        Step((("Accept-Encoding", "gzip"),), Reply(fields=cc("max-age=3600", ("Vary", "Accept-Encoding"),
        ("Content-Encoding", "gzip")),
                                                  body=gzip.compress(b'{"data":[]}', mtime=0)), Expect("asked", 200),
                                                      given=True),
        Step((("Accept-Encoding", "identity"),), Reply(fields=cc("max-age=3600", ("Vary", "Accept-Encoding"))),
        Expect(status=200, lacks=("content-encoding",))))),
))

HOP = (("Proxy-Authenticate", "Basic", "must"), ("Proxy-Connection", "keep-alive", "should"), ("Upgrade", "made-up", "should"),
    ("TE", "trailers", "should"))

STORED = Group("stored fields", "which fields of a response are stored", (
    two("stored-field", "9111 3.1", "must", "An unknown field is stored and served again", cc("max-age=3600", ("X-Field", "1")),
        "hit", has=(("x-field", "1"),)),
    two("stored-type", "9111 3.1", "must", "Content-Type is stored",
        cc("max-age=3600", ("Content-Type", "application/json; charset=utf-8")), "hit",
        has=(("content-type", "application/json; charset=utf-8"),)),
    two("stored-etag", "9111 3.1", "must", "ETag is stored", cc("max-age=3600", ("ETag", '"a"')), "hit",
        has=(("etag", '"a"'),)),
    two("stored-modified", "9111 3.1", "must", "Last-Modified is stored",
        cc("max-age=3600", ("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")), "hit",
        has=(("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT"),)),
    two("stored-cc", "9111 3.1", "must", "Cache-Control is stored", cc("max-age=3600, x-odd=1"), "hit",
        has=(("cache-control", lambda value: "x-odd=1" in value),)),
    two("stored-language", "9111 3.1", "must", "Content-Language is stored", cc("max-age=3600", ("Content-Language", "de")),
        "hit",
        has=(("content-language", "de"),)),
    two("stored-policy", "9111 3.1", "must", "Content-Security-Policy is stored",
        cc("max-age=3600", ("Content-Security-Policy", "default-src 'self'")), "hit",
        has=(("content-security-policy", "default-src 'self'"),)),
    two("stored-length", "9111 3.1", "must", "The length is that of the body", HOUR, "hit", status=200),
    two("stored-connection", "9111 3.1", "must", "Fields that Connection names are not stored",
        cc("max-age=3600", ("Connection", "x-hop, keep-alive"), ("X-Hop", "1")), "hit", lacks=("x-hop",)),
    *(two("stored-no-" + name.lower(), "9111 3.1", level, f"{name} is not stored", cc("max-age=3600", (name, value)), None,
        lacks=(name,))
        for name, value, level in HOP),
))

# Alone, as every case with an unsafe method to `@C`: a server may invalidate every query of the path, which the cases share.
INVALIDATION = Group("invalidation", "unsafe methods invalidate stored responses", (
    *(Case(f"invalid-{method.decode().lower()}", "9111 4.4", "must",
        f"A {method.decode()} that succeeds invalidates the stored response", needs=("fresh-max-age",), alone=True, steps=(
        first(), Step((), Reply(body=b"{}"), Expect("asked", 200), method, b"abc", given=True),
        then("asked"))) for method in (b"POST", b"PUT", b"DELETE", b"PATCH")),
    Case("invalid-unknown", "9111 4.4", "must", "An unknown method that succeeds invalidates the stored response",
        needs=("fresh-max-age",), alone=True,
        steps=(
        first(), Step((), Reply(body=b"{}"), Expect("asked", 200), b"M-SEARCH", b"abc", given=True), then("asked"))),
    Case("invalid-201", "9111 4.4", "must", "A POST with 201 invalidates the stored response", needs=("fresh-max-age",), alone=True, steps=(
        first(), Step((), Reply(201, "Created", body=b"{}"), Expect("asked", 201), b"POST", b"abc", given=True),
        then("asked"))),
    Case("invalid-302", "9111 4.4", "must", "A POST with a redirect invalidates the stored response", needs=("fresh-max-age",), alone=True,
        steps=(
        first(), Step((), Reply(303, "See Other", (("Location", "/"),), b"{}"), Expect("asked", 303), b"POST", b"abc",
        given=True), then("asked"))),
    Case("invalid-failed", "9111 4.4", "should", "A POST that fails does not invalidate", needs=("fresh-max-age",), alone=True,
        steps=(
        first(), Step((), Reply(500, "Internal Server Error", body=b"{}"), Expect("asked", 500), b"POST", b"abc", given=True),
        then("hit"))),
    Case("invalid-options", "9111 4.4", "should", "OPTIONS, which is safe, does not invalidate", needs=("fresh-max-age",), alone=True,
        steps=(
        first(), Step((), Reply(body=b"{}"), Expect(), b"OPTIONS"), then("hit"))),
))

GONE = Reply(then="drop")
FRESH = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: max-age=3600\r\n"
STALE = Group("stale responses", "what is served when the origin fails", (
    Case("stale-must-revalidate", "9111 5.2.2.2", "must",
        "must-revalidate is never served stale when the origin is unreachable",
        needs=("fresh-max-age",), alone=True, steps=(
        first(cc("max-age=1, must-revalidate"), STALE_AFTER), then("unserved", reply=GONE))),
    Case("stale-proxy-revalidate", "9111 5.2.2.8", "must", "proxy-revalidate is never served stale", needs=("fresh-max-age",),
        alone=True,
        steps=(
        first(cc("max-age=1, proxy-revalidate"), STALE_AFTER), then("unserved", reply=GONE))),
    Case("stale-s-maxage", "9111 5.2.2.10", "must", "s-maxage is never served stale", needs=("fresh-max-age",),
        alone=True, steps=(
        first(cc("s-maxage=1"), STALE_AFTER), then("unserved", reply=GONE))),
    Case("stale-no-cache", "9111 5.2.2.4", "must", "no-cache is never served stale", needs=("fresh-max-age",), alone=True,
        steps=(
        first(cc("max-age=1, no-cache"), STALE_AFTER), then("unserved", reply=GONE))),
    Case("stale-error", "5861 4", "should", "stale-if-error is served when the origin says 503", needs=("fresh-max-age",),
        alone=True, steps=(
        first(cc("max-age=1, stale-if-error=60"), STALE_AFTER),
        then("hit", reply=Reply(503, "Service Unavailable"), status=200))),
    Case("stale-error-gone", "5861 4", "should", "stale-if-error is served when the origin is unreachable",
        needs=("fresh-max-age",),
        alone=True, steps=(
        first(cc("max-age=1, stale-if-error=60"), STALE_AFTER), then("hit", reply=GONE, status=200))),
    Case("stale-error-age", "9111 5.1", "must", "A stale response is served with its Age", needs=("stale-error",), alone=True,
        steps=(
        first(cc("max-age=1, stale-if-error=60"), STALE_AFTER),
        then("hit", reply=Reply(503, "Service Unavailable"), status=200, has=(("age", age(2, 30)),)))),
    Case("stale-error-404", "5861 4", "must", "A 404 is not replaced by a stale response",
        needs=("fresh-max-age",), alone=True, steps=(
        first(cc("max-age=1, stale-if-error=60"), STALE_AFTER),
        then("asked", reply=Reply(404, "Not Found", body=b'{"error":{"code":404,"message":"none"}}'), status=404))),
    Case("stale-none", "9111 3.3", "must", "A truncated response is not served from the store", needs=("fresh-max-age",),
        alone=True, steps=(
        Step((), Reply(raw=FRESH + b"Content-Length: 500\r\n\r\n{\"data\":[", then="close"), Expect("asked", complete=False)),
        then("unstored"))),
    Case("stale-none-chunks", "9111 3.3", "must", "A response with truncated chunks is not served from the store",
        needs=("fresh-max-age",), alone=True, steps=(
        Step((), Reply(raw=FRESH + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{\"data\":[\r\n", then="close"),
             Expect("asked", complete=False)),
        then("unstored"))),
))

HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nX-Hint: 1\r\n\r\n"
INTERIM = Group("interim responses", "the final response is stored", (
    Case("interim-stored", "9110 15.2", "should", "The final response after a 103 is stored", needs=("fresh-max-age",), steps=(
        Step((), Reply(fields=HOUR, interim=(HINT,)), Expect("asked", 200)), then("hit", interim=()))),
    Case("interim-fields", "9110 15.2", "must", "Fields of a 103 are not stored with the final response",
        needs=("fresh-max-age",), steps=(
        Step((), Reply(fields=HOUR, interim=(HINT,)), Expect("asked", 200, lacks=("x-hint",)), given=True),
        then(None, lacks=("x-hint",)))),
    Case("interim-passed", "9110 15.2", "must", "A 103 is passed on with a response that is stored", needs=("fresh-max-age",),
        steps=(
        Step((), Reply(fields=HOUR, interim=(HINT,)), Expect("asked", 200, interim=(103,))),)),
))

TEN = Reply(fields=cc("max-age=3600", ("Content-Type", "application/json")), body=b'{"data":0}')
RANGES = Group("ranges", "parts of stored responses", (
    *(Case("range-" + id, "9110 14.2", level, title, needs=("fresh-max-age",), steps=(
        Step((), TEN, Expect("asked", 200), given=True), Step((("Range", value),), TEN, expect)))
        for id, level, title, value, expect in (
        ("part", "should", "A part is served from a complete stored response", "bytes=1-2",
        Expect("unasked", 206, body=b'"d', has=(("content-range", "bytes 1-2/10"),))),
        ("open", "should", "A part without an end is served from the store", "bytes=7-", Expect("unasked", 206, body=b':0}')),
        ("last", "should", "The last bytes are served from the store", "bytes=-2", Expect("unasked", 206, body=b'0}')),
        ("odd", "must", "A unit that is unknown is ignored", "frob=1-2", Expect(status=200, body=b'{"data":0}')),
        ("beyond", "must", "A part beyond the end gets 416 or the complete body", "bytes=100-", Expect(status=(200, 416))),
    )),
    Case("range-if", "9110 13.1.5", "must", "If-Range with another tag gets the complete body", needs=("fresh-max-age",),
        steps=(
        Step((), Reply(fields=cc("max-age=3600", ("ETag", '"a"')), body=b'{"data":0}'), Expect("asked", 200), given=True),
        Step((("Range", "bytes=1-2"), ("If-Range", '"other"')),
        Reply(fields=cc("max-age=3600", ("ETag", '"a"')), body=b'{"data":0}'), Expect(status=200, body=b'{"data":0}')))),
))


def status(*words):
    """A member of Cache-Status has all of these parameters."""
    def good(value):
        for member in value.split(","):
            parts = [part.strip() for part in member.split(";")]
            if all(any(re.fullmatch(word, part) for part in parts[1:]) for word in words):
                return True
        return False
    return ("cache-status", good)


STORE = b"GET @C HTTP/1.1\r\nHost: @H\r\n\r\n"


def on_wire(id, rfc, level, title, more, allow, methods=(b"GET", b"GET"), reply=None):
    """A GET that has its response stored, and then requests on the same connection."""
    return Case("wire-" + id, rfc, level, title, (STORE, Answered(0.15), more), allow,
        reply or Reply(fields=HOUR, body=b'{"data":[]}'), methods,
                needs=("fresh-max-age",))


def same(result):
    bodies = {one.body for one in result.responses}
    return None if len(bodies) == 1 else f"the bodies were {bodies}"


def get(lines, version=b"1.1", method=b"GET"):
    return method + b" @C HTTP/" + version + b"\r\nHost: @H\r\n" + lines + b"\r\n"


WIRE = Group("stored responses on a connection", "the same rules hold for responses from the store", (
    on_wire("again", "9112 9.3", "must", "A stored response is served on the same connection", STORE,
        response(200, responses=2, got=1, closes=False, checks=(same,))),
    on_wire("pipeline", "9112 9.3.2", "must", "Twenty at once", STORE * 20, response(200, responses=21, got=1, checks=(same,)),
        (b"GET",) * 21),
    on_wire("close", "9112 9.6", "must", "Connection: close ends it", get(b"Connection: close\r\n"),
        response(200, responses=2, closes=True)),
    on_wire("1-0", "9112 9.3", "must", "HTTP/1.0 ends it", get(b"", b"1.0"), response(200, responses=2, closes=True)),
    on_wire("head", "9110 9.3.2", "must", "HEAD has no body, and a GET after it is served", get(b"", method=b"HEAD") + STORE,
        response(200, responses=3), (b"GET", b"HEAD", b"GET")),
    on_wire("head-length", "9110 9.3.2", "should", "HEAD has the length that GET has", get(b"", method=b"HEAD"),
        response(200, responses=2,
                checks=(lambda r: None if r.responses[0].get("content-length") == r.responses[1].get("content-length")
                else "it has another",)), (b"GET", b"HEAD")),
    on_wire("body", "9110 9.3.1", "must", "A GET with a body: it is read, or the connection ends",
        get(b"Content-Length: 5\r\n") + b"hello" + STORE,
        (refuse(400, responses=2, got=1), response(200, responses=3), response(200, responses=2, closes=True)), (b"GET",) * 3),
    on_wire("body-inner", "9110 9.3.1", "must", "A GET whose body looks like a request",
        get(b"Content-Length: 40\r\n") + b"GET /?inner HTTP/1.1\r\nX-Field: 012345678" + STORE,
        (refuse(400, responses=2, got=1), response(200, responses=3), response(200, responses=2, closes=True)), (b"GET",) * 3),
    on_wire("both", "9112 6.1", "must", "Length and coding end the connection",
        get(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + b"0\r\n\r\n" + STORE,
        (refuse(400, 501, responses=2, got=1), response(200, responses=2, closes=True)), (b"GET", b"GET")),
    on_wire("fold", "9112 5.2", "must", "A folded line is refused, or joined", get(b"X-Field: a\r\n b\r\n"),
        (refuse(400, responses=2, got=1), response(200, responses=2))),
    on_wire("host-two", "9112 3.2", "must", "Two Host fields get 400", get(b"Host: other.example\r\n"),
        refuse(400, responses=2, got=1, closes=None)),
    on_wire("host-none", "9112 3.2", "must", "No Host gets 400", b"GET @C HTTP/1.1\r\n\r\n",
        refuse(400, responses=2, got=1, closes=None)),
    on_wire("lf", "9112 2.2", "should", "Bare LFs are ends of lines, or refused", get(b"").replace(b"\r\n", b"\n"),
        (refuse(400, responses=2, got=1), response(200, responses=2))),
    on_wire("absolute", "9112 3.2.2", "must", "The absolute form is served", get(b"").replace(b" @C", b" http://@H@C"),
        response(200, responses=2)),
    on_wire("condition", "9110 13.1.2", "should", "A 304 has no body, and a GET after it is served",
        get(b"If-None-Match: *\r\n") + STORE, response(200, responses=3), (b"GET",) * 3),
    on_wire("condition-keeps", "9110 15.4.5", "must", "A stored response that is not asked for with a condition is complete",
        get(b"") + STORE, response(200, responses=3, checks=(same,)), (b"GET",) * 3),
    on_wire("options", "9110 8.6", "must", "OPTIONS is answered, and a 204 has no length", get(b"", method=b"OPTIONS"),
        response(200, 204, 405, responses=2), (b"GET", b"OPTIONS")),
    Case("wire-cut", "9112 2.2", "must", "A head in pieces", (STORE, Answered(0.15), get(b"X-Fi")[:-2], Pause(0.1), b"eld: val",
        Pause(0.1), b"ue\r\n\r", Pause(0.1), b"\n"),
        response(200, responses=2, got=1, checks=(same,)), Reply(fields=HOUR, body=b'{"data":[]}'), (b"GET", b"GET"),
        needs=("fresh-max-age",)),
))

CACHE_STATUS = Group("Cache-Status", "what the cache reports", (
    Case("cache-status-present", "9211 2", "should", "A response has Cache-Status", needs=("fresh-max-age",),
        steps=(first(), then("hit", has=(("cache-status", lambda value: ";" in value),)))),
    Case("cache-status-hit", "9211 2.1", "must", "A fresh stored response is a hit", needs=("cache-status-present",),
        steps=(first(), then("hit", has=(status("hit"),)))),
    Case("cache-status-hit-ttl", "9211 2.4", "must", "ttl is the remaining lifetime", needs=("cache-status-present",),
        steps=(first(cc("max-age=1000")), then("hit", has=(status("hit", r"ttl=(9\d\d|1000)"),)))),
    Case("cache-status-no-both", "9211 2.2", "must", "A hit is not forwarded", needs=("cache-status-present",),
        steps=(first(), then("hit", has=(("cache-status", lambda value: "fwd=" not in value),)))),
    Case("cache-status-miss", "9211 2.2", "must", "A request without a stored response is forwarded with fwd=uri-miss or miss",
        needs=("cache-status-present",),
        steps=(then("asked", reply=Reply(fields=HOUR), has=(status(r"fwd=(uri-)?miss"),)),)),
    Case("cache-status-stored", "9211 2.5", "must", "A response that gets stored is marked as stored",
        needs=("cache-status-present",),
        steps=(then("asked", reply=Reply(fields=HOUR), has=(status("stored(=\\?1)?"),)),)),
    Case("cache-status-not-stored", "9211 2.5", "must", "A response with no-store is not marked as stored",
        needs=("cache-status-present",), steps=(
        then("asked", reply=Reply(fields=cc("no-store")), has=(("cache-status",
        lambda value: not re.search(r"; *stored(=\?1)?(;|,|$)", value)),)),)),
    Case("cache-status-stale", "9211 2.2", "must", "For a stale response, the request is forwarded with fwd=stale",
        needs=("cache-status-present", "fresh-max-age-stale"),
        steps=(first(cc("max-age=1"), STALE_AFTER), then("asked", has=(status("fwd=stale"),)))),
    Case("cache-status-request", "9211 2.2", "must", "For a request with no-cache, fwd is request",
        needs=("cache-status-present", "ask-no-cache"), steps=(first(),
        then("asked", (("Cache-Control", "no-cache"),), has=(status("fwd=request"),)))),
    Case("cache-status-code", "9211 2.3", "must", "fwd-status is the status that the origin sent",
        needs=("cache-status-present",), steps=(
        first(cc("max-age=1", ("ETag", '"a"')), STALE_AFTER),
        then("asked", reply=Reply(fields=cc("max-age=1", ("ETag", '"a"'))), status=200, has=(status("fwd-status=304"),)))),
    Case("cache-status-bypass", "9211 2.2", "must", "A POST is forwarded with fwd=bypass or method",
        needs=("cache-status-present",), alone=True,
        steps=(
        Step((), Reply(body=b"{}"), Expect("asked", 200, has=(status("fwd=(bypass|method)"),)), b"POST", b"abc"),)),
))
