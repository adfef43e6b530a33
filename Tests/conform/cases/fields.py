"""Field lines, Host, cookies and limits of a request."""

from model import SUCCESS, Case, Group, deliver, refuse, response

EITHER = (refuse(), deliver())


def has(name, value):
    """The origin has got the field with this value."""
    def check(result):
        found = result.got[0].get(name) if result.got else None
        return None if found == value else f"the origin got {name}: {found!r}"
    return check


def lacks(name):
    def check(result):
        found = result.got[0].get(name) if result.got else None
        return f"the origin got {name}: {found!r}" if found is not None else None
    return check


def with_line(id, rfc, level, title, line, allow, **more):
    """A GET with one more line."""
    return Case(id, rfc, level, title, b"GET @T HTTP/1.1\r\nHost: @H\r\n" + line + b"\r\n\r\n", allow, **more)


def with_host(id, level, title, lines, allow, version=b"1.1", rfc="9112 3.2", **more):
    return Case(id, rfc, level, title, b"GET @T HTTP/" + version + b"\r\n" + lines + b"\r\n", allow, **more)


FIELDS = Group("field lines", "names, values and ends of lines", (
    with_line("field-plain", "9110 5.1", "must", "An unknown field is passed on", b"X-Field: value",
        deliver(checks=(has("x-field", "value"),))),
    with_line("field-spaces", "9112 5.1", "must", "White space around a value is no part of it", b"X-Field: \t value \t",
        deliver(checks=(has("x-field", "value"),))),
    with_line("field-no-space", "9112 5.1", "must", "No space before a value", b"X-Field:value",
        deliver(checks=(has("x-field", "value"),))),
    with_line("field-empty", "9110 5.5", "must", "An empty value is allowed", b"X-Field:", deliver()),
    with_line("field-latin", "9110 5.5", "should", "Bytes above ASCII in a value are passed on as they are",
        b"X-Field: caf\xe9",
        deliver(checks=(has("x-field", "caf\xe9"),))),
    with_line("field-case", "9110 5.1", "must", "A name in mixed case is the same field",
        b"cONNECTION: cLOSE", deliver(closes=True)),
    with_line("field-order", "9110 5.3", "must", "Fields of one name keep their order",
        b"X-Field: a\r\nX-Field: b\r\nX-Field: c",
        deliver(checks=(has("x-field", "a, b, c"),))),
    with_line("field-space-colon", "9112 5.1", "must", "A space between name and colon gets 400", b"X-Field : value",
        refuse(400)),
    with_line("field-tab-colon", "9112 5.1", "must", "A tab between name and colon gets 400", b"X-Field\t: value", refuse(400)),
    with_line("field-no-colon", "9112 5", "should", "A line without a colon", b"NoColon", refuse()),
    with_line("field-no-name", "9112 5", "should", "A line that begins with the colon", b": value", refuse()),
    with_line("field-brackets", "9110 5.1", "should", "Brackets in a name", b"X[Field]: value", refuse()),
    with_line("field-name-space", "9110 5.1", "should", "A space within a name", b"X Field: value", refuse()),
    with_line("field-name-tab", "9110 5.1", "should", "A tab within a name", b"X\tField: value", refuse()),
    with_line("field-name-not-ascii", "9110 5.1", "should", "A byte above ASCII in a name", b"X-F\xc3\xa9ld: value", refuse()),
    with_line("field-name-nul", "9110 5.1", "should", "A NUL in a name", b"X-Fi\0eld: value", refuse()),
    with_line("field-name-control", "9110 5.1", "should", "A control character in a name", b"X-Fi\x01eld: value", refuse()),
    with_line("field-value-nul", "9110 5.5", "must", "A NUL in a value is refused or replaced", b"X-Field: val\0ue", EITHER),
    with_line("field-value-cr", "9112 2.2", "must", "A bare CR in a value is refused or replaced", b"X-Field: val\rue", EITHER),
    with_line("field-value-cr-field", "9112 2.2", "must", "A bare CR in a value begins no field", b"X-Field: val\rX-More: 1",
        (refuse(), deliver(checks=(lacks("x-more"),)))),
    with_line("field-value-control", "9110 5.5", "should", "A control character in a value is refused or not passed on",
        b"X-Field: a\x07b\x0bc",
        (refuse(), deliver(checks=(lambda r: "it was passed on" if "\x07" in (r.got[0].get("x-field") or "") else None,
                  )))),
    with_line("field-value-delete", "9110 5.5", "should", "A DEL in a value is refused or not passed on", b"X-Field: a\x7fb",
        (refuse(), deliver(checks=(lambda r: "it was passed on" if "\x7f" in (r.got[0].get("x-field") or "") else None,
                  )))),
    with_line("field-fold", "9112 5.2", "must", "A folded line is refused or joined with spaces", b"X-Field: value\r\n more",
        (refuse(), deliver(checks=(lambda r: None if (r.got[0].get("x-field") or "").split() == ["value",
                  "more"] else "it was not joined",)))),
    with_line("field-fold-tab", "9112 5.2", "must", "A line folded with a tab is refused or joined",
        b"X-Field: value\r\n\tmore", EITHER),
    with_line("field-lf", "9112 2.2", "should", "A bare LF after a field is an end of line, or refused",
        b"X-Field: value\nX-More: 1",
        (refuse(), deliver(checks=(has("x-more", "1"),)))),
    Case("field-first-space", "9112 2.2", "must", "White space before the first field",
        b"GET @T HTTP/1.1\r\n X-Field: value\r\nHost: @H\r\n\r\n", (refuse(), deliver(checks=(lacks("x-field"),)))),
    Case("field-first-blank", "9112 2.2", "must", "A line of one space before the first field",
        b"GET @T HTTP/1.1\r\n \r\nHost: @H\r\n\r\n", EITHER),
    Case("field-end-cr", "9112 2.2", "must", "A CR without LF where the head would end",
        b"GET @T HTTP/1.1\r\nHost: @H\r\n\rX-Field: value\r\n\r\n", refuse()),
    Case("field-end-lf", "9112 2.2", "should", "A head that ends with bare LFs is served, or refused",
        b"GET @T HTTP/1.1\nHost: @H\n\n", EITHER),
    with_line("field-many", "6585 5", "should", "10,000 fields are refused",
        b"\r\n".join(b"X-Field-%d: value" % n for n in range(10_000)),
        refuse(400, 413, 431, silent=True)),
    with_line("field-long-value", "6585 5", "should", "A value of 100,000 octets is refused", b"X-Field: " + b"a" * 100_000,
        refuse(400, 413, 431, silent=True)),
    with_line("field-long-name", "6585 5", "should", "A name of 100,000 octets is refused", b"X" * 100_000 + b": value",
        refuse(400, 413, 431, silent=True)),
    with_line("field-8000", "9110 5.4", "should", "A value of 4,000 octets is taken", b"X-Field: " + b"a" * 4000,
        deliver(checks=(has("x-field", "a" * 4000),))),
    with_line("field-accept", "9110 12.5.1", "should", "An Accept that nothing meets is no reason to fail",
        b"Accept: application/x-nothing",
        response(*SUCCESS, 406)),
    with_line("field-range-odd", "9110 14.2", "must", "An invalid Range is ignored or refused",
        b"Range: bytes=abc-xyz",
        response(200, 400, 416)),
    with_line("field-range-many", "9110 14.2", "should", "A thousand overlapping ranges do not multiply the response",
        b"Range: bytes=" + b",".join(b"0-" for _ in range(1000)), response(200, 206, 400, 416, 431, checks=(
                  lambda r: "the response is large" if len(r.responses[0].body) > 100_000 else None,))),
))

