"""Haystack: its generator for OpenAI's protocol."""

from origin import KEY_OF_HALF, WORDS

MODEL, QUESTION, ANSWER = "openai/gpt-4o", "How do the pieces come?", " ".join(WORDS)


def test_haystack(base_url, passed):
    from haystack.components.generators.chat import OpenAIChatGenerator
    from haystack.dataclasses import ChatMessage
    from haystack.utils import Secret

    generator = OpenAIChatGenerator(
        model=MODEL, api_base_url=base_url, api_key=Secret.from_token(KEY_OF_HALF))
    assert generator.run([ChatMessage.from_user(QUESTION)])["replies"][0].text == ANSWER
