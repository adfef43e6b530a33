"""Pydantic AI: a provider with a client of one's own."""

from origin import KEY_OF_HALF, WORDS

MODEL, QUESTION, ANSWER = "openai/gpt-4o", "How do the pieces come?", " ".join(WORDS)


def test_pydantic_ai(base_url, passed):
    from openai import AsyncOpenAI
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openrouter import OpenRouterProvider

    provider = OpenRouterProvider(openai_client=AsyncOpenAI(base_url=base_url, api_key=KEY_OF_HALF))
    assert Agent(OpenAIChatModel(MODEL, provider=provider)).run_sync(QUESTION).output == ANSWER
