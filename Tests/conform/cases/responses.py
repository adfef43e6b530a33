"""What the origin sends back: framing that is right, framing that is wrong, and responses that stop."""

from model import Case, Group, Outcome, Reply, response

GET = b"GET @T HTTP/1.1\r\nHost: @H\r\n\r\n"
LINE = b"HTTP/1.1 200 OK\r\n"
CHUNKED = LINE + b"Transfer-Encoding: chunked\r\n\r\n"
FAILS = (500, 502, 503, 504)


def body_is(body):
    def check(result):
        one = result.responses[0]
        return None if one.body == body and one.complete else f"the body was {one.body[:60]!r}"
    return check


def right(id, rfc, level, title, raw, body=b"hello", *checks, then="keep", send=GET, status=200, **more):
    return Case("response-" + id, rfc, level, title, send, response(status, checks=(body_is(body), *checks)),
        Reply(raw=raw, then=then), **more)


def wrong(id, rfc, level, title, raw, then="close", *more_allowed, **more):
    """A response that cannot be read. It must become an error, or end so that no client mistakes it for a complete one."""
    return Case("response-" + id, rfc, level, title, GET, (response(*FAILS), BROKEN_OFF, *more_allowed),
        Reply(raw=raw, then=then),
        ill=True, **more)


def cut(result):
    return "the response seems to be complete" if result.responses[0].complete and not result.responses[0].defects else None


BROKEN_OFF = Outcome((), silent=True, closes=True, checks=(cut,))


def no_evil(result):
    """What the origin sent after a response was not used for the next request."""
    return "surplus bytes were passed on" if any(b"evil" in one.body for one in result.responses) else None


def clean(body=b"hello"):
    """It is passed on in order: one framing, and well-formed."""
    def check(result):
        one = result.responses[0]
        return f"the response is malformed: {'; '.join(one.defects)}" if one.defects else body_is(body)(result)
    return response(200, checks=(check,))


