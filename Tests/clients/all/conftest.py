"""The same origin and Larder for the clients that are heavy to install; the origin has one list, and streams without waiting."""

import catalogue
import pytest
from origin import KEY_OF_HALF


@pytest.fixture
def models() -> list[dict]:
    return catalogue.made_up()


@pytest.fixture(autouse=True)
def hurry(origin):
    origin.is_hurried = True


@pytest.fixture
def chats(origin):
    """The requests to a path below the base URL, each of which must have borne the key of the test."""

    def sent(path: str = "chat/completions") -> list:
        return [fields for method, target, fields in origin.seen
                if method == "POST" and target.split("?")[0] == f"/api/v1/{path}"]

    return sent


@pytest.fixture
def passed(chats):
    """Upstream was asked once, with the key."""
    yield
    assert [fields["Authorization"] for fields in chats()] == [f"Bearer {KEY_OF_HALF}"]
