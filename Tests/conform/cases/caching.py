"""What may be stored and for how long it may be served (RFC 9111), and what Cache-Status says (RFC 9211)."""

import time
from email.utils import parsedate_to_datetime

from model import At, Case, Expect, Group, Reply, Step

HOUR = (("Cache-Control", "max-age=3600"),)
STALE_AFTER = 2.3  # seconds after which what had a lifetime of 1 is stale, by any rounding


def cc(value, *more):
    return (("Cache-Control", value), *more)


def first(fields=HOUR, pause=0.0, request=(), status=200, **more):
    """A first request, which has to be answered by the origin."""
    return Step(request, Reply(status=status, reason="As Scripted", fields=tuple(fields), **more), Expect("asked", status),
        pause=pause, given=True)


def then(how, request=(), reply=None, **more):
    step = {name: more.pop(name) for name in ("method", "more", "pause", "given", "version") if name in more}
    return Step(request, reply, Expect(how, **more), **step)


def two(id, rfc, level, title, fields, how, pause=0.0, request=(), again=(), needs=("fresh-max-age",), status=200, reply=None,
    skip=None, alone=False, **expect):
    """The same thing asked for twice."""
    needs = tuple(name for name in needs if name != id)
    if how == "validated" and reply is None:
        reply = Reply(fields=tuple(fields))
    return Case(id, rfc, level, title, steps=(first(fields, pause, request, status), then(how, again, reply, **expect)),
        needs=needs, skip=skip or {}, alone=alone)


STATUSES = {"larder": "stores 200, and for a short while 400, 401, 403 and 404, of the routes that it knows"}

