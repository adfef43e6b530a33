"""Anthropic's Python SDK, which adds `/v1` to its base URL itself."""

import anthropic
import pytest
from origin import KEY_OF_HALF, WORDS

ASKED = {"model": "anthropic/claude-sonnet-4.5", "max_tokens": 100,
         "messages": [{"role": "user", "content": "How do the pieces come?"}]}


@pytest.fixture(params=["api_key", "auth_token"])
def client(base_url, request):
    """Its key stands in `x-api-key`, or in `Authorization`."""
    keys = {"api_key": None, "auth_token": None} | {request.param: KEY_OF_HALF}
    with anthropic.Anthropic(base_url=base_url.removesuffix("/v1"), max_retries=0, timeout=20, **keys) as client:
        yield client


def test_a_message_is_passed_through_whole(client):
    answer = client.messages.create(**ASKED)
    assert (answer.model, answer.content[0].text) == (ASKED["model"], " ".join(WORDS))


def test_a_streamed_message_comes_whole(client):
    with client.messages.stream(**ASKED) as stream:
        assert [text.strip() for text in stream.text_stream] == WORDS


def test_the_list_is_the_one_for_anthropics_clients(client, origin):
    for _ in range(2):
        assert [model.id for model in client.models.list()] == [row["id"] for row in origin.models[:3]]
    assert origin.asked("models") >= 2


def test_a_bad_key_is_upstreams_401(base_url):
    with anthropic.Anthropic(base_url=base_url.removesuffix("/v1"), api_key="sk-or-v1-bad", max_retries=0) as client:
        with pytest.raises(anthropic.AuthenticationError):
            client.messages.create(**ASKED)
