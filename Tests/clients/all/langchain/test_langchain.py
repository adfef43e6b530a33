"""LangChain: its package for OpenRouter, and the one for OpenAI."""

from origin import KEY_OF_HALF, WORDS

MODEL, QUESTION, ANSWER = "openai/gpt-4o", "How do the pieces come?", " ".join(WORDS)


def test_langchain_openai(base_url, passed):
    from langchain_openai import ChatOpenAI

    assert ChatOpenAI(model=MODEL, base_url=base_url, api_key=KEY_OF_HALF).invoke(QUESTION).content == ANSWER


def test_langchain_openrouter(base_url, passed):
    from langchain_openrouter import ChatOpenRouter

    assert ChatOpenRouter(model=MODEL, base_url=base_url, api_key=KEY_OF_HALF).invoke(QUESTION).content == ANSWER
