"""OpenRouter's Python SDK, unchanged but for its server's URL."""

import pytest
from openrouter import OpenRouter, errors, operations
from openrouter.utils import BackoffStrategy, RetryConfig
from origin import KEY_OF_HALF, KEY_OF_TEN

# Its default is to repeat whatever fails with 5xx for up to an hour.
NO_RETRIES = RetryConfig("none", BackoffStrategy(1, 1, 1, 1), False)


def connect(base_url: str, key: str = "sk-or-v1-anything") -> OpenRouter:
    return OpenRouter(api_key=key, server_url=base_url, retry_config=NO_RETRIES, timeout_ms=20_000)


@pytest.fixture
def client(base_url):
    with connect(base_url) as client:
        yield client


def ids(rows) -> list[str]:
    return [row["id"] if isinstance(row, dict) else row.id for row in rows]


def texts(models: list[dict]) -> list[dict]:
    return [row for row in models if "text" in row["architecture"]["output_modalities"]]


def pages(response) -> list:
    """Every page, as the SDK turns them."""
    result = []
    while response is not None:
        result.append(response.result)
        assert len(result) < 100, "pages without end"
        response = response.next()
    return result


def test_the_default_list_is_a_first_page_of_text_models(client, models):
    result = client.models.list().result
    assert ids(result.data) == ids(texts(models))[:500]
    assert result.total_count == len(texts(models))
    assert result.links.next is None


@pytest.mark.parametrize("limit", [1000, 100, 90, 45])
def test_pages_are_walked_to_the_end(client, models, limit):
    walked = pages(client.models.list(limit=limit, output_modalities="all"))
    assert [identifier for page in walked for identifier in ids(page.data)] == ids(models)
    assert {page.total_count for page in walked} == {len(models)}
    for number, page in enumerate(walked, start=1):
        assert (page.links.next is None) == (number * limit >= len(models))


def test_rows_are_as_upstream_wrote_them(client, models):
    rows = {row.id: row for row in client.models.list(output_modalities="all", limit=1000).result.data}
    for model in models:
        row = rows[model["id"]]
        assert (row.name, row.created, row.description) == (model["name"], model["created"], model["description"])
        assert (row.pricing.prompt, row.context_length) == (model["pricing"]["prompt"], model["context_length"])


@pytest.mark.caching
def test_filters_are_answered_without_upstream(client, models, origin):
    found = client.models.list(q="GPT-4O", min_price=0, sort="newest", model_authors="openai").result.data
    assert "openai/gpt-4o" in ids(found) and all(row.id.startswith("openai/") for row in found)
    created = [row.created for row in client.models.list(sort="newest", limit=50).result.data]
    assert created == sorted(created, reverse=True)
    assert origin.requests == ["/api/v1/models?output_modalities=all"]


def test_count(client, models):
    assert client.models.count().data.count == len(texts(models))
    assert client.models.count(output_modalities="all").data.count == len(models)


def test_one_model(client, models):
    by_id = client.models.get(author="openai", slug="gpt-4o").data
    assert by_id.id == "openai/gpt-4o"
    author, slug = by_id.canonical_slug.split("/")
    assert client.models.get(author=author, slug=slug).data == by_id


def test_a_variant_with_a_row_of_its_own(client, models):
    author, slug = next(row["id"] for row in models if row["id"].endswith(":free")).split("/")
    assert client.models.get(author=author, slug=slug).data.id == f"{author}/{slug}"


@pytest.mark.caching
def test_a_variant_that_upstream_resolves_is_asked_for_once(client, origin):
    for _ in range(2):
        assert client.models.get(author="openai", slug="gpt-4o:nitro").data.id == "openai/gpt-4o"
    assert origin.asked("model/openai/gpt-4o:nitro") == 1


def test_the_list_of_a_user_is_that_users(base_url, models):
    for key, expected in [(KEY_OF_HALF, models[::2]), (KEY_OF_TEN, models[:10])]:
        security = operations.ListModelsUserSecurity(bearer=key)
        with connect(base_url, key) as client:
            walked = pages(client.models.list_for_user(security=security, limit=100, output_modalities="all"))
        assert [identifier for page in walked for identifier in ids(page.data)] == ids(expected)
        assert walked[0].total_count == len(expected)


@pytest.mark.caching
def test_upstream_is_asked_once_for_a_catalogue_and_once_for_each_user(base_url, origin):
    for _ in range(3):
        for key in (KEY_OF_HALF, KEY_OF_TEN):
            with connect(base_url, key) as client:
                client.models.list()
                client.models.count()
                client.models.get(author="openai", slug="gpt-4o")
                client.models.list_for_user(security=operations.ListModelsUserSecurity(bearer=key))
    assert origin.asked("models") == 1
    assert origin.asked("models/user") == 2
    assert len(origin.requests) == 3


@pytest.mark.caching
def test_a_category_is_asked_for_once_and_keeps_upstreams_order(client, origin, models):
    expected = ids(texts(models[::7][::-1]))
    for _ in range(2):
        assert ids(client.models.list(category="programming").result.data) == expected
    assert origin.asked("models") == 2


def test_a_bad_limit_is_a_typed_400(client):
    with pytest.raises(errors.BadRequestResponseError) as caught:
        client.models.list(limit=1001)
    assert caught.value.data.error.code == 400 and "limit" in caught.value.data.error.message


def test_upstreams_own_400_is_relayed(client):
    # Upstream's body lacks the `code` that the SDK wants, so this is what the SDK makes of it without Larder, too.
    with pytest.raises(errors.ResponseValidationError) as caught:
        client.models.list(output_modalities="file")
    assert caught.value.status_code == 400 and "ZodError" in caught.value.body


def test_no_key_and_a_bad_key_are_typed_401s(client):
    with pytest.raises(errors.UnauthorizedResponseError) as caught:
        client.models.list_for_user(security=operations.ListModelsUserSecurity(bearer="sk-or-v1-unknown"))
    assert caught.value.data.error.code == 401 and caught.value.data.error.message == "User not found."


def test_an_unknown_model_is_a_typed_404(client):
    with pytest.raises(errors.NotFoundResponseError) as caught:
        client.models.get(author="openai", slug="no-such-model")
    assert caught.value.data.error.code == 404


@pytest.mark.caching
def test_a_404_is_remembered(client, origin):
    for _ in range(2):
        with pytest.raises(errors.NotFoundResponseError):
            client.models.get(author="openai", slug="no-such-model")
    assert origin.asked("model/openai/no-such-model") == 1


@pytest.mark.caching
def test_a_broken_upstream_is_an_honest_error(start, origin):
    origin.broken = True
    with connect(start("/healthz")) as client:
        with pytest.raises(errors.OpenRouterError) as caught:
            client.models.list()
    assert caught.value.status_code in (502, 503, 504)
    assert caught.value.headers["content-type"].startswith("application/json")
