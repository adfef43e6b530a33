"""The SDKs below a view, a named part of the catalogue, with nothing changed but the base URL."""

import fnmatch

import openai
import pytest
from openrouter import OpenRouter
from origin import KEY_OF_HALF, WORDS

pytestmark = pytest.mark.caching

SETTINGS = {
    "LARDER_VIEWS_TEAM_QUERY": "supported_parameters=tools", "LARDER_VIEWS_TEAM_ALLOW": "openai/*,google/*,*/gpt-4o",
    "LARDER_VIEWS_TEAM_DENY": "*:free", "LARDER_VIEWS_TEAM_PIN": "openai/gpt-4o",
}


@pytest.fixture
def view_url(start):
    return start(**SETTINGS).removesuffix("/api/v1") + "/view/team"


@pytest.fixture
def left(models) -> list[str]:
    """The ids that the view leaves of the models that make text, in its order."""
    rows = [row["id"] for row in models if "text" in row["architecture"]["output_modalities"]
            and "tools" in row["supported_parameters"] and not row["id"].endswith(":free")
            and any(fnmatch.fnmatchcase(row["id"], pattern) for pattern in ("openai/*", "google/*", "*/gpt-4o"))]
    rows.sort(key=lambda id: id != "openai/gpt-4o")
    assert 3 < len(rows) < len(models)
    return rows


@pytest.mark.parametrize("root", ["", "/v1", "/api/v1", "/openai/v1"])
def test_openai_lists_the_view(view_url, left, root):
    with openai.OpenAI(api_key="k", base_url=view_url + root, max_retries=0, timeout=20) as client:
        assert [model.id for model in client.models.list()] == left
        assert client.models.retrieve(left[1]).id == left[1]
        with pytest.raises(openai.NotFoundError) as caught:
            client.models.retrieve("anthropic/" + left[1].split("/")[1])
        assert caught.value.body["code"] == 404


def test_openrouters_sdk_pages_through_the_view(view_url, left):
    with OpenRouter(api_key="k", server_url=view_url + "/api/v1", timeout_ms=20_000) as client:
        found, response = [], client.models.list(limit=2)
        while response is not None:
            assert response.result.total_count == len(left)
            found += [row.id for row in response.result.data]
            response = response.next()
        assert found == left
        assert client.models.count().data.count == len(left)
        author, slug = left[0].split("/")
        assert client.models.get(author=author, slug=slug).data.id == left[0]


def test_a_chat_goes_through_a_view_also_with_a_model_that_it_hides(view_url, origin):
    with openai.OpenAI(api_key=KEY_OF_HALF, base_url=view_url + "/api/v1", max_retries=0, timeout=20) as client:
        answer = client.chat.completions.create(
            model="anthropic/hidden", messages=[{"role": "user", "content": "How do the pieces come?"}])
    assert answer.choices[0].message.content == " ".join(WORDS)
    assert "/api/v1/chat/completions" in [target for _, target, _ in origin.seen]
