"""How long a request's body is: Content-Length, Transfer-Encoding, chunks, and what two readers could disagree on."""

from model import Case, Group, Outcome, Pause, deliver, refuse, waits

GET = b"GET @T HTTP/1.1\r\nHost: @H\r\n\r\n"


def post(lines, body=b"", version=b"1.1", method=b"POST"):
    return method + b" @T HTTP/" + version + b"\r\nHost: @H\r\n" + lines + b"\r\n" + body


def sized(id, rfc, level, title, value, body, allow, **more):
    """A POST with such a Content-Length."""
    return Case("length-" + id, rfc, level, title, post(b"Content-Length:" + value + b"\r\n", body), allow, **more)


BAD = refuse(400)
LENGTHS = Group("Content-Length", "only digits are valid", (
    sized("plain", "9112 6.2", "must", "A body of this length is passed on", b" 5", b"hello", deliver(b"hello")),
    sized("zero", "9112 6.2", "must", "A length of 0", b" 0", b"", deliver(b"")),
    Case("length-none", "9112 6.3", "must", "No length and no coding is no body", post(b""), deliver(b"")),
    *(sized(id, "9112 6.3", "must", title, value, body, BAD) for id, title, value, body in (
        ("letters", "Letters", b" abc", b""),
        ("plus", "A plus sign", b" +5", b"hello"),
        ("minus", "A minus sign", b" -5", b""),
        ("minus-zero", "A minus sign before 0", b" -0", b""),
        ("minus-large", "A large negative number", b" -123456789123456789123456789", b""),
        ("hex", "Hexadecimal", b" 0x5", b"hello"),
        ("octal", "Octal as some languages have it", b" 0o5", b"hello"),
        ("underscore", "An underscore between digits", b" 1_0", b"helloworld"),
        ("space", "A space between digits", b" 1 0", b"helloworld"),
        ("point", "A decimal point", b" 5.0", b"hello"),
        ("exponent", "An exponent", b" 5e0", b"hello"),
        ("empty", "Nothing", b" ", b""),
        ("control", "A vertical tab before the digits", b" \x0b5", b"hello"))),
    sized("overflow", "9110 8.6", "must", "More than 64 bits can hold", b" 99999999999999999999", b"", refuse(400, 413)),
    sized("wraps", "9110 8.6", "must", "2^64 + 5, which is 5 to a careless reader", b" 18446744073709551621", b"hello",
        refuse(400, 413)),
    sized("wraps-32", "9110 8.6", "must", "2^32 + 5 is not 5", b" 4294967301", b"hello",
        (refuse(400, 413, closes=None), waits()), limit=0.5),
    sized("sign-bit", "9110 8.6", "must", "2^63 is refused, or waited for", b" 9223372036854775808", b"",
        (refuse(400, 413), waits()), limit=0.5),
    sized("zeros", "9110 8.6", "should", "Leading zeros are decimal, or refused", b" 005", b"hello", (BAD, deliver(b"hello"))),
    sized("zeros-octal", "9110 8.6", "must", "010 is ten and not eight, or refused", b" 010", b"helloworld",
        (BAD, deliver(b"helloworld"))),
    sized("two-zeros", "9110 8.6", "should", "00 is none, or refused", b" 00", b"", (BAD, deliver(b""))),
    sized("space-after", "9112 5.1", "must", "A space after it is no part of it", b" 5 ", b"hello", deliver(b"hello")),
    sized("tab-before", "9112 5.1", "must", "A tab before it is no part of it", b"\t5", b"hello", deliver(b"hello")),
    sized("list-same", "9110 8.6", "must", "A list of the same number is refused or taken for one", b" 5, 5", b"hello",
        (BAD, deliver(b"hello"))),
    sized("list-three", "9110 8.6", "must", "A list of three equal numbers is refused or taken for one", b" 5,5,5", b"hello",
        (BAD, deliver(b"hello"))),
    sized("list-differs", "9112 6.3", "must", "A list of different numbers", b" 5, 10", b"hello", BAD),
    sized("list-empty", "9112 6.3", "must", "A list with an empty part is refused or taken for one number", b" 5,", b"hello",
        (BAD, deliver(b"hello"))),
    Case("length-two", "9112 6.3", "must", "Two fields with different numbers",
        post(b"Content-Length: 5\r\nContent-Length: 10\r\n", b"helloworld"), BAD),
    Case("length-two-same", "9112 6.3", "must", "Two fields with the same number are refused or taken for one",
        post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello"), (BAD, deliver(b"hello"))),
    Case("length-two-zero", "9112 6.3", "must", "0 and another number",
        post(b"Content-Length: 0\r\nContent-Length: 5\r\n", b"hello"), BAD),
    Case("length-fold", "9112 5.2", "must", "On a folded line it is refused or taken",
        post(b"Content-Length:\r\n 5\r\n", b"hello"), (BAD, deliver(b"hello"))),
    Case("length-fold-two", "9112 6.3", "must", "Digits on two lines", post(b"Content-Length: 1\r\n 0\r\n", b"helloworld"),
        BAD),
    Case("length-space-colon", "9112 5.1", "must", "A second one with a space before its colon",
        post(b"Content-Length: 11\r\nContent-Length : 5\r\n", b"hello world"), BAD),
    Case("length-underscore-name", "9110 5.1", "must", "Content_Length is another field",
        post(b"Content-Length: 11\r\nContent_Length: 99\r\n", b"hello world"), (BAD, deliver(b"hello world"))),
    Case("length-tab-name", "9110 5.1", "should", "A tab in the name",
        post(b"Content-Length: 11\r\nContent\tLength: 5\r\n", b"hello world"), BAD),
    Case("length-short", "9112 6.3", "must", "A truncated body is not mistaken for a complete one",
        post(b"Content-Length: 10\r\n", b"hello"), waits(), limit=0.5),
    Case("length-huge", "9112 6.3", "must", "A large body that does not come is waited for, or refused",
        post(b"Content-Length: 999999999\r\n"), (waits(), refuse(413, closes=None)), limit=0.5),
))


def coded(id, rfc, level, title, value, body, allow, more_lines=b"", **more):
    """A POST with such a Transfer-Encoding."""
    return Case("coding-" + id, rfc, level, title, post(b"Transfer-Encoding:" + value + b"\r\n" + more_lines, body), allow,
        **more)


HELLO = b"5\r\nhello\r\n0\r\n\r\n"
FIVE = b"Content-Length: 5\r\n"
ODD = refuse(400, 422, 501)
# What may be done with a coding and a length together: refuse it, or read chunks, send no length on, and close.
TOGETHER = (BAD, deliver(b"hello", closes=True))

CODINGS = Group("Transfer-Encoding", "chunked, once, and in HTTP/1.1", (
    coded("plain", "9112 7.1", "must", "chunked", b" chunked", HELLO, deliver(b"hello")),
    coded("case", "9112 7", "must", "Chunked in mixed case", b" ChUnKeD", HELLO, deliver(b"hello")),
    coded("space-after", "9112 5.1", "must", "A space after it is no part of it", b" chunked ", HELLO, deliver(b"hello")),
    coded("tab", "9112 5.1", "must", "A tab before it is no part of it", b"\tchunked", HELLO, deliver(b"hello")),
    coded("unknown", "9112 6.1", "should", "An unknown coding gets 501", b" frob", b"", ODD),
    coded("gzip", "9112 6.3", "must", "gzip without chunked has no end", b" gzip", b"", ODD),
    coded("gzip-chunked", "9112 6.1", "should", "gzip, chunked is read, or gets 501", b" gzip, chunked", b"0\r\n\r\n",
        (ODD, deliver(b""))),
    coded("chunked-gzip", "9112 6.3", "must", "chunked that is not the last", b" chunked, gzip", b"0\r\n\r\n", ODD),
    coded("twice", "9112 6.1", "should", "chunked twice", b" chunked, chunked", HELLO, ODD),
    coded("identity", "9112 7", "should", "identity, which is obsolete", b" identity", b"hello", ODD, FIVE),
    coded("identity-chunked", "9112 7", "should", "identity, chunked", b" identity, chunked", HELLO, ODD),
    coded("empty", "9112 6.1", "must", "Nothing, and a length", b" ", b"hello", ODD, FIVE),
    coded("xchunked", "9112 6.1", "must", "xchunked", b" xchunked", b"hello", ODD, FIVE),
    coded("chunkedx", "9112 6.1", "must", "chunkedfoo", b" chunkedfoo", b"hello", ODD, FIVE),
    coded("quoted", "9112 7", "must", "chunked in quotation marks", b' "chunked"', b"hello", ODD, FIVE),
    coded("parameter", "9112 7", "should", "chunked with a parameter", b" chunked;a=b", HELLO, ODD),
    coded("comma-first", "9110 5.6.1", "should", "An empty part before it is refused or ignored", b" , chunked", HELLO,
        (ODD, deliver(b"hello"))),
    coded("comma-last", "9110 5.6.1", "should", "An empty part after it is refused or ignored", b" chunked,", HELLO,
        (ODD, deliver(b"hello"))),
    coded("vtab", "9112 6.1", "must", "A vertical tab before it", b" \x0bchunked", b"hello", ODD, FIVE),
    coded("formfeed", "9112 6.1", "must", "A form feed before it", b" \x0cchunked", b"hello", ODD, FIVE),
    coded("nul", "9112 6.1", "must", "A NUL after it", b" chunked\0", b"hello", ODD, FIVE),
    coded("nbsp", "9112 6.1", "must", "A space of Latin-1 before it", b" \xa0chunked", b"hello", ODD, FIVE),
    coded("fold", "9112 5.2", "must", "On a folded line it is refused or taken", b"\r\n chunked", HELLO,
        (BAD, deliver(b"hello"))),
    coded("fold-length", "9112 5.2", "must", "On a folded line beside a length", b"\r\n chunked", HELLO, TOGETHER, FIVE),
    Case("coding-space-colon", "9112 5.1", "must", "A space before its colon",
        post(b"Transfer-Encoding : chunked\r\n" + FIVE, b"hello"), BAD),
    Case("coding-underscore-name", "9110 5.1", "must", "Transfer_Encoding is another field",
        post(b"Transfer_Encoding: chunked\r\n" + FIVE, b"hello"), (BAD, deliver(b"hello"))),
    Case("coding-two", "9112 6.1", "must", "Two fields, chunked and identity",
        post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", HELLO), ODD),
    Case("coding-two-rev", "9112 7", "should", "Two fields, identity and chunked",
        post(b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", HELLO), ODD),
    Case("coding-two-chunked", "9112 6.1", "should", "Two fields, both chunked",
        post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", HELLO), ODD),
    Case("coding-1-0", "9112 6.1", "must", "In HTTP/1.0 it is faulty: refused, or taken and closed",
        post(b"Transfer-Encoding: chunked\r\n", HELLO, b"1.0"), (ODD, deliver(b"hello", closes=True))),
    Case("coding-1-0-length", "9112 6.1", "must", "In HTTP/1.0 with a length",
        post(b"Transfer-Encoding: chunked\r\n" + FIVE, b"hello", b"1.0"), refuse(400, 501)),
    Case("coding-1-0-keep", "9112 6.1", "must", "In HTTP/1.0 that wants to stay it is refused, or closed all the same",
        post(b"Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n", HELLO, b"1.0"),
        (ODD, deliver(b"hello", closes=True))),
    coded("length", "9112 6.1", "must", "With a length it is refused, or read as chunks and closed", b" chunked", HELLO,
        TOGETHER, FIVE),
    Case("coding-length-first", "9112 6.1", "must", "With a length before it, it is refused, or read as chunks and closed",
        post(b"Content-Length: 15\r\nTransfer-Encoding: chunked\r\n", HELLO), TOGETHER),
    Case("coding-length-case", "9112 6.1", "must", "With a length, names in mixed case",
        post(b"content-LengtH: 5\r\nTransFer-ENCODING: chunked\r\n", HELLO), TOGETHER),
    Case("coding-upper-no-chunks", "9112 6.3", "must", "In capitals, with a length and no chunks",
        post(b"Content-Length: 11\r\nTRANSFER-ENCODING: chunked\r\n", b"hello world"), BAD),
    Case("coding-comma-length", "9112 6.1", "must", "With an empty part and a length",
        post(b"Transfer-Encoding: , chunked\r\n" + FIVE, b"hello"), ODD),
    Case("coding-list-length", "9112 6.1", "should", "Twice with a length",
        post(b"Transfer-Encoding: chunked, chunked\r\n" + FIVE, b"hello"), ODD),
))


def chunks(id, level, title, body, allow, rfc="9112 7.1", **more):
    return Case("chunk-" + id, rfc, level, title, post(b"Transfer-Encoding: chunked\r\n", body), allow, **more)


BROKEN = refuse(400)
CHUNKS = Group("chunks", "sizes, extensions and trailers", (
    chunks("one", "must", "One chunk", HELLO, deliver(b"hello")),
    chunks("two", "must", "Two chunks", b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", deliver(b"hello world")),
    chunks("none", "must", "The last chunk alone", b"0\r\n\r\n", deliver(b"")),
    chunks("upper", "must", "A size in capitals", b"A\r\nhelloworld\r\n0\r\n\r\n", deliver(b"helloworld")),
    chunks("lower", "must", "A size in small letters", b"c\r\nHello world1\r\n0\r\n\r\n", deliver(b"Hello world1")),
    chunks("zeros", "must", "A size with leading zeros", b"0005\r\nhello\r\n000\r\n\r\n", deliver(b"hello")),
    chunks("extension", "must", "An extension is ignored", b"5;name=value\r\nhello\r\n0\r\n\r\n", deliver(b"hello"),
        "9112 7.1.1"),
    chunks("extension-name", "must", "An extension without a value", b"5;name\r\nhello\r\n0\r\n\r\n", deliver(b"hello"),
        "9112 7.1.1"),
    chunks("extension-quoted", "must", "An extension with a quoted value", b'5;name="a;b c"\r\nhello\r\n0\r\n\r\n',
        deliver(b"hello"), "9112 7.1.1"),
    chunks("extension-last", "must", "An extension of the last chunk", b"5\r\nhello\r\n0;name=value\r\n\r\n", deliver(b"hello"),
        "9112 7.1.1"),
    chunks("extension-spaces", "should", "An extension with bad white space is refused or ignored",
        b"5 ; name = value\r\nhello\r\n0\r\n\r\n",
        (BROKEN, deliver(b"hello")), "9112 7.1.1"),
    chunks("extension-empty", "should", "A semicolon alone", b"5;\r\nhello\r\n0\r\n\r\n", BROKEN, "9112 7.1.1"),
    chunks("extension-name-odd", "should", "An extension with an invalid name", b"5;a[b=c\r\nhello\r\n0\r\n\r\n", BROKEN,
        "9112 7.1.1"),
    chunks("extension-nul", "should", "A NUL in an extension", b"5;a\0b\r\nhello\r\n0\r\n\r\n", BROKEN, "9112 7.1.1"),
    chunks("extension-cr", "must", "A bare CR in an extension", b"5;a\rb\r\nhello\r\n0\r\n\r\n", BROKEN, "9112 7.1.1"),
    chunks("extension-lf", "must", "A bare LF after an extension is refused, or an end of line", b"5;a\nhello\r\n0\r\n\r\n",
        (BROKEN, deliver(b"hello")),
        "9112 7.1.1"),
    chunks("extension-long", "should", "An extension of 64 KiB is refused", b"5;a=" + b"b" * 65536 + b"\r\nhello\r\n0\r\n\r\n",
        refuse(400, 413, 431, silent=True), "9112 7.1.1"),
    chunks("size-letters", "must", "A size that is not a number", b"xyz\r\nhello\r\n0\r\n\r\n", BROKEN),
    chunks("size-empty", "must", "A size that is empty", b"\r\nhello\r\n0\r\n\r\n", BROKEN),
    chunks("size-prefix", "must", "A size with 0x", b"0x5\r\nhello\r\n0\r\n\r\n", BROKEN),
    chunks("size-plus", "must", "A size with a plus sign", b"+5\r\nhello\r\n0\r\n\r\n", BROKEN),
    chunks("size-minus", "must", "A negative size", b"-1\r\nhello\r\n0\r\n\r\n", BROKEN),
    chunks("size-underscore", "must", "A size with an underscore", b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n", BROKEN),
    chunks("size-space-before", "should", "A space before a size", b" 5\r\nhello\r\n0\r\n\r\n", BROKEN),
    chunks("size-space-after", "should", "A space after a size", b"5 \r\nhello\r\n0\r\n\r\n", BROKEN),
    chunks("size-tab-after", "should", "A tab after a size", b"5\t\r\nhello\r\n0\r\n\r\n", BROKEN),
    chunks("size-overflow", "must", "A size of more than 64 bits", b"FFFFFFFFFFFFFFFF0\r\nhello\r\n0\r\n\r\n",
        refuse(400, 413)),
    chunks("size-wraps", "must", "2^64 + 5, which is 5 to a careless reader", b"10000000000000005\r\nhello\r\n0\r\n\r\n",
        refuse(400, 413)),
    chunks("size-many-zeros", "should", "A size with a hundred leading zeros is refused or read",
        b"0" * 100 + b"5\r\nhello\r\n0\r\n\r\n", (BROKEN, deliver(b"hello"))),
    chunks("size-lf", "should", "A bare LF after a size is refused, or an end of line", b"5\nhello\r\n0\r\n\r\n",
        (BROKEN, deliver(b"hello"))),
    chunks("size-cr", "must", "A bare CR after a size", b"5\rhello\r\n0\r\n\r\n", BROKEN),
    chunks("size-cr-space", "must", "A CR and a space after a size", b"5\r \nhello\r\n0\r\n\r\n", BROKEN),
    chunks("data-no-end", "must", "No end of line after the data", b"5\r\nhello0\r\n\r\n", BROKEN),
    chunks("data-more", "must", "More data than the size says", b"5\r\nhello!!\r\n0\r\n\r\n", BROKEN),
    chunks("data-lf", "should", "A bare LF after the data is refused, or an end of line", b"5\r\nhello\n0\r\n\r\n",
        (BROKEN, deliver(b"hello"))),
    chunks("data-cr", "must", "A CR and another byte after the data", b"5\r\nhello\rX0\r\n\r\n", BROKEN),
    chunks("last-lf", "should", "A bare LF at the very end is refused, or an end of line", b"5\r\nhello\r\n0\r\n\n",
        (BROKEN, deliver(b"hello"))),
    chunks("last-plus", "must", "A last chunk of +0", b"+0\r\n\r\n", BROKEN),
    chunks("no-last", "must", "Without a last chunk it is not complete", b"5\r\nhello\r\n", waits(), limit=0.5),
    chunks("no-last-end", "must", "Without the empty line after the last chunk it is not complete", b"5\r\nhello\r\n0\r\n",
        waits(), limit=0.5),
    chunks("trailer", "must", "A trailer field is taken", b"5\r\nhello\r\n0\r\nX-Sum: abc\r\n\r\n", deliver(b"hello"),
        "9112 7.1.2"),
    Case("chunk-trailer-colon", "9112 5.1", "must", "A space before the colon of a trailer field is refused or not passed on",
        (post(b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n"), Pause(0.15), b"0\r\nX-Sum : abc\r\n\r\n"),
        (BROKEN, deliver(b"hello"))),
    *(chunks("trailer-" + name.lower(), "must", f"{name} in the trailers is no field of the head",
        b"5\r\nhello\r\n0\r\n%s: %s\r\n\r\n" % (name.encode(), value),
        (BROKEN, deliver(b"hello", checks=(
                 lambda r, name=name, value=value: f"it became {name} of the head"
                     if value.decode() in (r.got[0].get(name) or "") else None,))), "9110 6.5.1")
        for name, value in (("Content-Length", b"50"), ("Host", b"evil.example"), ("Authorization", b"Bearer evil"),
                          ("Content-Type", b"text/evil"), ("X-Forwarded-For", b"203.0.113.9"))),
    chunks("trailer-coding", "must", "Transfer-Encoding in the trailers changes nothing",
        b"5\r\nhello\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n",
        (BROKEN, deliver(b"hello")), "9110 6.5.1"),
    chunks("trailer-long", "should", "Trailers of 100,000 octets are refused",
        b"5\r\nhello\r\n0\r\nX-Sum: " + b"a" * 100_000 + b"\r\n\r\n",
        refuse(400, 413, 431, silent=True), "6585 5"),
))


def pair(id, rfc, level, title, first, allow, second=GET, gap=0.1, **more):
    """Something ambiguous, and a plain GET after it on the same connection."""
    return Case("smuggle-" + id, rfc, level, title, (first, Pause(gap), second) if second else first, allow, **more)


def hidden(id, rfc, title, lines, allow=None, body=None, **more):
    """A request within the body of another. A server that reads chunks has one request, then another; it may not go on."""
    inner = b"GET @T?inner HTTP/1.1\r\nHost: @H\r\n\r\n"
    payload = body(inner) if body else b"0\r\n\r\n" + inner
    send = post(lines, payload)
    return Case("smuggle-" + id, rfc, "must", title, send, allow or (BAD, once()), **more)


def unhidden(result):
    """The request within was not taken for one."""
    found = [request for request in result.got if b"?inner" in request.target]
    return "the request within the body was passed on as one of its own" if found else None


def once():
    """It is served once, and then the connection ends: what follows is not read."""
    return deliver(None, got=None, closes=True, checks=(unhidden,))


CLOSED = (ODD, deliver(None, got=None, closes=True))
TWO = dict(methods=(b"POST", b"GET"))
SMUGGLING = Group("smuggling", "ambiguous requests end the connection", (
    pair("cl-te-close", "9112 6.1", "must", "Length and coding: nothing after it is served",
        post(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"), CLOSED),
    pair("te-cl-close", "9112 6.1", "must", "Coding and length: nothing after it is served",
        post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n"), CLOSED),
    pair("cl-te-short", "9112 6.1", "must", "A length shorter than the chunks",
        post(b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"), CLOSED),
    pair("cl-te-more", "9112 6.1", "must", "A length that takes a byte more than the chunks",
        post(b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\nX"), CLOSED),
    pair("te-cl-more", "9112 6.1", "must", "A length much longer than the chunks",
        post(b"Transfer-Encoding: chunked\r\nContent-Length: 30\r\n", b"0\r\n\r\nX"), CLOSED),
    hidden("cl-te-hidden", "9112 6.1", "Length and coding, a GET after the last chunk",
        b"Content-Length: @L\r\nTransfer-Encoding: chunked\r\n"),
    hidden("cl-te-hidden-plus", "9112 6.3", "The same with a plus sign",
        b"Content-Length: +@L\r\nTransfer-Encoding: chunked\r\n"),
    hidden("cl-te-hidden-letters", "9112 6.3", "The same with a letter after the length",
        b"Content-Length: @Lx\r\nTransfer-Encoding: chunked\r\n"),
    hidden("cl-te-hidden-fold", "9112 5.2", "The same with the coding on a folded line",
        b"Content-Length: @L\r\nTransfer-Encoding:\r\n chunked\r\n"),
    hidden("cl-te-hidden-space", "9112 6.1", "The same with a space after the coding",
        b"Content-Length: @L\r\nTransfer-Encoding: chunked \r\n"),
    hidden("cl-te-hidden-comma", "9112 6.1", "The same with an empty part before the coding",
        b"Content-Length: @L\r\nTransfer-Encoding: , chunked\r\n",
        (ODD, once())),
    hidden("cl-te-hidden-case", "9112 6.1", "The same with the coding in mixed case",
        b"Content-Length: @L\r\nTransfer-Encoding: CHUNKED\r\n"),
    hidden("cl-te-hidden-two", "9112 6.1", "The same with two codings",
        b"Content-Length: @L\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        (ODD, once())),
    hidden("te-cl-hidden", "9112 6.1", "Coding and length, a GET within a chunk",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        body=lambda inner: b"%x\r\n" % (len(inner) + 200) + inner + b"x" * 200 + b"\r\n0\r\n\r\n",
        allow=(BAD, refuse(400, got=1), once()), limit=1),
    hidden("two-lengths-hidden", "9112 6.3", "Two lengths, a GET after the first",
        b"Content-Length: 5\r\nContent-Length: @L\r\n",
        body=lambda inner: b"hello" + inner, allow=BAD),
    hidden("name-space-hidden", "9112 5.1", "A coding with a space before its colon, a GET after the last chunk",
        b"Content-Length: @L\r\nTransfer-Encoding : chunked\r\n"),
    pair("chunk-plus", "9112 7.1", "must", "A last chunk of +0: nothing after it is served",
        post(b"Transfer-Encoding: chunked\r\n", b"+0\r\n\r\nX"), refuse(400)),
    pair("fold-options", "9112 5.2", "must", "OPTIONS with a coding on a folded line and a length",
        post(b"Transfer-Encoding:\r\n chunked\r\n" + FIVE, b"hello", method=b"OPTIONS"), refuse(400)),
    pair("zero-rest", "9112 6.2", "must", "A length of 0 and a byte: it begins the next request and is refused there",
        post(b"Content-Length: 0\r\n", b"\x01"), Outcome((400,), got=1, responses=2, closes=True), **TWO),
    pair("get-body", "9110 9.3.1", "must", "GET with a body: it is read, or the connection ends",
        post(FIVE, b"hello", method=b"GET"), (refuse(400), deliver(None, got=2, responses=2)), methods=(b"GET", b"GET")),
    Case("smuggle-get-prefix", "9110 9.3.1", "must", "GET with the head of another as its body",
        (post(b"Content-Length: 40\r\n", b"GET /?inner HTTP/1.1\r\nX-Field: 012345678", method=b"GET"), Pause(0.1), GET),
        (refuse(400), deliver(None, got=2, responses=2, checks=(unhidden,))), methods=(b"GET", b"GET")),
    pair("head-body", "9110 9.3.2", "must", "HEAD with a body: it is read, or the connection ends",
        post(FIVE, b"hello", method=b"HEAD"), (refuse(400), deliver(None, got=2, responses=2)), methods=(b"HEAD", b"GET")),
    pair("options-body", "9110 9.3.7", "must", "OPTIONS with a body: it is read, or the connection ends",
        post(FIVE, b"hello", method=b"OPTIONS"), (refuse(400), deliver(None, got=None, responses=2)),
        methods=(b"OPTIONS", b"GET")),
    pair("delete-body", "9110 9.3.5", "must", "DELETE with a body: it is read, or the connection ends",
        post(FIVE, b"hello", method=b"DELETE"), (refuse(400), deliver(None, got=2, responses=2)), methods=(b"DELETE", b"GET")),
    pair("trace-body", "9110 9.3.8", "should", "TRACE with a body is refused, or the body is read",
        post(FIVE, b"hello", method=b"TRACE"), (refuse(400, 405, 501, closes=None), deliver(None, got=None, responses=2),
                                                 Outcome((*range(200, 300),), responses=2, got=1)), methods=(b"TRACE", b"GET")),
    pair("expect-body", "9110 10.1.1", "must", "Expect with the body sent at once: it is read as one",
        post(FIVE + b"Expect: 100-continue\r\n", b"hello"), deliver(None, got=2, responses=2), **TWO),
    pair("upgrade-rest", "9110 7.8", "must", "Upgrade that is not taken: what follows is the next request",
        b"GET @T HTTP/1.1\r\nHost: @H\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", (refuse(400, 426), deliver(None, got=2, responses=2)),
        methods=(b"GET", b"GET")),
    pair("h2c", "9113 3.1", "must", "Upgrade to h2c is not passed on",
        b"GET @T HTTP/1.1\r\nHost: @H\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
        (refuse(400), deliver(checks=(lambda r: "Upgrade was passed on" if r.got[0].get("upgrade") else None,))), second=None),
))
