"""smolagents: its model class for OpenAI's protocol."""

from origin import KEY_OF_HALF, WORDS

MODEL, QUESTION, ANSWER = "openai/gpt-4o", "How do the pieces come?", " ".join(WORDS)


def test_smolagents(base_url, passed):
    from smolagents import OpenAIModel

    model = OpenAIModel(model_id=MODEL, api_base=base_url, api_key=KEY_OF_HALF)
    assert model([{"role": "user", "content": [{"type": "text", "text": QUESTION}]}]).content == ANSWER
