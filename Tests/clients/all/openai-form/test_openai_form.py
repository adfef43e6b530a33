"""Strict clients of OpenAI's API, with the base `/openai/v1`, with and without a view."""

import os

import pytest

# The price map would be fetched from the network at the import.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"


@pytest.fixture(params=["", "/view/some"])
def form_url(start, request) -> str:
    settings = {"LARDER_VIEWS_SOME_ALLOW": "openai/*"}
    return start(**settings).removesuffix("/api/v1") + request.param + "/openai/v1"


@pytest.fixture
def listed(models, form_url) -> list[dict]:
    texts = [row for row in models if "text" in row["architecture"]["output_modalities"]]
    return [row for row in texts if "/view/" not in form_url or row["id"].startswith("openai/")]


def test_openai_python_with_strict_validation(form_url, listed):
    """With it, a response that is not as the types say is an error."""
    import openai

    with openai.OpenAI(
            api_key="k", base_url=form_url, max_retries=0, timeout=20, _strict_response_validation=True) as client:
        found = list(client.models.list())
        assert [(model.id, model.created, model.object, model.owned_by) for model in found] == [
            (row["id"], row["created"], "model", row["id"].removeprefix("~").split("/")[0]) for row in listed]
        assert client.models.retrieve("openai/gpt-4o").id == "openai/gpt-4o"


def test_any_llm(form_url, listed):
    from any_llm import list_models

    found = list_models(provider="openai", api_key="k", api_base=form_url)
    assert [model.id for model in found] == [row["id"] for row in listed]
    assert all(model.object == "model" and model.owned_by for model in found)


def test_litellm_discovery(base_url, models):
    """Without a view only: a process remembers the list of its first address."""
    import litellm
    from litellm.types.router import LiteLLM_Params

    found = litellm.get_valid_models(
        check_provider_endpoint=True, custom_llm_provider="openai",
        litellm_params=LiteLLM_Params(
            model="openai/*", api_base=base_url.removesuffix("/api/v1") + "/openai/v1", api_key="k"))
    assert set(found) == {row["id"] for row in models if "text" in row["architecture"]["output_modalities"]}
