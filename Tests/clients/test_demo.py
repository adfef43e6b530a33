"""A first try with each SDK before `larder serve --demo`: it works to the end."""

import openai
import pytest
from openrouter import OpenRouter

MODEL = "openai/gpt-5.4"
MESSAGES = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def demo(start) -> str:
    return start(demo=True)


@pytest.mark.caching
def test_openai(demo):
    with openai.OpenAI(api_key="any", base_url=demo, max_retries=0, timeout=20) as client:
        assert client.models.retrieve(MODEL).id == MODEL
        whole = client.chat.completions.create(model=MODEL, messages=MESSAGES)
        assert whole.model == MODEL and whole.usage.total_tokens > 0
        chunks = list(client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True))
        said = "".join(chunk.choices[0].delta.content for chunk in chunks)
        assert said == whole.choices[0].message.content != ""
        assert chunks[-1].usage.total_tokens == whole.usage.total_tokens
        with pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(model="openai/no-such-model", messages=MESSAGES)
        assert caught.value.body["message"] == "openai/no-such-model is not a valid model ID"


@pytest.mark.caching
def test_openrouter(demo):
    with OpenRouter(api_key="any", server_url=demo, timeout_ms=20_000) as client:
        assert MODEL in [model.id for model in client.models.list().result.data]
        whole = client.chat.send(model=MODEL, messages=MESSAGES)
        with client.chat.send(model=MODEL, messages=MESSAGES, stream=True) as events:
            said = "".join(event.choices[0].delta.content for event in events)
        assert said == whole.choices[0].message.content != ""
