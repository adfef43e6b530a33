"""The browser of the catalogue: filters, order, plot, details, the address."""

import base64
import json
import urllib.error
import urllib.parse
from decimal import Decimal

import pytest

SHOWN = "[...document.querySelectorAll('#models-rows .id')].map((one) => one.textContent)"

# A value for every control that a reader can set, such that the list of the demo catalogue changes with it.
TYPED = {
    "q": "claude", "min_price": "1", "max_price": "0.25", "min_output_price": "2.5", "max_output_price": "0.5", "context": "300000",
    "min_age_days": "300", "max_age_days": "200", "min_intelligence_index": "50", "max_intelligence_index": "40",
    "min_coding_index": "50", "max_coding_index": "40", "min_agentic_index": "50", "max_agentic_index": "40", "arch": "Claude",
    "category": "programming", "providers": "anthropic,mistral", "region": "eu", "min_tool_success_rate": "0.9",
    "max_tool_success_rate": "0.9", "limit": "3", "offset": "5",
}
CHOSEN = {
    "output_modalities": "image", "input_modalities": "file", "supported_parameters": "tools", "model_authors": "mistralai",
}
SELECTED = {"distillable": "true", "zdr": "true", "sort": "pricing-low-to-high"}
ASKED_AT_ENTER = {"category", "providers", "region", "min_tool_success_rate", "max_tool_success_rate"}
SORTS = [
    "newest", "context-high-to-low", "pricing-low-to-high", "pricing-high-to-low", "intelligence-high-to-low", "coding-high-to-low",
    "agentic-high-to-low", "design-arena-elo-high-to-low", "throughput-high-to-low", "latency-low-to-high", "most-popular", "top-weekly",
]


def ids(models: list[dict]) -> list[str]:
    return [model["id"] for model in models]


def shows(page, wanted: list[str]):
    """Waits until the table shows these models in this order, and the plot has a point for each."""
    page.until(f"JSON.stringify({SHOWN}) === {js(wanted)}")
    assert page.eval("document.querySelectorAll('#scatter circle').length") == len(wanted)


