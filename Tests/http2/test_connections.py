"""What becomes of fetches when connections to upstream end, refuse requests or fall silent."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from origin import Deed

REFUSALS = [Deed.REFUSE, Deed.GO_AWAY, Deed.GO_AWAY_LATER]
ENDINGS = [("h2", deed) for deed in [*REFUSALS, Deed.CLOSE, Deed.RESET]] + [
    ("http/1.1", deed) for deed in [Deed.CLOSE, Deed.RESET]]


def until_answered(larder, limit=20) -> int:
    """Asks until there is a 200, through whatever pause follows a failure; how many requests were not answered."""
    failures = 0
    deadline = time.monotonic() + limit
    while (status := larder.fetch()[0]) != 200:
        assert time.monotonic() < deadline, f"nothing but {status}"
        failures += 1
        time.sleep(0.1)
    return failures


def connections_of(origin) -> list[int]:
    return [request.connection.number for request in origin.requests]


def test_fetches_share_a_connection(origin, start):
    larder = start()
    for _ in range(5):
        assert larder.fetch()[0] == 200
    assert set(connections_of(origin)) == {1}
    assert len(origin.connections) == 1


def test_concurrent_fetches_share_one_http2_connection(origin, protocol, start):
    larder = start()
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: larder.fetch()[0], range(64)))
    assert statuses == [200] * 64
    if protocol == "h2":
        assert len(origin.connections) == 1


def test_after_silence_on_a_kept_connection_the_next_fetch_makes_a_new_one(origin, start):
    larder = start(LARDER_UPSTREAM_TIMEOUT="4s")
    assert larder.fetch()[0] == 200
    before = len(origin.requests)
    dead = {connection.number for connection in origin.connections}
    origin.script = lambda request: Deed.IGNORE if request.connection.number in dead else Deed.ANSWER
    assert larder.fetch()[0] == 504
    until_answered(larder)
    assert larder.fetch()[0] == 200
    # One request went out in vain, and no more.
    assert sum(number in dead for number in connections_of(origin)[before:]) == 1


def test_after_silence_no_other_kept_connection_is_tried(origin, protocol, start):
    larder = start(LARDER_UPSTREAM_TIMEOUT="4s")
    # Several connections over HTTP/1.1: each answers when all are there. Over HTTP/2 there is one.
    all_there = Barrier(1 if protocol == "h2" else 4)
    origin.script = lambda request: all_there.wait() >= 0 and Deed.ANSWER
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: larder.fetch()[0], range(4))) == [200] * 4
    dead = {connection.number for connection in origin.connections}
    assert len(dead) == (1 if protocol == "h2" else 4)
    before = len(origin.requests)
    origin.script = lambda request: Deed.IGNORE if request.connection.number in dead else Deed.ANSWER
    assert larder.fetch()[0] == 504
    until_answered(larder)
    assert sum(number in dead for number in connections_of(origin)[before:]) == 1


def test_a_fetch_under_way_on_another_connection_is_not_disturbed(origin, start):
    larder = start(LARDER_UPSTREAM_TIMEOUT="6s")
    slow = []
    first_ended = Event()

    def script(request):
        if request.path.endswith("n=1"):
            return Deed.IGNORE
        if request.path.endswith("n=2"):
            slow.append(request)
            assert first_ended.wait(10)
        return Deed.ANSWER

    origin.script = script
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(larder.fetch)
        while not any(request.path.endswith("n=1") for request in origin.requests):
            time.sleep(0.01)
        # Half of the time limit: the second fetch is under way when the first one fails, and has three seconds left then.
        time.sleep(3)
        second = pool.submit(larder.fetch)
        assert first.result()[0] == 504
        first_ended.set()
        # Over HTTP/2 the origin's one thread for the connection waited: its answer comes all the same.
        assert second.result()[0] == 200
    assert len(slow) == 1


def test_a_connection_whose_packets_vanish_is_left_within_the_same_fetch(origin, start):
    larder = start()
    assert larder.fetch()[0] == 200
    before = len(origin.requests)
    for connection in origin.connections:
        connection.vanish()
    status, seconds = larder.fetch()
    # The old connection was waited for, and left before `upstream.timeout` was over: otherwise there would be no 200.
    assert status == 200
    assert seconds > 2
    assert larder.fetch()[0] == 200
    assert len(origin.requests) == before + 2


@pytest.mark.parametrize(("protocol", "deed"), ENDINGS, indirect=["protocol"])
def test_what_a_kept_connection_did_not_process_is_sent_again(origin, start, deed):
    larder = start()
    assert larder.fetch()[0] == 200
    before = len(origin.requests)
    old = {connection.number for connection in origin.connections}
    origin.script = lambda request: deed if request.connection.number in old else Deed.ANSWER
    assert larder.fetch()[0] == 200
    assert [number in old for number in connections_of(origin)[before:]] == [True, False]
    assert larder.fetch()[0] == 200


@pytest.mark.parametrize("protocol", ["h2"], indirect=True)
@pytest.mark.parametrize("deed", REFUSALS)
def test_what_a_new_connection_refused_is_sent_again(origin, start, deed):
    larder = start(LARDER_UPSTREAM_WARM_UP="false")
    origin.script = lambda request: deed if request.connection.number == 1 else Deed.ANSWER
    assert larder.fetch()[0] == 200
    assert connections_of(origin) == [1, 2]


@pytest.mark.parametrize(("protocol", "deed"), ENDINGS, indirect=["protocol"])
def test_nothing_is_sent_more_than_twice(origin, start, deed):
    larder = start()
    assert larder.fetch()[0] == 200
    before = len(origin.requests)
    origin.script = lambda request: deed
    assert larder.fetch()[0] == 502
    assert len(origin.requests) == before + 2


def test_a_body_that_is_cut_is_a_failure_and_the_next_fetch_makes_a_new_connection(origin, start):
    larder = start()
    assert larder.fetch()[0] == 200
    old = {connection.number for connection in origin.connections}
    origin.script = lambda request: Deed.CUT if request.connection.number in old else Deed.ANSWER
    assert larder.fetch()[0] == 502
    until_answered(larder)
    assert origin.requests[-1].connection.number not in old


@pytest.mark.parametrize("protocol", ["h2"], indirect=True)
def test_a_server_that_ends_connections_after_so_many_requests_is_not_noticed(origin, start):
    """As nginx does after `keepalive_requests`: GOAWAY tells of the last request that is answered."""
    larder = start()
    served: dict[int, int] = {}

    def script(request):
        count = served[request.connection.number] = served.get(request.connection.number, 0) + 1
        return Deed.ANSWER if count <= 10 else Deed.GO_AWAY

    origin.script = script
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda _: larder.fetch()[0], range(100)))
    assert statuses == [200] * 100
    assert len(origin.connections) >= 9


def test_a_key_is_sent_byte_for_byte(origin, start):
    larder = start()
    key = b"Bearer \xff\xfe\xc3"
    assert larder.fetch(Authorization=key)[0] == 200
    assert origin.requests[-1].fields[b"authorization"] == key


@pytest.mark.parametrize("protocol", ["h2"], indirect=True)
def test_what_was_refused_together_is_answered(origin, start):
    larder = start()
    old = {connection.number for connection in origin.connections}
    everybody = Barrier(8)

    def script(request):
        if request.connection.number not in old:
            return Deed.ANSWER
        return Deed.GO_AWAY_ALL if len(origin.requests) >= 9 else Deed.IGNORE

    origin.script = script
    with ThreadPoolExecutor(8) as pool:
        def fetch(_):
            everybody.wait()
            return larder.fetch()[0]

        assert list(pool.map(fetch, range(8))) == [200] * 8
    before = len(origin.requests)
    assert before == 1 + 8 + 8
    assert [larder.fetch()[0] for _ in range(3)] == [200] * 3
    assert len(set(connections_of(origin)[before:])) == 1
