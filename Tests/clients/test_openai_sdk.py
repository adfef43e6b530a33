"""OpenAI's Python SDK, as many programs use it against OpenRouter: the base URL changed, nothing else."""

import openai
import pytest
from origin import KEY_OF_HALF, WORDS

MESSAGES = [{"role": "user", "content": "How do the pieces come?"}]


@pytest.fixture
def client(base_url):
    with openai.OpenAI(api_key="sk-or-v1-anything", base_url=base_url, max_retries=0, timeout=20) as client:
        yield client


def test_models_list(client, models):
    expected = [row["id"] for row in models if "text" in row["architecture"]["output_modalities"]]
    listed = list(client.models.list())
    assert [model.id for model in listed] == expected
    assert [model.created for model in listed] == [row["created"] for row in models if row["id"] in set(expected)]


def test_models_retrieve(client, models):
    row = next(row for row in models if row["id"] == "openai/gpt-4o")
    model = client.models.retrieve("openai/gpt-4o")
    assert (model.id, model.object, model.created, model.owned_by) == (row["id"], "model", row["created"], "openai")


def test_an_unknown_model_is_a_typed_404(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("openai/no-such-model")
    assert caught.value.body["code"] == 404


@pytest.mark.caching
def test_upstream_is_asked_once(client, origin):
    for _ in range(3):
        client.models.list()
        client.models.retrieve("openai/gpt-4o")
    assert origin.requests == ["/api/v1/models?output_modalities=all"]


@pytest.fixture
def chatting(base_url):
    with openai.OpenAI(api_key=KEY_OF_HALF, base_url=base_url, max_retries=0, timeout=20) as client:
        yield client


def test_a_chat_is_passed_through_whole(chatting):
    answer = chatting.chat.completions.create(model="openai/gpt-4o", messages=MESSAGES)
    assert (answer.model, answer.choices[0].message.content) == ("openai/gpt-4o", " ".join(WORDS))


def test_a_streamed_chat_comes_word_by_word(chatting, origin):
    origin.may_go_on.release()
    words = []
    for event in chatting.chat.completions.create(model="openai/gpt-4o", messages=MESSAGES, stream=True):
        words.append(event.choices[0].delta.content)
        origin.may_go_on.release()
    assert words == WORDS


def test_a_chat_with_a_bad_key_is_upstreams_401(client):
    with pytest.raises(openai.AuthenticationError) as caught:
        client.chat.completions.create(model="openai/gpt-4o", messages=MESSAGES, stream=True)
    assert caught.value.body["message"] == "User not found."