HOSTS = Group("Host", "exactly one valid host and port", (
    with_host("host-none", "must", "None at all gets 400", b"", refuse(400, closes=None)),
    with_host("host-two", "must", "Two different ones get 400", b"Host: @H\r\nHost: other.example\r\n",
        refuse(400, closes=None)),
    with_host("host-twice", "must", "The same one twice gets 400", b"Host: @H\r\nHost: @H\r\n", refuse(400, closes=None)),
    with_host("host-two-case", "must", "A second one in mixed case gets 400", b"Host: @H\r\nhOST: @H\r\n",
        refuse(400, closes=None)),
    with_host("host-path", "must", "A path in it gets 400", b"Host: @H/path\r\n", refuse(400, 421, closes=None)),
    with_host("host-userinfo", "must", "A user in it gets 400", b"Host: user@@H\r\n", refuse(400, 421, closes=None)),
    with_host("host-list", "must", "A list gets 400", b"Host: @H, other.example\r\n", refuse(400, 421, closes=None)),
    with_host("host-space", "must", "A space within it gets 400", b"Host: 127.0.0.1 :1\r\n", refuse(400, 421, closes=None)),
    with_host("host-scheme", "must", "A full URI gets 400", b"Host: http://@H\r\n", refuse(400, 421, closes=None)),
    with_host("host-port", "must", "A port of letters gets 400", b"Host: 127.0.0.1:port\r\n", refuse(400, 421, closes=None)),
    with_host("host-brackets", "must", "A bracket that is not closed gets 400", b"Host: [::1\r\n",
        refuse(400, 421, closes=None)),
    with_host("host-control", "must", "A control character in it gets 400", b"Host: 127.0.0.1\x01\r\n",
        refuse(400, 421, closes=None)),
    with_host("host-empty", "should", "An empty one is refused, as this host has a name", b"Host: \r\n",
        refuse(400, 421, closes=None)),
    with_host("host-case", "must", "Its name in mixed case is the same", b"hOsT: @H\r\n", deliver()),
    with_host("host-tab", "must", "A tab before it is no part of it", b"Host:\t@H\r\n", deliver(), rfc="9112 5.1"),
    with_host("host-last", "must", "It need not be the first field", b"X-Field: value\r\nHost: @H\r\n", deliver()),
    with_host("host-fold", "must", "A folded one is refused or joined", b"Host:\r\n @H\r\n", EITHER, rfc="9112 5.2"),
    with_host("host-1-0", "must", "HTTP/1.0 with one is served", b"Host: @H\r\n", deliver(), b"1.0"),
    with_host("host-1-0-none", "should", "HTTP/1.0 without one is served, or refused because it lacks a name", b"",
        (deliver(), refuse(400, 421, closes=None)), b"1.0"),
    with_host("host-1-0-two", "must", "Two different ones are refused in HTTP/1.0 too", b"Host: @H\r\nHost: other.example\r\n",
        refuse(400, closes=None), b"1.0"),
))