RESPONSES = Group("responses of the origin",
    "complete ones are passed on, and a truncated one is never mistaken for a complete one", (
    right("length", "9112 6.2", "must", "By length", LINE + b"Content-Length: 5\r\n\r\nhello"),
    right("chunks", "9112 7.1", "must", "In chunks", CHUNKED + b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
    right("chunks-case", "9112 7", "must", "In chunks, names in mixed case",
        LINE + b"tRANSFER-eNCODING: cHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
    right("chunks-extension", "9112 7.1.1", "must", "Chunks with extensions",
        CHUNKED + b"5;a=b\r\nhello\r\n0\r\n\r\n"),
    right("chunks-trailer", "9112 7.1.2", "must", "Chunks with a trailer field",
        CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: a\r\n\r\n"),
    right("chunks-empty", "9112 7.1", "must", "Chunks without content", CHUNKED + b"0\r\n\r\n",
        b""),
    right("to-the-end", "9112 6.3", "must", "To the end of the connection", LINE + b"\r\nhello", then="close"),
    right("to-the-end-1-0", "9112 6.3", "must", "HTTP/1.0 to the end of the connection", b"HTTP/1.0 200 OK\r\n\r\nhello",
        then="close"),
    right("1-0", "9110 2.5", "must", "HTTP/1.0 with a length is sent as HTTP/1.1",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello",
        lambda r: None if r.responses[0].version == 1 else "it was sent as 1.0", then="close"),
    right("to-the-end-client-1-0", "9112 6.3", "must", "To the end of the connection for a client of HTTP/1.0",
        LINE + b"\r\nhello", then="close",
        send=b"GET @T HTTP/1.0\r\nHost: @H\r\n\r\n"),
    right("empty", "9112 6.2", "must", "A length of 0", LINE + b"Content-Length: 0\r\n\r\n", b""),
    Case("response-304", "9110 15.4.5", "must", "A 304 with a length has no body",
        GET.replace(b"\r\n\r\n", b"\r\nIf-None-Match: \"a\"\r\n\r\n"),
        response(304, checks=(body_is(b""),)), Reply(fields=(("ETag", '"a"'), ("Content-Length", "5")), body=b"hello")),
    wrong("lengths-same", "9110 8.6", "must", "The same length twice is sent once, or is an error",
        LINE + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "keep", clean()),
    wrong("lengths-list", "9110 8.6", "must", "A list of the same length is sent as one, or is an error",
        LINE + b"Content-Length: 5, 5\r\n\r\nhello", "keep", clean()),
    wrong("lengths", "9112 6.3", "must", "Two different lengths",
        LINE + b"Content-Length: 5\r\nContent-Length: 3\r\n\r\nhello"),
    wrong("length-letters", "9112 6.3", "must", "A length of letters", LINE + b"Content-Length: five\r\n\r\nhello"),
    wrong("length-minus", "9112 6.3", "must", "A negative length", LINE + b"Content-Length: -5\r\n\r\nhello"),
    wrong("length-plus", "9112 6.3", "must", "A length with a plus sign", LINE + b"Content-Length: +5\r\n\r\nhello"),
    wrong("length-overflow", "9110 8.6", "must", "A length of more than 64 bits",
        LINE + b"Content-Length: 99999999999999999999\r\n\r\nhello"),
    wrong("both", "9112 6.3", "must", "Chunks and a length: the chunks count and the length is removed, or it is an error",
        LINE + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "close", clean()),
    wrong("coding-unknown", "9112 6.1", "must", "A transfer coding that was not asked for",
        LINE + b"Transfer-Encoding: frob\r\n\r\nhello", "close",
        response(200, checks=(lambda r: "the coding was passed on" if r.responses[0].get("transfer-encoding") == "frob"
            else None,
        ))),
    wrong("coding-1-0", "9112 6.1", "must", "Chunks in HTTP/1.0 are faulty",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "close",
        clean(), clean(b"5\r\nhello\r\n0\r\n\r\n")),
    wrong("cut-length", "9112 8", "must", "A body that ends before its length", LINE + b"Content-Length: 10\r\n\r\nhello"),
    wrong("cut-chunks", "9112 8", "must", "Chunks that end before the last",
        CHUNKED + b"5\r\nhello\r\n"),
    wrong("cut-chunk", "9112 8", "must", "A chunk that ends before its size",
        CHUNKED + b"A\r\nhello"),
    wrong("cut-last", "9112 8", "should", "Chunks without the empty line at the end",
        CHUNKED + b"5\r\nhello\r\n0\r\n"),
    wrong("cut-head", "9112 8", "must", "A head that ends early", LINE + b"Content-Le"),
    wrong("reset-body", "9112 8", "must", "A reset within the body", LINE + b"Content-Length: 10\r\n\r\nhello", "reset"),
    wrong("reset-end", "9112 8", "should", "A reset where the connection would end the body", LINE + b"\r\nhello", "reset"),
    wrong("chunk-size", "9112 7.1", "must", "A chunk size that is not a number",
        CHUNKED + b"xyz\r\nhello\r\n0\r\n\r\n"),
    wrong("chunk-minus", "9112 7.1", "must", "A negative chunk's size",
        CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n"),
    wrong("chunk-overflow", "9112 7.1", "must", "A chunk's size of more than 64 bits",
        CHUNKED + b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    wrong("chunk-more", "9112 7.1", "must", "More data than the chunk's size says",
        CHUNKED + b"3\r\nhello\r\n0\r\n\r\n"),
    wrong("garbage", "9112 4", "must", "Bytes that are not a response", b"\x80\x81\x82\x83garbage\r\n\r\n"),
    wrong("text", "9112 4", "must", "A page without a head, as in HTTP/0.9", b"<html>hello</html>"),
    wrong("nothing", "9112 9.6", "must", "Nothing", b""),
    wrong("protocol", "9112 4", "must", "Another protocol's name", b"ICY 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
    wrong("version-2", "9112 2.3", "should", "Version 2.0 in the form of HTTP/1",
        b"HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
    wrong("status-letters", "9112 4", "must", "A status of letters", b"HTTP/1.1 abc OK\r\nContent-Length: 5\r\n\r\nhello"),
    wrong("status-two", "9112 4", "must", "A status of two digits", b"HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nhello"),
    wrong("status-four", "9112 4", "must", "A status of four digits", b"HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello"),
    wrong("status-99", "9110 15", "must", "A status below 100", b"HTTP/1.1 099 OK\r\nContent-Length: 5\r\n\r\nhello"),
    wrong("fold", "9112 5.2", "must", "A folded line is joined, or is an error",
        LINE + b"Content-Length: 5\r\nX-Field: value\r\n more\r\n\r\nhello", "keep", clean()),
    wrong("space-colon", "9112 5.1", "must", "A space before a colon is removed, or is an error",
        LINE + b"Content-Length: 5\r\nX-Field : value\r\n\r\nhello", "keep", clean()),
    wrong("length-space-colon", "9112 5.1", "must", "A space before the colon of the length is removed, or is an error",
        LINE + b"Content-Length : 5\r\nConnection: close\r\n\r\nhello", "close", clean()),
    wrong("no-colon", "9112 5", "must", "A line without a colon is an error or is left out",
        LINE + b"Content-Length: 5\r\nNoColon\r\n\r\nhello", "keep", clean()),
    wrong("nul", "9110 5.5", "must", "A NUL in a value is an error or is replaced",
        LINE + b"Content-Length: 5\r\nX-Field: a\0b\r\n\r\nhello", "keep", clean()),
    wrong("cr", "9112 2.2", "must", "A bare CR in a value is an error or is replaced",
        LINE + b"Content-Length: 5\r\nX-Field: a\rb\r\n\r\nhello", "keep", clean()),
    wrong("lf", "9112 2.2", "should", "Bare LFs are ends of lines, or an error", b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
        "keep", clean()),
    wrong("interim-cut", "9110 15.2", "must", "An interim response and no other",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    wrong("long-head", "9110 5.4", "should", "A head of a megabyte",
        LINE + b"X-Field: " + b"a" * (1 << 20) + b"\r\nContent-Length: 5\r\n\r\nhello", "close", clean()),
    Case("response-rest", "9112 6.3", "must", "Surplus bytes after a response are not used for the next request", (GET, GET),
        Outcome((200, *FAILS), checks=(no_evil,), responses=2),
        (Reply(raw=LINE + b"Content-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"), Reply()),
        methods=(b"GET", b"GET")),
    Case("response-head-body", "9110 9.3.2", "must", "A body after the response to HEAD is not the next response",
        GET.replace(b"GET", b"HEAD") + GET,
        Outcome((200, *FAILS), checks=(no_evil,), responses=2),
        (Reply(raw=LINE + b"Content-Length: 4\r\n\r\nevil", then="close"), Reply()), methods=(b"HEAD", b"GET")),
    Case("response-204-body", "9110 15.3.5", "must", "A body after a 204 is not the next response", GET + GET,
        Outcome((200, *FAILS), checks=(no_evil,), responses=2),
        (Reply(raw=b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", then="close"), Reply()),
        methods=(b"GET", b"GET")),
))