FRESHNESS = Group("freshness", "how long a response may be served", (
    two("fresh-max-age", "9111 4.2.1", "should", "max-age is used", HOUR, "hit"),
    two("fresh-max-age-stale", "9111 4.2", "must", "After max-age a request goes to the origin", cc("max-age=1"), "asked",
        STALE_AFTER),
    two("fresh-max-age-0", "9111 4.2", "must", "max-age=0 is stale at once", cc("max-age=0"), "asked"),
    two("fresh-case", "9111 5.2", "should", "Directives in mixed case are the same", cc("MaX-aGe=3600"), "hit"),
    two("fresh-extension", "9111 5.2.3", "should", "Unknown directives are ignored",
        cc('x-odd, max-age=3600, x-more="a, b"'), "hit"),
    two("fresh-large", "9111 1.2.2", "should", "2^31 seconds", cc("max-age=2147483648"), "hit"),
    two("fresh-huge", "9111 1.2.2", "should", "More seconds than 32 bits hold", cc("max-age=99999999999"), "hit"),
    two("fresh-zeros", "9111 1.2.2", "should", "Leading zeros", cc("max-age=003600"), "hit"),
    two("fresh-minus", "9111 4.2.1", "should", "A negative max-age is stale", cc("max-age=-3600"), "asked"),
    two("fresh-quoted-single", "9111 4.2.1", "should", "A max-age in single quotation marks is invalid", cc("max-age='3600'"),
        "asked"),
    two("fresh-in-quotes", "9111 5.2", "must", "max-age within a quoted string does not count",
        cc('x-odd="max-age=3600", max-age=1'),
        "asked", STALE_AFTER),
    two("fresh-in-quotes-rev", "9111 5.2", "must", "max-age within a quoted string after the real one does not count",
        cc('max-age=1, x-odd="a, max-age=3600"'), "asked",
        STALE_AFTER),
    two("fresh-no-store-in-quotes", "9111 5.2", "should", "no-store within a quoted string does not count",
        cc('max-age=3600, x-odd="a, no-store, b"'), "hit"),
    two("fresh-twice", "9111 4.2.1", "should",
        "Two max-age directives of one second are stale after two", cc("max-age=1, max-age=1"),
        "asked", STALE_AFTER),
    two("fresh-two-lines", "9110 5.3", "must", "Directives on two lines are one list",
        (("Cache-Control", "x-odd"), ("Cache-Control", "max-age=3600")), "hit"),
    two("fresh-s-maxage", "9111 5.2.2.10", "should", "s-maxage is used", cc("s-maxage=3600"), "hit"),
    two("fresh-s-maxage-short", "9111 4.2.1", "must", "A short s-maxage takes precedence over a long max-age",
        cc("max-age=3600, s-maxage=1"), "asked", STALE_AFTER),
    two("fresh-s-maxage-first", "9111 4.2.1", "must", "s-maxage before max-age: s-maxage takes precedence",
        cc("s-maxage=1, max-age=3600"), "asked",
        STALE_AFTER),
    two("fresh-s-maxage-lines", "9111 4.2.1", "must", "s-maxage on a second line takes precedence",
        (("Cache-Control", "max-age=3600"), ("Cache-Control", "s-maxage=1")), "asked", STALE_AFTER),
    two("fresh-s-maxage-long", "9111 4.2.1", "should", "A long s-maxage takes precedence over a short max-age",
        cc("max-age=1, s-maxage=3600"), "hit", STALE_AFTER),
    two("fresh-s-maxage-0", "9111 4.2.1", "must", "s-maxage=0 is stale at once", cc("max-age=3600, s-maxage=0"), "asked"),
    two("fresh-expires", "9111 5.3", "should", "Expires is used", (("Expires", At(3600)),), "hit"),
    two("fresh-expires-past", "9111 5.3", "must", "A past Expires is stale", (("Expires", At(-3600)),), "asked",
        needs=("fresh-expires",)),
    two("fresh-expires-now", "9111 5.3", "must", "An Expires equal to Date is stale", (("Expires", At(0)),), "asked", 1.3,
        needs=("fresh-expires",)),
    two("fresh-expires-0", "9111 5.3", "must", "Expires: 0 is stale", (("Expires", "0"),), "asked", needs=("fresh-expires",)),
    two("fresh-expires-odd", "9111 5.3", "must", "An Expires that is not a date is stale",
        (("Expires", "Thu, 18 Aug 2050 2:01:18"),), "asked", needs=("fresh-expires",)),
    two("fresh-expires-rfc850", "9110 5.6.7", "must", "An Expires in RFC 850's form is read",
        (("Expires", At(3600, rfc850=True)),), "hit", needs=("fresh-expires",)),
    two("fresh-max-age-expires", "9111 5.3", "should", "max-age takes precedence over a past Expires",
        cc("max-age=3600", ("Expires", At(-7200))), "hit"),
    two("fresh-max-age-expires-odd", "9111 5.3", "should", "max-age takes precedence over an Expires that is not a date",
        cc("max-age=3600", ("Expires", "0")), "hit"),
    two("fresh-max-age-0-expires", "9111 5.3", "must", "max-age=0 takes precedence over a future Expires",
        cc("max-age=0", ("Expires", At(3600))), "asked"),
    two("fresh-pragma", "9111 5.4", "should", "Pragma in a response means nothing", cc("max-age=3600", ("Pragma", "no-cache")),
        "hit"),
    Case("fresh-query", "9111 4", "must", "Another query has a stored response of its own",
        steps=(first(), then("miss", more="&other=1")),
        needs=("fresh-max-age",)),
    Case("fresh-head", "9111 4", "should", "HEAD is served from the stored response to a GET",
        steps=(first(), then("hit", method=b"HEAD")), needs=("fresh-max-age",)),
    Case("fresh-head-first", "9111 4", "must", "GET is not served from the response to a HEAD",
        steps=(Step((), Reply(fields=HOUR), Expect(status=200), b"HEAD", given=True),
        then(None, has=(("content-type", lambda value: "json" in value),), status=200)), needs=("fresh-max-age",)),
    Case("fresh-post", "9110 9.3.3", "must", "POST is not served from the stored response to a GET",
        steps=(first(), Step((), None, Expect("asked"), b"POST", b"hello")), needs=("fresh-max-age",), alone=True),
    *(two(f"status-{status}", "9111 3", "should", f"A {status} with max-age is used", HOUR, "hit", status=status,
        skip=STATUSES) for status in (203, 301, 404, 410)),
    *(two(f"status-{status}-stale", "9111 4.2", "must", f"A stale {status} is not used", cc("max-age=1"), "asked", STALE_AFTER,
        status=status, needs=(f"status-{status}",), skip=STATUSES)
        for status in (203, 301, 404, 410)),
    two("status-206", "9111 3.3", "must", "A 206 is not used as a complete response",
        cc("max-age=3600", ("Content-Range", "bytes 0-4/10")), "asked", status=206, skip=STATUSES),
    two("status-500-none", "9111 3", "must", "A 500 without a lifetime is not used", (), "asked", status=500, alone=True,
        skip={"larder": "does not contact a failing origin again at once, and sends 503"}),
))