def cookie(id, level, title, lines, allow, rfc="6265 5.4"):
    return with_line("cookie-" + id, rfc, level, title, lines, allow)


COOKIES = Group("cookies", "any value is handled, and forwarded requests are well-formed", (
    cookie("plain", "must", "One pair", b"Cookie: a=b", deliver()),
    cookie("empty", "should", "An empty field", b"Cookie: ", deliver()),
    cookie("odd", "should", "Separators without names", b"Cookie: ===;;;", deliver()),
    cookie("many", "should", "A thousand pairs", b"Cookie: " + b"; ".join(b"c%d=v" % n for n in range(1000)), EITHER),
    cookie("two", "should", "Two fields", b"Cookie: a=1\r\nCookie: b=2", deliver()),
    cookie("spaces", "should", "Spaces and equals signs in values", b"Cookie: a=b c; d=e=f", deliver()),
    cookie("no-value", "should", "A name without a value", b"Cookie: a=", deliver()),
    cookie("quoted", "should", "A quoted value", b'Cookie: a="b c, d"', deliver()),
    cookie("comma", "should", "A comma in a value", b"Cookie: a=b,c=d", deliver()),
    cookie("nul", "must", "A NUL is refused or replaced", b"Cookie: a=\0b", EITHER, "9110 5.5"),
    cookie("control", "should", "Control characters are refused or not passed on", b"Cookie: a=\x01\x02\x03",
        (refuse(), deliver(checks=(lambda r: "they were passed on" if "\x01" in (r.got[0].get("cookie") or "") else None,))),
               "9110 5.5"),
    cookie("long", "should", "A field of 64 KiB is refused", b"Cookie: a=" + b"b" * 65536, refuse(400, 413, 431, silent=True),
        "6585 5"),
))