def js(value) -> str:
    """A value's JSON as a string of JavaScript, to be compared with what JSON.stringify gives."""
    return json.dumps(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def test_these_tests_know_every_control(tab):
    page = tab()
    controls = page.eval("[...new Set([...document.querySelectorAll('#filters input, #filters select')].map((one) => one.name))]")
    assert sorted(controls) == sorted(TYPED | CHOSEN | SELECTED)
    assert page.eval("[...document.querySelectorAll('#filter-sort option')].map((one) => one.value)") == ["", *SORTS]


def test_every_filter_changes_the_list_to_what_the_api_answers(tab, larder):
    page = tab()
    page.eval("document.getElementById('more').open = true")
    everything = ids(larder.models())
    shows(page, everything)
    for name, value in (TYPED | CHOSEN | SELECTED).items():
        if name in TYPED:
            page.type(f"#filter-{name}", value)
            if name in ASKED_AT_ENTER:
                page.press("Enter")
        elif name in CHOSEN:
            page.click(f"[data-choices={name}] input[value={value}]")
        else:
            page.eval(f"""(() => {{ const one = document.querySelector('#filter-{name}'); one.value = '{value}';
                one.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()""")
        query = urllib.parse.urlencode({name: value})
        wanted = ids(larder.models(query))
        assert wanted != everything, f"{name} does not change the list of the demo"
        shows(page, wanted)
        assert urllib.parse.unquote(page.eval("location.hash")) == f"#{name}={value}"
        assert page.eval("document.getElementById('query-link').getAttribute('href')") == "../api/v1/models?" + urllib.parse.unquote(query)
        page.click("#clear")
        shows(page, everything)
        assert page.eval("location.hash") == ""


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_is_the_api_s(tab, larder, sort):
    page = tab(f"#sort={sort}&output_modalities=all")
    shows(page, ids(larder.models(f"sort={sort}&output_modalities=all")))


def test_filters_combine_and_an_address_brings_them_back(tab, larder):
    query = "q=a&input_modalities=text,image&supported_parameters=tools,seed&max_price=2.5&category=finance&sort=newest"
    page = tab(f"#{query}&_by=-context")
    wanted = larder.models(query)
    assert len(wanted) > 1
    page.until(f"{SHOWN}.length === {len(wanted)}")
    assert page.eval("document.getElementById('more').open")
    assert page.text("#more-summary") == "More filters (4 set)"
    assert page.eval("document.getElementById('filter-max_price').value") == "2.5"
    assert page.eval("[...document.querySelectorAll('#filters input:checked')].map((one) => one.value)") == ["text", "image", "tools", "seed"]
    contexts = {model["id"]: model["context_length"] for model in wanted}
    shown = page.eval(SHOWN)
    assert [contexts[one] for one in shown] == sorted(contexts.values(), reverse=True)
    kept = page.eval("location.hash")

    page.eval("location.hash = '#q=mistral'")
    shows(page, ids(larder.models("q=mistral")))
    page.eval(f"location.hash = {json.dumps(kept)}")
    page.until(f"JSON.stringify({SHOWN}) === {js(shown)}")


def test_what_is_wrong_with_a_filter_is_said_at_the_field(tab, larder):
    page = tab()
    page.eval("document.getElementById('more').open = true")
    page.type("#filter-max_price", "cheap")
    page.until("document.getElementById('found').dataset.state === 'bad'")
    with pytest.raises(urllib.error.HTTPError) as refused:
        larder.models("max_price=cheap")
    message = json.load(refused.value)["error"]["message"]
    assert message in page.text("#found") and "(400)" in page.text("#found")
    assert page.eval("document.getElementById('filter-max_price').getAttribute('aria-invalid')") == "true"
    assert page.eval("document.getElementById('filter-min_price').getAttribute('aria-invalid')") is None
    page.type("#filter-max_price", "1")
    shows(page, ids(larder.models("max_price=1")))
    assert page.eval("document.getElementById('filter-max_price').getAttribute('aria-invalid')") is None
    complaints = [one for one in page.complaints if "status of 400" not in one]
    page.browser.events[:] = []
    assert complaints == []


def test_half_a_word_is_no_question_to_upstream(tab, larder):
    page = tab()
    page.eval("document.getElementById('more').open = true")
    page.type("#filter-category", "prog")
    page.eval("new Promise((resolve) => setTimeout(resolve, 600))")
    assert not any("category" in url for url in page.requests)
    page.type("#filter-category", "programming")
    page.press("Tab")
    shows(page, ids(larder.models("category=programming")))
    assert not any("category=prog&" in url or url.endswith("category=prog") for url in page.requests)


def test_columns_sort_both_ways_and_let_go(tab, larder):
    page = tab("#output_modalities=all")
    models = larder.models("output_modalities=all")
    order = ids(models)
    shows(page, order)

    def price(model, name):
        value = Decimal(model["pricing"][name])
        return None if value < 0 else value

    def rating(model, name):
        return ((model.get("benchmarks") or {}).get("artificial_analysis") or {}).get(name)

    columns = {
        "name": (lambda model: model["name"].lower(), False), "context": (lambda model: model["context_length"] or None, True),
        "input": (lambda model: price(model, "prompt"), False), "output": (lambda model: price(model, "completion"), False),
        "intelligence": (lambda model: rating(model, "intelligence_index"), True),
        "coding": (lambda model: rating(model, "coding_index"), True), "agentic": (lambda model: rating(model, "agentic_index"), True),
        "kind": (lambda model: model["architecture"]["modality"], False), "created": (lambda model: model["created"], True),
    }
    assert page.eval("[...document.querySelectorAll('#models-head th')].map((one) => one.dataset.key)") == list(columns)
    for key, (value, descends_first) in columns.items():
        for descends in [descends_first, not descends_first]:
            page.click(f"#models-head [data-key={key}] button")
            with_value = [model for model in models if value(model) is not None]
            # Python's sort is stable, also in reverse.
            wanted = sorted(with_value, key=value, reverse=descends) + [model for model in models if value(model) is None]
            shows(page, ids(wanted))
            direction = "descending" if descends else "ascending"
            assert page.eval("[...document.querySelectorAll('[aria-sort]')].map((one) => [one.dataset.key, one.getAttribute('aria-sort')])") == [[key, direction]]
        page.click(f"#models-head [data-key={key}] button")
        shows(page, order)
        assert page.eval("document.querySelectorAll('[aria-sort]').length") == 0


def test_prices_are_exact(tab, larder):
    page = tab("#output_modalities=all")
    shown = page.eval("Object.fromEntries([...document.querySelectorAll('#models-rows tr')].map((row) => [row.querySelector('.id').textContent, [row.cells[2].textContent, row.cells[3].textContent]]))")
    for model in larder.models("output_modalities=all"):
        for text, name in zip(shown[model["id"]], ["prompt", "completion"]):
            price = Decimal(model["pricing"][name]) * 1_000_000
            wanted = "–" if price < 0 else "free" if price == 0 else "$" + f"{price.normalize():f}"
            assert text == wanted, model["id"]


def test_names_are_text_whatever_they_hold(tab, larder, browser):
    page = tab()
    evil = "<img src=x onerror=document.title='bad'><script>document.title='bad'</script>\u202e"
    rows = larder.models()[:2]
    rows[0] |= {"name": evil, "id": "evil/<b>x</b>", "description": evil, "created": "never", "context_length": "many"}
    rows[1] |= {"name": None, "pricing": {"prompt": "0.000000000000000000000001", "completion": None, "overrides": [1]}, "benchmarks": None}
    page.send("Fetch.enable", patterns=[{"urlPattern": "*/api/v1/models*"}])
    page.eval("document.getElementById('filter-q').focus()")
    page.send("Input.insertText", text="x")
    for _ in range(100):
        page.eval("new Promise((resolve) => setTimeout(resolve, 50))")
        paused = [event for event in browser.events if event["method"] == "Fetch.requestPaused"]
        if paused:
            break
    body = json.dumps({"data": rows, "total_count": 2, "links": {"next": None}})
    for event in paused:
        try:
            page.send("Fetch.fulfillRequest", requestId=event["params"]["requestId"], responseCode=200,
                      responseHeaders=[{"name": "Content-Type", "value": "application/json"}],
                      body=base64.b64encode(body.encode()).decode())
        except RuntimeError:
            pass  # The page asked again meanwhile and let this one go.
    page.send("Fetch.disable")
    page.until(f"{SHOWN}[0] === 'evil/<b>x</b>'")
    assert page.text("#models-rows button") == evil
    cells = page.texts("#models-rows tr:nth-child(2) > *")
    assert cells[2] == "$0.000000000000000001" and cells[3] == "–"
    for row in [1, 2]:
        page.click(f"#models-rows tr:nth-child({row}) button")
        page.until("document.getElementById('details').open")
        page.press("Escape")
        page.until("!document.getElementById('details').open")
    assert page.eval("document.title") == "Larder"
    assert page.eval("document.querySelectorAll('#models-rows img, #models-rows script, #models-rows b, #details img').length") == 0


def test_a_row_and_a_point_open_the_same_details(tab, larder):
    page = tab("#output_modalities=all")
    model = larder.models("output_modalities=all")[1]
    page.click(f"#models-rows button[data-id='{model['id']}']")
    page.until("document.getElementById('details').open")
    body = page.text("#details-body")
    assert page.text("#details-name") == model["name"]
    assert model["id"] in body and model["description"] in body and f"{model['context_length']:,} tokens" in body
    assert "$1.25 per million tokens" in body
    assert f"_model={model['id']}" in page.eval("location.hash")
    kept = page.eval("location.hash")
    page.click("#details-close")
    page.until("!document.getElementById('details').open")
    page.until("!location.hash.includes('_model')")

    page.eval(f"location.hash = '{kept}'")
    page.until("document.getElementById('details').open")
    assert page.text("#details-name") == model["name"]
    page.press("Escape")
    page.until("!document.getElementById('details').open")

    label = page.eval("document.querySelector('#scatter circle').getAttribute('aria-label')")
    page.click("#scatter circle")
    page.until("document.getElementById('details').open")
    assert label.startswith(page.text("#details-name") + ": ")


def test_the_plot_tells_of_the_point_under_the_pointer(tab, larder):
    page = tab("#max_price=0")
    free = ids(larder.models("max_price=0"))
    shows(page, free)
    assert "free" in page.texts("#scatter text")
    page = tab("#output_modalities=all")
    assert "unknown" in page.texts("#scatter text")
    x, y = page.eval("""(() => { document.getElementById('scatter').scrollIntoView();
        const box = document.querySelector('#scatter circle').getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2]; })()""")
    page.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    near = page.eval("document.querySelector('#scatter [data-near]').getAttribute('aria-label')")
    assert page.text("#scatter-readout") == near


def test_pages_turn(tab, larder):
    page = tab("#limit=10&output_modalities=all")
    everything = ids(larder.models("output_modalities=all"))
    shows(page, everything[:10])
    assert page.text("#found") == f"{len(everything)} models, 10 shown"
    assert page.eval("document.getElementById('previous').disabled")
    page.click("#next")
    shows(page, everything[10:20])
    page.click("#next")
    shows(page, everything[20:])
    assert page.eval("document.getElementById('next').disabled")
    assert page.text("#page-note") == f"21 to {len(everything)} of {len(everything)}"
    page.click("#previous")
    shows(page, everything[10:20])
    page.click("#previous")
    shows(page, everything[:10])