def age(low, high=None):
    return lambda value: value.isdigit() and low <= int(value) <= (high if high is not None else 1 << 40)


def dated(low, high):
    """A date so many seconds ago."""
    return lambda value: low <= time.time() - parsedate_to_datetime(value).timestamp() <= high


AGES = Group("Age and Date", "the age of a response", (
    two("age-made", "9111 5.1", "must", "A stored response is served with Age", HOUR, "hit", STALE_AFTER,
        has=(("age", age(2, 20)),)),
    two("age-added", "9111 4.2.3", "must", "The origin's Age is added to", cc("max-age=3600", ("Age", "30")), "hit",
        STALE_AFTER, has=(("age", age(32, 50)),)),
    two("age-expires", "9111 4.2.3", "must", "The origin's Age is added to where Expires gives the lifetime",
        (("Expires", At(3600)), ("Age", "30")),
        "hit", STALE_AFTER, has=(("age", age(32, 50)),), needs=("fresh-expires",)),
    two("age-counts", "9111 4.2", "must", "A response older than max-age on its arrival is stale",
        cc("max-age=3600", ("Age", "7200")), "asked"),
    two("age-counts-nearly", "9111 4.2", "must", "The Age that it came with is subtracted from the lifetime",
        cc("max-age=3600", ("Age", "3599")), "asked", STALE_AFTER),
    two("age-huge", "9111 1.2.2", "must", "An Age of 2^31", cc("max-age=3600", ("Age", "2147483648")), "asked"),
    two("age-vast", "9111 1.2.2", "must", "An Age of more than 64 bits", cc("max-age=3600", ("Age", "99999999999999999999")),
        "asked"),
    two("age-letters", "9111 5.1", "should", "An Age that is not a number is ignored", cc("max-age=3600", ("Age", "abc")),
        "hit"),
    two("age-minus", "9111 5.1", "should", "A negative Age is ignored", cc("max-age=3600", ("Age", "-7200")), "hit"),
    two("age-point", "9111 5.1", "should", "An Age with a point is ignored", cc("max-age=3600", ("Age", "7200.0")), "hit"),
    two("age-two-old", "9111 5.1", "should", "Of two Age fields the first counts: old, 0",
        cc("max-age=3600", ("Age", "7200"), ("Age", "0")), "asked"),
    two("age-two-new", "9111 5.1", "should", "Of two Age fields the first counts: 0, old",
        cc("max-age=3600", ("Age", "0"), ("Age", "7200")), "hit"),
    two("age-list-old", "9111 5.1", "should", "Of a list the first counts: old, 0", cc("max-age=3600", ("Age", "7200, 0")),
        "asked"),
    two("age-list-new", "9111 5.1", "should", "Of a list the first counts: 0, old", cc("max-age=3600", ("Age", "0, 7200")),
        "hit"),
    Case("age-delay", "9111 4.2.3", "must", "The time that the origin takes counts", needs=("fresh-max-age",), steps=(
        Step((), Reply(fields=cc("max-age=2"), pause=2.8), Expect("asked", 200), given=True), then("asked"))),
    Case("date-kept", "9110 6.6.1", "must", "Date stays the origin's", needs=("fresh-max-age",), steps=(
        first(cc("max-age=3600", ("Date", At(-100)))), then("hit", has=(("date", dated(90, 200)),)))),
))

