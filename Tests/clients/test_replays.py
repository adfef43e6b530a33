"""Requests of clients that are no Python packages, field by field as they send them."""

import gzip
import http.client
import json

import pytest
from origin import KEY_OF_HALF

# Node 20 (undici): `fetch(url, {cache: "no-store", headers: {Authorization: ...}})`, and {cache: "no-cache"} below.
NODE_FETCH = [
    ("connection", "keep-alive"), ("Authorization", f"Bearer {KEY_OF_HALF}"), ("accept", "*/*"), ("accept-language", "*"),
    ("sec-fetch-mode", "cors"), ("user-agent", "node"), ("pragma", "no-cache"), ("cache-control", "no-cache"),
    ("accept-encoding", "gzip, deflate"),
]
NODE_FETCH_NO_CACHE = [
    *[field for field in NODE_FETCH if field[0] not in ("pragma", "cache-control")], ("cache-control", "max-age=0")]
# Codex 0.163.0, `codex exec` with `auth.command`.
CODEX = [
    ("authorization", f"Bearer {KEY_OF_HALF}"), ("originator", "codex_exec"),
    ("user-agent", "codex_exec/0.163.0 (Debian 12.0.0; x86_64) unknown (codex_exec; 0.163.0)"), ("accept", "*/*"),
]
# Claude Code 2.1.332, with ANTHROPIC_AUTH_TOKEN and with ANTHROPIC_API_KEY.
CLAUDE_CODE = [
    ("Authorization", f"Bearer {KEY_OF_HALF}"), ("User-Agent", "claude-code/2.1.332"), ("anthropic-version", "2023-06-01"),
    ("Connection", "keep-alive"), ("Accept", "*/*"), ("Accept-Encoding", "gzip, deflate, br, zstd"),
]
CLAUDE_CODE_KEY = [*CLAUDE_CODE[1:3], ("x-api-key", KEY_OF_HALF), *CLAUDE_CODE[3:]]
# Each of these marks is enough by itself.
USER_AGENT_ALONE = [field for field in CLAUDE_CODE if field[0] != "anthropic-version"]
KEY_ALONE = [("x-api-key", KEY_OF_HALF), ("Accept", "*/*")]


class Client:
    """One kept connection that adds no field of its own but `Host`."""

    def __init__(self, base_url: str):
        host, self.root = base_url.removeprefix("http://").split("/", 1)
        self.connection = http.client.HTTPConnection(host, timeout=20)

    def get(self, target: str, fields: list[tuple[str, str]]) -> tuple[http.client.HTTPResponse, bytes]:
        self.connection.putrequest("GET", f"/{self.root}{target}", skip_accept_encoding=True)
        for name, value in fields:
            self.connection.putheader(name, value)
        self.connection.endheaders()
        answer = self.connection.getresponse()
        body = answer.read()
        return answer, gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body


@pytest.fixture
def client(base_url):
    client = Client(base_url)
    yield client
    client.connection.close()


@pytest.mark.caching
@pytest.mark.parametrize("fields", [NODE_FETCH, NODE_FETCH_NO_CACHE], ids=["no-store", "no-cache"])
def test_fetch_without_a_cache_gets_a_hit(client, origin, fields):
    for target in ("/models", "/models/user", "/models?category=programming"):
        client.get(target, fields)
        asked = len(origin.requests)
        for _ in range(5):
            answer, _ = client.get(target, fields)
            assert answer.status == 200
            assert answer.headers["Cache-Status"].startswith("larder; hit; ttl=")
            assert answer.headers["Cache-Status"].endswith("; detail=recent")
        assert len(origin.requests) == asked


@pytest.mark.caching
def test_fetch_without_a_cache_asks_upstream_where_the_setting_says_so(start, origin):
    client = Client(start(LARDER_TTL_NO_CACHE="0s"))
    for _ in range(3):
        answer, _ = client.get("/models", NODE_FETCH)
        assert answer.headers["Cache-Status"] == "larder; fwd=request; fwd-status=200; stored"
    assert origin.asked("models") == 4


def test_codex_gets_its_list(client, origin):
    for _ in range(2):
        answer, body = client.get("/models?client_version=0.163.0", CODEX)
        assert answer.status == 200 and json.loads(body) == {"models": origin.for_codex()}


@pytest.mark.caching
def test_codexs_list_is_kept(client, origin):
    for _ in range(3):
        client.get("/models?client_version=0.163.0", CODEX)
    assert [request for request in origin.requests if "client_version" in request] == [
        "/api/v1/models?client_version=0.163.0"]


@pytest.mark.parametrize(
    "fields", [CLAUDE_CODE, CLAUDE_CODE_KEY, USER_AGENT_ALONE, KEY_ALONE],
    ids=["token", "key", "user-agent-alone", "key-alone"])
def test_anthropics_clients_get_their_list(client, origin, models, fields):
    client.get("/models", CODEX)
    answer, body = client.get("/models?limit=1000", fields)
    assert answer.status == 200
    assert [row["type"] for row in json.loads(body)["data"]] == ["model"] * 3
    sent = origin.seen[-1][2]
    for name, value in fields:
        assert name == "Connection" or sent[name] == value
    # Everyone else goes on getting the catalogue.
    _, body = client.get("/models", CODEX)
    assert "total_count" in json.loads(body) or "created" in json.loads(body)["data"][0]
