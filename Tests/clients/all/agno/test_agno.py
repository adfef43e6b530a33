"""Agno: its model class for OpenRouter."""

from origin import KEY_OF_HALF, WORDS

MODEL, QUESTION, ANSWER = "openai/gpt-4o", "How do the pieces come?", " ".join(WORDS)


def test_agno(base_url, passed):
    from agno.agent import Agent
    from agno.models.openrouter import OpenRouter

    agent = Agent(model=OpenRouter(id=MODEL, base_url=base_url, api_key=KEY_OF_HALF), telemetry=False)
    assert agent.run(QUESTION).content == ANSWER
