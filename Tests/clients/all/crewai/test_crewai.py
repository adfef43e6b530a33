"""crewAI: an `LLM` of provider OpenRouter with a base URL."""

import os

from origin import KEY_OF_HALF, WORDS

os.environ |= {"CREWAI_DISABLE_TELEMETRY": "true", "OTEL_SDK_DISABLED": "true", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}


def test_a_chat_is_passed_through(base_url, chats):
    from crewai import LLM

    llm = LLM(model="openrouter/openai/gpt-4o", base_url=base_url, api_key=KEY_OF_HALF)
    assert llm.call("How do the pieces come?") == " ".join(WORDS)
    assert [fields["Authorization"] for fields in chats()] == [f"Bearer {KEY_OF_HALF}"]
