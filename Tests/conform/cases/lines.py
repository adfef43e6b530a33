"""Request lines and targets."""

from model import SUCCESS, Case, Group, Outcome, Quiet, deliver, refuse, response, waits

HOST = b"\r\nHost: @H\r\n\r\n"
EITHER = (refuse(), deliver())


def line(id, rfc, level, title, start, allow, **more):
    """A request that differs in its first line."""
    return Case(id, rfc, level, title, start + HOST, allow, **more)


def cut(id, title, first, rest):
    """A request that stops in the middle, and goes on a moment later."""
    return Case(id, "9112 2.2", "must", title, (first, Quiet(0.15), rest), deliver(method=b"GET"))


WHOLE = b"GET @T HTTP/1.1\r\nHost: @H\r\nX-Field: value\r\n\r\n"


def split_at(id, title, mark, after=True):
    place = WHOLE.index(mark) + (len(mark) if after else 0)
    return cut(id, title, WHOLE[:place], WHOLE[place:])


LINES = Group("request line", "the first line, its version and its target", (
    line("line-plain", "9112 3", "must", "A plain GET is served", b"GET @T HTTP/1.1", deliver(method=b"GET")),
    line("line-two-spaces", "9112 3", "should", "Two spaces after the method", b"GET  @T HTTP/1.1", refuse(400)),
    line("line-two-spaces-later", "9112 3", "should", "Two spaces before the version", b"GET @T  HTTP/1.1", refuse(400)),
    line("line-tab", "9112 3", "should", "A tab for the space after the method", b"GET\t@T HTTP/1.1", refuse(400)),
    line("line-tab-later", "9112 3", "should", "A tab for the space before the version", b"GET @T\tHTTP/1.1", refuse(400)),
    line("line-space-first", "9112 3", "should", "A space before the method", b" GET @T HTTP/1.1", refuse()),
    line("line-space-last", "9112 3", "should", "A space after the version", b"GET @T HTTP/1.1 ", refuse(400)),
    line("line-word-more", "9112 3", "should", "A fourth word", b"GET @T HTTP/1.1 more", refuse()),
    line("line-no-target", "9112 3", "should", "No target", b"GET HTTP/1.1", refuse()),
    line("line-no-target-two-spaces", "9112 3", "should", "Two spaces and no target between them", b"GET  HTTP/1.1", refuse()),
    line("line-space-in-target", "9112 3.2", "should", "A space within the target", b"GET @T/a b HTTP/1.1", refuse(400)),
    line("line-fragment", "9112 3.2", "should", "A fragment in the target", b"GET @T#part HTTP/1.1", EITHER),
    line("line-lower-version", "9112 2.3", "should", "The version's name in lower case", b"GET @T http/1.1", refuse()),
    line("line-version-9", "9112 2.3", "should", "Version 9.9", b"GET @T HTTP/9.9", refuse()),
    line("line-version-2", "9112 2.3", "should", "Version 2.0 in the form of HTTP/1", b"GET @T HTTP/2.0", refuse()),
    line("line-version-0-9", "9112 2.3", "should", "Version 0.9 written out", b"GET @T HTTP/0.9", refuse()),
    line("line-version-1-2", "9110 2.5", "should", "Version 1.2 is taken for 1.1, or refused", b"GET @T HTTP/1.2", EITHER),
    line("line-version-short", "9112 2.3", "should", "A version without its second number", b"GET @T HTTP/1", refuse()),
    line("line-version-point", "9112 2.3", "should", "A version that ends with its point", b"GET @T HTTP/1.", refuse()),
    line("line-version-zeros", "9112 2.3", "should", "A version with leading zeros", b"GET @T HTTP/01.01", refuse()),
    line("line-version-two-digits", "9112 2.3", "should", "A version with a second number of two digits", b"GET @T HTTP/1.10",
        refuse()),
    line("line-version-space", "9112 2.3", "should", "A space within the version", b"GET @T HTTP/ 1.1", refuse()),
    line("line-version-other", "9112 2.3", "should", "Another protocol's name", b"GET @T RTSP/1.0", refuse()),
    line("line-version-letter", "9112 2.3", "should", "A letter for a number in the version", b"GET @T HTTP/1.x", refuse()),
    Case("line-version-none", "9112 2.3", "should", "No version, as in HTTP/0.9", b"GET @T\r\n\r\n", refuse()),
    Case("line-version-none-space", "9112 3", "should", "No version after the last space", b"GET @T " + HOST, refuse()),
    line("line-prefix", "9112 3", "should", "Words before the method", b"Extra wordsGET @T HTTP/1.1", refuse()),
    line("line-method-slash", "9110 9.1", "should", "A method that is not a token", b"GE/T @T HTTP/1.1", refuse()),
    line("line-method-brackets", "9110 9.1", "should", "Brackets in the method", b"GET[] @T HTTP/1.1", refuse()),
    line("line-method-empty", "9112 3", "should", "No method", b" @T HTTP/1.1", refuse()),
    line("line-method-lower", "9110 9.1", "should", "A method in lower case is not the one in capitals",
        b"get @T HTTP/1.1", (refuse(), deliver(method=b"get"))),
    line("line-method-unknown", "9110 9.1", "should", "An unknown method is passed on, or refused with 405 or 501",
        b"FROBNICATE @T HTTP/1.1", (refuse(405, 501, closes=None), deliver(method=b"FROBNICATE"))),
    line("line-nul", "9112 3.2", "should", "A NUL in the target", b"GET @T\0more HTTP/1.1", refuse()),
    line("line-control", "9112 3.2", "should", "A control character in the target", b"GET @T\x01more HTTP/1.1", refuse()),
    line("line-delete", "9112 3.2", "should", "A DEL in the target", b"GET @T\x7fmore HTTP/1.1", refuse()),
    line("line-not-ascii", "9112 3.2", "should", "Bytes above ASCII in the target", b"GET @T/\xc3\xa9 HTTP/1.1", refuse()),
    line("line-overlong", "9112 3.2", "should", "Overlong UTF-8 of a slash in the target", b"GET @T/\xc0\xaf HTTP/1.1",
        refuse()),
    line("line-backslash", "9112 3.2", "should", "A backslash in the target", b"GET @T\\more HTTP/1.1",
        (refuse(closes=None), deliver())),
    line("line-quote", "9112 3.2", "should", "A quotation mark in the target", b'GET @T"more HTTP/1.1',
        (refuse(closes=None), deliver())),
    line("line-percent-nul", "9110 4.2", "should", "A percent-encoded NUL is never decoded on the way",
        b"GET @T%00.html HTTP/1.1",
        (refuse(closes=None), deliver())),
    line("line-percent-crlf", "9110 4.2", "must", "A percent-encoded CRLF is never decoded on the way",
        b"GET @T%0d%0aX-More:%201 HTTP/1.1",
        (refuse(closes=None), deliver(checks=(lambda r: "it was decoded" if r.got[0].get("x-more") else None,)))),
    line("line-no-slash", "9112 3.2.1", "should", "A target that begins with no slash", b"GET api/v1/@H HTTP/1.1", refuse()),
    line("line-star-get", "9112 3.2.4", "should", "The target * with GET", b"GET * HTTP/1.1", refuse(closes=None)),
    line("line-star-options", "9112 3.2.4", "must", "The target * with OPTIONS is served", b"OPTIONS * HTTP/1.1",
        response(*SUCCESS, 405, 501)),
    line("line-absolute", "9112 3.2.2", "must", "The absolute form is served", b"GET http://@H@T HTTP/1.1",
        deliver(method=b"GET")),
    line("line-absolute-case", "9110 4.2.3", "must", "The absolute form with its scheme in capitals",
        b"GET HTTP://@H@T HTTP/1.1",
        deliver(method=b"GET")),
    Case("line-absolute-host", "9112 3.2.2", "must", "The host in the target counts, not the one in Host",
        b"GET http://@H@T HTTP/1.1\r\nHost: other.example\r\n\r\n",
        (refuse(400, 421, closes=None), deliver(checks=(
        lambda r: "the origin got the Host that does not count" if r.got[0].get("host") == "other.example" else None,)))),
    Case("line-absolute-other", "9112 3.2.2", "must", "Another host in the target is not served under the Host sent",
        b"GET http://other.example@T HTTP/1.1\r\nHost: @H\r\n\r\n", (refuse(400, 404, 421, closes=None), deliver())),
    line("line-absolute-userinfo", "9110 4.2.4", "should", "User information in the target",
        b"GET http://user:pass@@H@T HTTP/1.1",
        (refuse(closes=None), deliver(checks=(
        lambda r: "it was passed on" if b"user" in r.got[0].target else None,)))),
    Case("line-connect", "9110 9.3.6", "should", "CONNECT to elsewhere gives no tunnel",
        b"CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n", refuse(closes=None)),
    Case("line-connect-path", "9112 3.2.3", "should", "CONNECT with a path", b"CONNECT @T HTTP/1.1\r\nHost: @H\r\n\r\n",
        refuse(closes=None)),
    line("line-long", "9112 3", "should", "A request line of 8,000 octets is taken", b"GET @T?" + b"a" * 7900 + b" HTTP/1.1",
        deliver()),
    line("line-too-long", "9110 15.5.15", "should", "A target of 100,000 octets is refused, with 414 if possible",
        b"GET @T" + b"a" * 100_000 + b" HTTP/1.1", refuse(400, 414, silent=True)),
    line("line-long-method", "9112 3", "should", "A method of 100,000 octets is refused", b"A" * 100_000 + b" @T HTTP/1.1",
        refuse(400, 405, 414, 431, 501, silent=True)),
    Case("line-lf", "9112 2.2", "should", "A bare LF after the first line is an end of line, or refused",
        b"GET @T HTTP/1.1\nHost: @H\r\n\r\n", EITHER),
    Case("line-cr", "9112 2.2", "must", "A bare CR after the first line", b"GET @T HTTP/1.1\rHost: @H\r\n\r\n", refuse()),
    Case("line-empty-before", "9112 2.2", "should", "One empty line before the request is ignored",
        b"\r\nGET @T HTTP/1.1\r\nHost: @H\r\n\r\n", deliver()),
    Case("line-garbage", "9112 2.2", "should", "Bytes that are not text", bytes(range(128, 256)) * 2 + b"\r\n\r\n",
        Outcome((400, 505), silent=True, closes=True, got=0)),
    Case("line-spaces-only", "9112 2.2", "should", "A line of spaces", b"   \r\n\r\n",
        Outcome((400,), silent=True, closes=True)),
    Case("line-tls", "9112 2.2", "should", "The beginning of TLS",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n" * 2,
        Outcome((400,), silent=True, closes=True)),
    Case("line-preface", "9113 3.4", "should", "The preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        Outcome((400, 405, 505), silent=True, closes=True), skip={"haproxy": "speaks HTTP/2 here"}),
))

CUTS = Group("requests in pieces", "no response comes before the request is complete, and then it is served", (
    split_at("cut-method", "Within the method", b"G"),
    split_at("cut-method-end", "After the method", b"GET "),
    split_at("cut-target", "Within the target", b"@T"),
    split_at("cut-target-end", "After the target", b"@T "),
    split_at("cut-version", "Within the version", b"HTTP"),
    split_at("cut-version-end", "After the version", b"HTTP/1.1"),
    split_at("cut-line-cr", "Between CR and LF of the first line", b"HTTP/1.1\r"),
    split_at("cut-line", "After the first line", b"HTTP/1.1\r\n"),
    split_at("cut-name", "Within a name", b"X-Fi"),
    split_at("cut-colon", "After a colon", b"X-Field:"),
    split_at("cut-value-space", "After the space before a value", b"X-Field: "),
    split_at("cut-value", "Within a value", b"X-Field: va"),
    split_at("cut-value-cr", "Between CR and LF of a field", b"value\r"),
    split_at("cut-field", "After the last field", b"value\r\n"),
    split_at("cut-last-cr", "Between CR and LF of the empty line", b"value\r\n\r"),
    Case("cut-every-byte", "9112 2.2", "must", "Byte by byte",
        tuple(piece for byte in WHOLE.replace(b"@T", b"/").partition(b"/")[0] for piece in (bytes([byte]), Quiet(0.01)))
        + (b"@T HTTP/1.1\r\nHost: @H\r\n", Quiet(0.02), b"\r", Quiet(0.02), b"\n"), deliver(method=b"GET")),
    Case("cut-body", "9112 6.2", "must", "Within the body",
        (b"POST @T HTTP/1.1\r\nHost: @H\r\nContent-Length: 5\r\n\r\nhe", Quiet(0.15), b"llo"), deliver(b"hello")),
    Case("cut-chunk-size", "9112 7.1", "must", "Within a chunk's size",
        (b"POST @T HTTP/1.1\r\nHost: @H\r\nTransfer-Encoding: chunked\r\n\r\n1", Quiet(0.15),
        b"0\r\n0123456789abcdef\r\n0\r\n\r\n"), deliver(b"0123456789abcdef")),
    Case("cut-last-chunk", "9112 7.1", "must", "After the last chunk",
        (b"POST @T HTTP/1.1\r\nHost: @H\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", Quiet(0.15), b"\r\n"),
        deliver(b"hello")),
    Case("cut-forever", "9112 8", "must", "A head that never ends gets nothing of the origin",
        b"GET @T HTTP/1.1\r\nHost: @H\r\nX-Field: va", waits(), limit=0.4),
    Case("cut-nothing", "9112 8", "must", "A connection on which nothing is sent is not answered with success",
        (b"", Quiet(0.3)), waits(), methods=(b"GET",), limit=0.2),
))
