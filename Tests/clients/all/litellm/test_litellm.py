"""LiteLLM: models of provider OpenRouter, and the variable for its base URL."""

import os

from origin import KEY_OF_HALF, WORDS

MODEL, QUESTION, ANSWER = "openai/gpt-4o", "How do the pieces come?", " ".join(WORDS)

# The price map would be fetched from the network at the import.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"


def test_litellm(base_url, passed, monkeypatch):
    import litellm

    monkeypatch.setenv("OPENROUTER_API_BASE", base_url)
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY_OF_HALF)
    answer = litellm.completion(model=f"openrouter/{MODEL}", messages=[{"role": "user", "content": QUESTION}])
    assert answer.choices[0].message.content == ANSWER


def test_its_discovery(base_url, origin):
    """What a proxy does for `openai/*` and `openrouter/*` with `check_provider_endpoint`."""
    import litellm
    from litellm.types.router import LiteLLM_Params

    for provider, route in [("openai", "models"), ("openrouter", "models/user")]:
        for _ in range(2):
            found = litellm.get_valid_models(
                check_provider_endpoint=True, custom_llm_provider=provider,
                litellm_params=LiteLLM_Params(model=f"{provider}/*", api_base=base_url, api_key=KEY_OF_HALF))
            assert len(found) > 100 and all(name.startswith("openrouter/") or provider == "openai" for name in found)
        assert origin.asked(route) == 1
