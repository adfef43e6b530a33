"""LlamaIndex: its package for OpenRouter."""

from origin import KEY_OF_HALF, WORDS

MODEL, QUESTION, ANSWER = "openai/gpt-4o", "How do the pieces come?", " ".join(WORDS)


def test_llama_index(base_url, passed):
    from llama_index.llms.openrouter import OpenRouter

    assert OpenRouter(model=MODEL, api_base=base_url, api_key=KEY_OF_HALF).complete(QUESTION).text == ANSWER