DIRECTIVES = Group("directives of responses", "what may not be stored, or not be used without revalidation", (
    two("no-store", "9111 5.2.2.5", "must", "no-store", cc("no-store"), "asked"),
    two("no-store-case", "9111 5.2", "must", "No-StOrE", cc("No-StOrE"), "asked"),
    two("no-store-fresh", "9111 5.2.2.5", "must", "no-store with max-age", cc("max-age=10000, no-store"), "asked"),
    two("no-store-lines", "9111 5.2.2.5", "must", "no-store on a second line",
        (("Cache-Control", "max-age=10000"), ("Cache-Control", "no-store")), "asked"),
    two("no-cache", "9111 5.2.2.4", "must", "no-cache with max-age", cc("max-age=10000, no-cache"), "asked"),
    two("no-cache-case", "9111 5.2", "must", "No-CaChE", cc("max-age=10000, No-CaChE"), "asked"),
    two("no-cache-condition", "9111 5.2.2.4", "should", "A response with no-cache is stored and revalidated",
        cc("no-cache", ("ETag", '"a"')), "validated"),
    two("no-cache-fields", "9111 5.2.2.4", "must", "no-cache with field names: these are not served without revalidation",
        cc('max-age=3600, no-cache="x-field"', ("X-Field", "1")), None, lacks=("x-field",)),
    two("private", "9111 5.2.2.7", "must", "private is not for a shared cache", cc("private, max-age=3600"), "asked"),
    two("private-case", "9111 5.2", "must", "PrIvAtE", cc("PrIvAtE, max-age=3600"), "asked"),
    two("must-revalidate-fresh", "9111 5.2.2.2", "should", "must-revalidate is used while it is fresh",
        cc("max-age=3600, must-revalidate"), "hit"),
    two("must-revalidate-stale", "9111 5.2.2.2", "must", "must-revalidate is revalidated once it is stale",
        cc("max-age=1, must-revalidate", ("ETag", '"a"')), "asked", STALE_AFTER),
    two("must-understand", "9111 5.2.2.3", "should", "must-understand lets a known status be stored in spite of no-store",
        cc("max-age=3600, no-store, must-understand"), "hit"),
    two("immutable", "8246 2", "must", "immutable does not make a stale response fresh", cc("max-age=1, immutable"), "asked",
        STALE_AFTER),
    two("key", "9111 3.5", "must", "A response to a request with Authorization is not for others", HOUR, "asked",
        request=(("Authorization", "Bearer one"),)),
    two("key-other", "9111 3.5", "must", "A response to a request with one key is not for another key", HOUR, "asked",
        request=(("Authorization", "Bearer one"),),
        again=(("Authorization", "Bearer two"),)),
    two("key-public", "9111 3.5", "should", "A response to a request with Authorization and public is shared",
        cc("max-age=3600, public"), "hit",
        request=(("Authorization", "Bearer one"),)),
    two("key-must-revalidate", "9111 3.5", "should", "A response to a request with Authorization and must-revalidate is shared",
        cc("max-age=3600, must-revalidate"), "hit",
        request=(("Authorization", "Bearer one"),)),
    two("key-s-maxage", "9111 3.5", "should", "A response to a request with Authorization and s-maxage is shared",
        cc("s-maxage=3600"), "hit",
        request=(("Authorization", "Bearer one"),)),
    two("cookie-sent", "9111 7.3", "should", "A request with Cookie is served from the store", HOUR, "hit",
        again=(("Cookie", "a=b"),)),
    two("cookie-set", "9111 7.3", "should", "A response with Set-Cookie is stored, or not served twice with it",
        cc("max-age=3600", ("Set-Cookie", "a=b")), None, lacks=("set-cookie",)),
    Case("no-store-later", "9111 5.2.2.5", "must", "A stale copy gives way to a newer response with no-store",
        needs=("fresh-max-age",), steps=(
        first(cc("max-age=1"), STALE_AFTER), then("asked", reply=Reply(fields=cc("no-store"))), then("asked"))),
))

