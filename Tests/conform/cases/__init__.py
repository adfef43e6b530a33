"""All cases, by groups. Their subjects follow public lists: h1spec, Http11Probe and http-tests/cache-tests."""

from cases import caching, connections, fields, framing, lines, responses, stores

GROUPS = (
    lines.LINES, lines.CUTS, fields.FIELDS, fields.HOSTS, fields.COOKIES, framing.LENGTHS, framing.CODINGS, framing.CHUNKS,
    framing.SMUGGLING, connections.CONNECTIONS, connections.PATIENCE, connections.METHODS, connections.FORWARDING,
    responses.RESPONSES, caching.FRESHNESS,
    caching.AGES, caching.DIRECTIVES, caching.REQUESTS, caching.CONDITIONS, stores.VARY, stores.STORED, stores.INVALIDATION,
    stores.STALE, stores.INTERIM, stores.RANGES, stores.WIRE, stores.CACHE_STATUS,
)
