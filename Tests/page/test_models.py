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


def failing(page, status: int, message: str):
    """Has the page get this error for every list, until `heal()` is called in it."""
    page.eval(f"""(() => {{
        const ask = window.fetch;
        window.heal = () => {{ window.fetch = ask; }};
        window.fetch = async (address, ...rest) => String(address).startsWith('../api/v1/models')
            ? new Response({js({"error": {"message": message}})}, {{ status: {status} }}) : ask(address, ...rest);
    }})()""")


def test_what_failed_is_asked_for_again_at_enter(tab, larder):
    page = tab()
    failing(page, 502, "upstream cannot be reached")
    page.type("#filter-q", "claude")
    page.until("document.getElementById('found').textContent.endsWith('unchanged: upstream cannot be reached (502)')")
    page.eval("heal()")
    page.press("Enter")
    shows(page, ids(larder.models("q=claude")))
    assert page.text("#found") == f"{len(larder.models('q=claude'))} models"


def test_only_a_refused_filter_is_marked(tab):
    page = tab()
    page.eval("document.getElementById('more').open = true")
    for status, marked in [(429, []), (400, ["limit"])]:
        failing(page, status, "Rate limit exceeded")
        page.type("#filter-limit", str(status))
        page.until(f"document.getElementById('found').textContent.endsWith('Rate limit exceeded ({status})')")
        assert page.eval("[...document.querySelectorAll('[aria-invalid]')].map((one) => one.name)") == marked
        page.eval("heal()")


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


def test_selected_text_keeps_the_mouse_from_opening_a_row_but_not_the_button(tab):
    page = tab()
    x, y = page.eval("""(() => { const one = document.querySelector('#models-rows .id');
        one.scrollIntoView({ block: 'center' });
        const box = one.getBoundingClientRect();
        return [box.x + 2, box.y + box.height / 2]; })()""")
    for kind, at, button in [("mouseMoved", x, "none"), ("mousePressed", x, "left"), ("mouseMoved", x + 40, "left"),
                             ("mouseReleased", x + 40, "left")]:
        page.send("Input.dispatchMouseEvent", type=kind, x=at, y=y, button=button, clickCount=1 if button == "left" else 0)
    assert page.eval("getSelection().toString()") != ""
    assert not page.eval("document.getElementById('details').open")
    page.eval("document.querySelector('#models-rows button').focus()")
    assert page.eval("getSelection().toString()") != ""
    page.press("Enter")
    page.until("document.getElementById('details').open")


def test_another_model_in_the_address_takes_the_place_of_the_one_that_is_shown(tab, larder):
    page = tab()
    first, second = larder.models()[:2]
    # The list has text models only.
    other = next(model for model in larder.models("output_modalities=all") if model["id"] not in ids(larder.models()))
    page.click(f"#models-rows button[data-id='{first['id']}']")
    page.until(f"document.getElementById('details-name').textContent === {json.dumps(first['name'])}")
    for model in [second, other, first]:
        page.eval(f"location.hash = '#_model={model['id']}'")
        page.until(f"""document.getElementById('details').open
            && document.getElementById('details-name').textContent === {json.dumps(model['name'])}""")
        assert urllib.parse.unquote(page.eval("location.hash")) == f"#_model={model['id']}"
    page.press("Escape")
    page.until("!document.getElementById('details').open && location.hash === ''")


def test_prices_have_their_units(tab, larder):
    model = larder.models()[0] | {"pricing": {
        "prompt": "0.000001", "input_audio_cache": "0.0000005", "web_search": "0.01", "discount": "0.125"}}
    page = tab("#q=x", answers={"../api/v1/models?q=x": (200, json.dumps({"data": [model], "total_count": 1}))})
    page.click("#models-rows button")
    page.until("document.getElementById('details').open")
    shown = page.eval("""Object.fromEntries([...document.querySelectorAll('#details-body dt')]
        .map((one) => [one.textContent, one.nextElementSibling.textContent]))""")
    for name, text in [("prompt", "$1 per million tokens"), ("input audio cache", "$0.5 per million tokens"),
                       ("web search", "$0.01 each"), ("discount", "12.5\u00a0%")]:
        assert shown[name] == text


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


def test_another_list_begins_at_its_first_page(tab, larder):
    page = tab("#limit=3&offset=6&output_modalities=all")
    query = "limit=3&output_modalities=all"
    shows(page, ids(larder.models(query + "&offset=6")))
    page.type("#filter-q", "a")
    shows(page, ids(larder.models(query + "&q=a")))
    assert page.eval("document.getElementById('filter-offset').value") == "" and "offset" not in page.eval("location.hash")
    page.click("#next")
    shows(page, ids(larder.models(query + "&q=a&offset=3")))
    page.eval("""(() => { const one = document.querySelector('#filter-sort'); one.value = 'newest';
        one.dispatchEvent(new Event('change', { bubbles: true })); })()""")
    shows(page, ids(larder.models(query + "&q=a&sort=newest")))
    assert page.eval("document.getElementById('filter-offset').value") == ""


def test_a_page_past_the_end_is_no_list_without_models(tab, larder):
    page = tab("#limit=5&offset=100")
    everything = ids(larder.models())
    page.until("document.querySelectorAll('#models-rows .empty').length === 1")
    assert page.text("#models-rows .empty") == f"This page is past the end of the list, which has {len(everything)} models."
    assert page.eval("document.getElementById('next').disabled")
    page.click("#previous")
    shows(page, everything[-5:])
    page.type("#filter-q", "no such model")
    page.until("document.querySelectorAll('#models-rows .empty').length === 1")
    assert page.text("#models-rows .empty") == "No model matches these filters."


def test_a_list_that_is_cut_has_a_next_page_without_a_limit(tab, larder):
    rows = larder.models()
    answer = {"data": rows[:2], "total_count": 3}
    page = tab("#q=x", answers={"../api/v1/models?q=x": (200, json.dumps(answer)),
                                "../api/v1/models?q=x&offset=2": (200, json.dumps(answer | {"data": rows[2:3]}))})
    shows(page, ids(rows[:2]))
    page.click("#next")
    shows(page, ids(rows[2:3]))
    assert page.text("#page-note") == "3 to 3 of 3" and page.eval("document.getElementById('next').disabled")