REQUESTS = Group("directives of requests", "what a client may request", (
    two("ask-no-cache", "9111 5.2.1.4", "should", "no-cache goes to the origin", HOUR, "asked",
        again=(("Cache-Control", "no-cache"),)),
    two("ask-max-age-0", "9111 5.2.1.1", "should", "max-age=0 goes to the origin", HOUR, "asked", 1.1,
        again=(("Cache-Control", "max-age=0"),)),
    two("ask-max-age", "9111 5.2.1.1", "should", "max-age below the age goes to the origin",
        cc("max-age=3600", ("Age", "1800")),
        "asked", again=(("Cache-Control", "max-age=600"),)),
    two("ask-max-age-above", "9111 5.2.1.1", "should", "max-age above the age is served from the store", HOUR, "hit",
        again=(("Cache-Control", "max-age=600"),)),
    two("ask-min-fresh", "9111 5.2.1.3", "should", "min-fresh above the remaining lifetime goes to the origin",
        cc("max-age=1500"), "asked",
        again=(("Cache-Control", "min-fresh=2000"),)),
    two("ask-max-stale", "9111 5.2.1.2", "should", "max-stale accepts a stale response", cc("max-age=1"), "hit", STALE_AFTER,
        again=(("Cache-Control", "max-stale=1000"),)),
    two("ask-pragma", "9111 5.4", "should", "Pragma: no-cache alone is no-cache", HOUR, "asked",
        again=(("Pragma", "no-cache"),)),
    two("ask-condition", "9111 4.3.1", "should", "no-cache revalidates with a condition", cc("max-age=3600", ("ETag", '"a"')),
        "validated", again=(("Cache-Control", "no-cache"),)),
    Case("ask-no-store", "9111 5.2.1.5", "should", "The response to a request with no-store is not stored",
        needs=("fresh-max-age",), steps=(
        Step((("Cache-Control", "no-store"),), Reply(fields=HOUR), Expect("asked", 200), given=True), then("asked"))),
    Case("ask-only", "9111 5.2.1.7", "should", "only-if-cached without a stored response gets 504",
        needs=("fresh-max-age",), steps=(
        then("unasked", (("Cache-Control", "only-if-cached"),), status=504),)),
    Case("ask-only-stored", "9111 5.2.1.7", "should", "only-if-cached is served from the store",
        needs=("fresh-max-age",), steps=(
        first(), then("hit", (("Cache-Control", "only-if-cached"),), status=200))),
    Case("ask-only-stale", "9111 5.2.1.7", "should",
        "only-if-cached with a stale response gets it or 504", needs=("ask-only",), steps=(
        first(cc("max-age=1"), STALE_AFTER), then("unasked", (("Cache-Control", "only-if-cached"),)))),
))

TAG = (("Cache-Control", "max-age=3600"), ("ETag", '"abcdef"'))
SINCE = (("Cache-Control", "max-age=3600"), ("Last-Modified", At(-3000)))


def tagged(id, rfc, level, title, request, status, etag='"abcdef"', how="hit", needs=("fresh-max-age",), **more):
    """A request with a condition, answered from what is stored. In it, `@E` is the ETag of the response before."""
    return Case("if-" + id, rfc, level, title, needs=needs, steps=(
        first((("Cache-Control", "max-age=3600"), ("ETag", etag))), then(how, request, status=status, **more)))


