"""The cases that Larder fails, and why: CHOICE where it does so on purpose, FAULT where it is to be repaired.

A run fails if Larder fails another case, or passes one of these. A case in SOMETIMES may do either.
"""

CHOICE, FAULT = "choice", "fault"

OWN_ANSWER = (
    "Larder makes its responses itself: a stored body may be filtered, composed or compressed, so ETag, Cache-Control, Date and Content-Encoding "
    "describe what Larder sends. Upstream's other fields are not kept")
OWN_REQUEST = (
    "Larder asks upstream with its own fields, plus the caller's key, and one fetch serves many callers. A caller's other fields cannot change "
    "the response, so Vary is not read")
ADVISORY = (
    "RFC 9111 section 5.2.1 makes the directives of requests advisory. Larder obeys no-cache, max-age=0, no-store and only-if-cached")
NO_EXPIRES = "`ttl.respect_upstream` reads max-age and s-maxage. Without a valid one, the settings say how long a copy is fresh"
NO_RANGES = "A range is ignored, as RFC 9110 section 14.2 allows: the lists are small once compressed"

SOMETIMES: dict[str, str] = {}

LARDER = {
    "line-method-unknown": (CHOICE,
        "llhttp accepts a fixed set of methods and reports any other as malformed: 400 in place of 501"),
    "fresh-minus": (CHOICE, NO_EXPIRES),
    "fresh-quoted-single": (CHOICE, NO_EXPIRES),
    **dict.fromkeys(("fresh-expires-past", "fresh-expires-now", "fresh-expires-0", "fresh-expires-odd"), (CHOICE, NO_EXPIRES)),
    "date-kept": (CHOICE, OWN_ANSWER),
    "no-cache-condition": (CHOICE, "What upstream marked no-cache is not stored, so no condition can be sent"),
    **dict.fromkeys(("private", "private-case"), (
        CHOICE, "A private response is kept for the key that fetched it. Callers without a key count as one")),
    "must-understand": (CHOICE, "must-understand is not implemented, so no-store counts"),
    **dict.fromkeys(("ask-max-age", "ask-min-fresh", "ask-max-stale"), (CHOICE, ADVISORY)),
    **dict.fromkeys((
        "vary-differs", "vary-stored-without", "vary-asked-without", "vary-case", "vary-two-one-differs", "vary-two-lines",
        "vary-star", "vary-star-list", "vary-star-first", "vary-star-lines", "vary-star-empty", "vary-language", "vary-both"),
        (CHOICE, OWN_REQUEST)),
    **dict.fromkeys(("stored-field", "stored-etag", "stored-cc", "stored-language", "stored-policy"), (CHOICE, OWN_ANSWER)),
    "interim-passed": (CHOICE,
        "One fetch serves all who wait for it, and each gets the final response. Where a request is passed through, so is a 103"),
    **dict.fromkeys(("range-part", "range-open", "range-last"), (CHOICE, NO_RANGES)),
}
