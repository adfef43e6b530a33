"""DSPy: a language model by way of LiteLLM."""

import os

from origin import KEY_OF_HALF, WORDS

MODEL, QUESTION, ANSWER = "openai/gpt-4o", "How do the pieces come?", " ".join(WORDS)

# The price map would be fetched from the network at the import.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"


def test_dspy(base_url, passed):
    import dspy

    lm = dspy.LM(f"openrouter/{MODEL}", api_base=base_url, api_key=KEY_OF_HALF, cache=False)
    assert lm(QUESTION) == [ANSWER]