CONDITIONS = Group("conditional requests", "304, and revalidation at the origin", (
    tagged("tag", "9110 13.1.2", "should", "If-None-Match with the stored response's tag gets 304",
        (("If-None-Match", "@E"),),
        304),
    tagged("tag-in-304", "9110 15.4.5", "must", "A 304 has the ETag", (("If-None-Match", "@E"),), 304, has=(("etag", "@E"),)),
    tagged("tag-list-first", "9110 13.1.2", "should", "The tag is the first of a list", (("If-None-Match", '@E, "1", "2"'),),
        304),
    tagged("tag-list-middle", "9110 13.1.2", "should", "The tag is in the middle of a list",
        (("If-None-Match", '"1", @E, "2"'),), 304),
    tagged("tag-list-last", "9110 13.1.2", "should", "The tag is the last of a list", (("If-None-Match", '"1", "2", @E'),),
        304),
    tagged("tag-two-lines", "9110 5.3", "should", "The tag is on a second line",
        (("If-None-Match", '"1"'), ("If-None-Match", "@E")), 304, needs=("if-tag",)),
    tagged("tag-list-comma", "9110 8.8.3", "should", "The tag stands after one with a comma in it",
        (("If-None-Match", '"1, 2", @E'),), 304, needs=("if-tag",)),
    tagged("tag-weak", "9110 8.8.3.2", "should", "A weak tag of the origin matches", (("If-None-Match", "@E"),), 304,
        'W/"abcdef"'),
    tagged("tag-weak-strong", "9110 13.1.2", "should", "The weak form of a strong tag matches", (("If-None-Match", "W/@E"),),
        304,
        needs=("if-tag",)),
    tagged("tag-before-date", "9110 13.1.3", "must", "A tag that matches goes before an If-Modified-Since that does not",
        (("If-None-Match", "@E"), ("If-Modified-Since", At(-100_000))), 304, needs=("if-tag",)),
    tagged("tag-head", "9110 13.1.2", "should", "HEAD with the tag gets 304", (("If-None-Match", "@E"),), 304, method=b"HEAD",
        needs=("if-tag",)),
    tagged("tag-star", "9110 13.1.2", "should", "If-None-Match: * gets 304, as something is stored", (("If-None-Match", "*"),),
        304),
    tagged("tag-differs", "9110 13.1.2", "must", "Another tag gets the response", (("If-None-Match", '"other"'),), 200),
    tagged("tag-unquoted", "9110 8.8.3", "should", "A tag without quotation marks matches nothing",
        (("If-None-Match", "abcdef"),), 200),
    tagged("tag-part", "9110 8.8.3.2", "must", "A part of the tag matches nothing", (("If-None-Match", '"abc"'),), 200),
    Case("if-both", "9110 13.1.3", "must", "If-Modified-Since beside an If-None-Match that differs is ignored",
        needs=("fresh-max-age",), steps=(
        first(TAG + (("Last-Modified", At(-3000)),)), then(None, (("If-None-Match", '"other"'), ("If-Modified-Since", At(0))),
        status=200))),
    Case("if-since", "9110 13.1.3", "should", "If-Modified-Since now gets 304", needs=("fresh-max-age",), steps=(
        first(SINCE), then("hit", (("If-Modified-Since", At(60)),), status=304)), ),
    Case("if-since-earlier", "9110 13.1.3", "must", "If-Modified-Since before Last-Modified gets the response",
        needs=("fresh-max-age",), steps=(
        first(SINCE), then("hit", (("If-Modified-Since", At(-10000)),), status=200))),
    Case("if-since-rfc850", "9110 5.6.7", "must", "If-Modified-Since in RFC 850's form is read", needs=("if-since",), steps=(
        first(SINCE), then("hit", (("If-Modified-Since", At(60, rfc850=True)),), status=304))),
    Case("if-since-odd", "9110 13.1.3", "must", "If-Modified-Since that is not a date is ignored", needs=("fresh-max-age",),
        steps=(
        first(SINCE), then("hit", (("If-Modified-Since", "not-a-date"),), status=200))),
    Case("if-304-fields", "9110 15.4.5", "must", "A 304 has Date, and Cache-Control and ETag if the 200 has", needs=("if-tag",),
        steps=(
        first(TAG), then("hit", (("If-None-Match", "@E"),), status=304,
        has=(("date", lambda value: True), ("cache-control", lambda value: True), ("etag", lambda value: True))))),
    Case("if-head", "9110 13.1.2", "should", "HEAD with If-None-Match: * gets 304", needs=("if-tag-star",), steps=(
        first(TAG), then("hit", (("If-None-Match", "*"),), status=304, method=b"HEAD"))),
    Case("again-tag", "9111 4.3.1", "should", "A stale response is revalidated with its tag", needs=("fresh-max-age-stale",),
        steps=(
        first(cc("max-age=1", ("ETag", '"abcdef"')), STALE_AFTER),
        then("validated", status=200, sent=(("if-none-match", '"abcdef"'),),
        reply=Reply(fields=cc("max-age=1", ("ETag", '"abcdef"')))))),
    Case("again-weak", "9111 4.3.1", "should", "A stale response is revalidated with its weak tag",
        needs=("fresh-max-age-stale",), steps=(
        first(cc("max-age=1", ("ETag", 'W/"abcdef"')), STALE_AFTER),
        then("validated", status=200, sent=(("if-none-match", 'W/"abcdef"'),),
        reply=Reply(fields=cc("max-age=1", ("ETag", 'W/"abcdef"')))))),
    Case("again-date", "9111 4.3.1", "should", "A stale response is revalidated with its date", needs=("fresh-max-age-stale",),
        steps=(
        first(cc("max-age=1", ("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")), STALE_AFTER),
        then("validated", status=200, sent=(("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT"),),
        reply=Reply(fields=cc("max-age=1", ("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")))))),
    Case("again-client", "9111 4.3.2", "must", "The response to a client's own condition is not served to others",
        needs=("fresh-max-age",), steps=(
        Step((("If-None-Match", '"abcdef"'),), Reply(fields=TAG), Expect("asked"), given=True), then(None, status=200))),
    Case("again-304-fresh", "9111 4.3.4", "should", "A 304 makes a stale response fresh", needs=("again-tag",), steps=(
        first(cc("max-age=1", ("ETag", '"a"')), STALE_AFTER),
        then("validated", reply=Reply(fields=cc("max-age=3600", ("ETag", '"a"')))), then("hit"))),
    # What is not reset is at least 4 seconds old at the end.
    Case("again-304-age", "9111 4.3.4", "must", "A 304 resets the age", needs=("again-304-fresh", "age-made"), steps=(
        first(cc("max-age=1", ("ETag", '"a"')), STALE_AFTER + 2),
        then("validated", reply=Reply(fields=cc("max-age=3600", ("ETag", '"a"')))),
        then("hit", has=(("age", age(0, 3)),)))),
    Case("again-304-body", "9111 4.3.4", "must", "A 304 with a content length leaves the body complete", needs=("again-tag",),
        steps=(
        first(cc("max-age=1", ("ETag", '"a"')), STALE_AFTER),
        then("validated", status=200,
        reply=Reply(raw=b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nCache-Control: max-age=3600\r\n'
                                                              b"Content-Length: 10\r\n\r\n")))),
    Case("again-304-field", "9111 3.2", "must", "A field of a 304 replaces the stored one",
        needs=("again-304-fresh", "stored-field"), steps=(
        first(cc("max-age=1", ("ETag", '"a"'), ("X-Field", "1")), STALE_AFTER),
        then("validated", reply=Reply(fields=cc("max-age=3600", ("ETag", '"a"'), ("X-Field", "2")))),
        then("hit", has=(("x-field", "2"),)))),
    Case("again-304-keeps", "9111 3.2", "must", "A field that is missing in a 304 stays",
        needs=("again-304-fresh", "stored-field"),
        steps=(
        first(cc("max-age=1", ("ETag", '"a"'), ("X-Field", "1")), STALE_AFTER),
        then("validated", reply=Reply(fields=cc("max-age=3600", ("ETag", '"a"')),
        changes=cc("max-age=3600", ("ETag", '"a"')))),
        then("hit", has=(("x-field", "1"),)))),
    Case("again-304-type", "9111 3.2", "must", "Content-Type stays where a 304 has none", needs=("again-304-fresh",), steps=(
        first(cc("max-age=1", ("ETag", '"a"')), STALE_AFTER),
        then("validated", reply=Reply(fields=cc("max-age=3600", ("ETag", '"a"')),
        changes=cc("max-age=3600", ("ETag", '"a"')))),
        then("hit", has=(("content-type", lambda value: value.startswith("application/json")),)))),
    Case("again-304-shorter", "9111 3.2", "must", "A 304 with a shorter lifetime counts", needs=("again-304-fresh",), steps=(
        first(cc("max-age=1", ("ETag", '"a"')), STALE_AFTER),
        then("validated", reply=Reply(fields=cc("max-age=1", ("ETag", '"a"'))), pause=STALE_AFTER),
        then("asked", reply=Reply(fields=cc("max-age=1", ("ETag", '"a"')))))),
    Case("again-304-no-store", "9111 5.2.2.5", "must", "After a 304 with no-store nothing is served without revalidation",
        needs=("again-tag",), steps=(
        first(cc("max-age=1", ("ETag", '"a"')), STALE_AFTER),
        then("asked", reply=Reply(fields=cc("no-store", ("ETag", '"a"')))), then("asked"))),
    Case("again-new", "9111 4.3.3", "must", "A 200 in place of the 304 is served and stored", needs=("again-tag",), steps=(
        first(cc("max-age=1", ("ETag", '"a"')), STALE_AFTER),
        then("miss", reply=Reply(fields=cc("max-age=3600", ("ETag", '"b"')), validates=False)), then("hit"))),
    Case("again-unasked-304", "9111 4.3.3", "must",
        "An unsolicited 304 is not sent to a client without a condition",
        needs=(), alone=True, steps=(
        Step((), Reply(304, "Not Modified", fields=TAG), Expect(has=()), given=False),)),
))
