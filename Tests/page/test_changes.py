"""What changed in the catalogue, as the page shows it: the list with its filters, a model's prices over time, and what it says if
there is nothing to show."""

import copy
import json
import re
import time
import urllib.parse

import pytest
from conftest import Watched
from test_access import CONTRASTS
from test_long_lists import LISTS

ROWS = [{
    "id": f"author-{number}/model-{number}", "canonical_slug": f"author-{number}/model-{number}", "name": f"Model {number}",
    "created": 1_700_000_000 + number, "context_length": 131072, "pricing": {"prompt": "0.00000125", "completion": "0.00001"},
    "architecture": {"modality": "text->text", "input_modalities": ["text"], "output_modalities": ["text"]},
    "supported_parameters": ["tools", "seed"], "top_provider": {}, "expiration_date": None,
} for number in range(10)]

CELLS = """[...document.querySelectorAll('#change-rows tr')].map((row) => [row.cells[1].textContent, row.cells[2].textContent,
    [...row.cells[3].querySelectorAll('span')].map((one) => one.textContent).join(' | ')])"""


def changed(rows: list[dict], number: int, **members) -> list[dict]:
    """The models, of which one has other members."""
    rows = copy.deepcopy(rows)
    rows[number] |= members
    return rows


def priced(rows: list[dict], number: int, prompt: str, completion: str = "0.00001") -> list[dict]:
    return changed(rows, number, pricing={"prompt": prompt, "completion": completion})


def shown(page, count: int) -> list[list[str]]:
    """Kind, model and words of each change, once so many are shown."""
    page.until(f"!document.getElementById('changes-body').hidden && document.querySelectorAll('#change-rows th').length === {count}")
    return page.eval(CELLS)


def opened(page, id: str):
    """The details of a model, with its history."""
    page.until("document.getElementById('details').open && !document.getElementById('past').textContent.startsWith('Loading')")
    assert f"_model={id}" in page.eval("location.hash")
    return page.text("#past")


@pytest.fixture
def watch(request, catalogue, tmp_path):
    """Starts a Larder before an upstream that has these models. A test names it before `tab`, whose pages end first then."""
    running = []

    def start(rows: list[dict], **environment: str) -> Watched:
        catalogue.rows = rows
        (folder := tmp_path / "watched").mkdir()
        running.append(Watched(request.config.getoption("--larder"), folder, catalogue, **environment))
        if "LARDER_HISTORY_ENABLED" in environment:
            running[0].fetch()
        else:
            running[0].begin()
        return running[0]

    yield start
    for larder in running:
        larder.stop()


@pytest.fixture
def watched(watch):
    """A Larder with a history that has begun."""
    return watch(ROWS)


@pytest.fixture
def busy(watched):
    """One with a change of every kind but `returned`, `alias` and `shrunk`."""
    rows = priced(ROWS, 0, "0.000001")
    watched.change(rows, 1)
    rows = priced(rows, 0, "0.0000015", "0")
    rows = changed(rows, 1, context_length=262144, supported_parameters=["tools", "logprobs", "top_k"])
    watched.change(rows, 3)
    rows = changed(rows, 2, name="<b>Model</b> 2", expiration_date="2098-12-31")
    rows = changed(rows, 3, architecture={"modality": "text+image->text", "input_modalities": ["text", "image"], "output_modalities": ["text"]},
                   description="new")
    watched.change(rows, 4)
    watched.change(rows[:9] + [ROWS[0] | {"id": "new/model:free", "pricing": {"prompt": "0", "completion": "0"}}], 2)
    return watched


WORDS = {
    ("price", 0, "prompt price $1.25 → $1 per million tokens (−20\u00a0%)"),
    ("price", 0, "prompt price $1 → $1.5 per million tokens (+50\u00a0%) | completion price $10 per million tokens → free"),
    ("context", 1, "context 131,072 tokens → 262,144 tokens"),
    ("parameters", 1, "parameters: now also logprobs, top_k; no longer seed"),
    ("renamed", 2, "name Model 2 → <b>Model</b> 2"),
    ("expiration", 2, "will be removed on 2098-12-31"),
    ("modalities", 3, "modality text->text → text+image->text | input modalities: now also image"),
    ("other", 3, "description changed"),
    ("removed", 9, "was Model 9; prompt $1.25, completion $10 per million tokens; 131k context"),
    ("added", "new/model:free", "Model 0; free; 131k context"),
}


def test_changes_are_shown_in_words_the_newest_first(busy, tab):
    page = tab(of=busy)
    cells = shown(page, 10)
    assert [cell[:2] for cell in cells] == [[one["kind"], one["id"]] for one in busy.changes()]
    names = {(kind, id if isinstance(id, str) else ROWS[id]["id"], words) for kind, id, words in WORDS}
    assert {tuple(cell) for cell in cells} == names
    assert page.text("#changes-found") == "10 changes"
    assert all(re.fullmatch(r"(\d{4}-\d\d-\d\d )?\d\d:\d\d(:\d\d)?", one) for one in page.texts("#change-rows td:first-child"))
    assert page.eval("document.querySelectorAll('#change-rows b').length") == 0
    assert page.eval("document.getElementById('changes-more').hidden")


def age(page):
    """Waits until the catalogue is so old that the page, which has whole seconds, can tell the next one's time of fetch from its."""
    page.until("""[...document.querySelectorAll('#entry-rows tr')]
        .some((row) => row.cells[0].textContent === '/models' && parseInt(row.cells[3].textContent) > 2)""")


def test_another_catalogue_is_listed_while_the_page_is_open(watched, tab):
    # One or two: the first fetch joins the one that Larder begins by itself, or comes after it.
    asked_before = watched.status()["upstream"]["requests"]
    page = tab(of=watched, height=400)
    page.until("!document.getElementById('changes-body').hidden")
    age(page)
    page.eval(f"document.querySelector('#models-rows button[data-id=\"{ROWS[5]['id']}\"]').focus()")
    place = "document.activeElement.getBoundingClientRect().top"
    before = page.eval(place)
    assert page.eval("scrollY") > 0
    watched.change(ROWS + [ROWS[0] | {"id": "new/model", "name": "New"}], 1)
    page.until("document.querySelectorAll('#models-rows button[data-id=\"new/model\"]').length === 1")
    page.until("document.querySelectorAll('#change-rows th').length === 1")
    assert page.eval("document.activeElement.dataset.id") == ROWS[5]["id"]
    assert abs(page.eval(place) - before) <= 1
    # Nothing is drawn again for a catalogue with the same models.
    page.eval("document.querySelector('#models-rows tr').dataset.kept = 'yes'")
    age(page)
    asked = sum("/api/v1/models" in url for url in page.requests)
    watched.fetch()
    until = time.monotonic() + 15
    while sum("/api/v1/models" in url for url in page.requests) == asked:
        assert time.monotonic() < until
        time.sleep(0.05)
    page.until("document.getElementById('found').textContent === '11 models'")
    assert page.eval("document.querySelector('#models-rows tr').dataset.kept") == "yes"
    # What is half typed is no question to upstream.
    page.eval("document.getElementById('more').open = true")
    page.type("#filter-category", "prog")
    age(page)
    watched.change(ROWS, 1)
    page.until("document.querySelectorAll('#change-rows th').length === 2")
    assert not any("category" in url for url in page.requests)
    page.type("#filter-category", "")
    page.until("document.querySelectorAll('#models-rows button').length === 10")
    # The page has not made Larder ask upstream: the three fetches are the test's.
    assert watched.status()["upstream"]["requests"] == asked_before + 3


def test_a_discount_is_a_share(watched, tab):
    page = tab(of=watched)
    rows = ROWS
    for discount in ["0.1", "0.25"]:
        rows = changed(rows, 4, pricing=ROWS[4]["pricing"] | {"discount": discount})
        watched.change(rows, 1)
    assert [cell[2] for cell in shown(page, 2)] == ["discount 10\u00a0% → 25\u00a0%", "discount is now 10\u00a0%"]


def test_a_change_appears_while_the_page_is_open(watched, tab):
    page = tab(of=watched)
    page.until("!document.getElementById('changes-body').hidden")
    watched.change(priced(ROWS, 4, "0.000002"), 1)
    assert shown(page, 1) == [["price", ROWS[4]["id"], "prompt price $1.25 → $2 per million tokens (+60\u00a0%)"]]
    # The focus stays at its change, though rows come before it.
    page.eval("document.querySelector('#change-rows button').focus()")
    watched.change(priced(ROWS, 4, "0.000003"), 1)
    shown(page, 2)
    assert page.eval("document.activeElement === document.querySelectorAll('#change-rows button')[1]")


def test_kind_pattern_and_time_filter_and_stand_in_the_address(busy, tab):
    page = tab("#q=model", of=busy)
    shown(page, 10)
    page.click("[data-choices=kind] input[value=price]")
    shown(page, 2)
    page.click("[data-choices=kind] input[value=added]")
    assert {kind for kind, _, _ in shown(page, 3)} == {"price", "added"}
    assert urllib.parse.unquote(page.eval("location.hash")) == "#q=model&_kind=added,price"
    page.type("#change-id", "author-*")
    shown(page, 2)
    hash = page.eval("location.hash")
    assert urllib.parse.unquote(hash) == "#q=model&_kind=added,price&_id=author-*"
    assert page.text("#changes-text") == "/_larder/changes?kind=added,price&id=author-*"
    for link, path in [("changes-link", "changes"), ("feed-link", "changes.atom")]:
        assert page.eval(f"document.getElementById('{link}').getAttribute('href')") == f"{path}?kind=added,price&id=author-*"
    page.click("#changes-clear")
    shown(page, 10)
    assert page.eval("location.hash") == "#q=model"
    assert page.eval("document.getElementById('changes-clear').disabled")

    again = tab(hash, of=busy)
    assert {id for _, id, _ in shown(again, 2)} == {ROWS[0]["id"]}
    again.eval("location.hash = '#_id=*:free'")
    assert [id for _, id, _ in shown(again, 1)] == ["new/model:free"]
    again.eval("location.hash = '#_until=2020-01-01'")
    again.until("document.getElementById('changes-found').textContent === 'No change matches these filters'")
    again.eval("location.hash = '#_id=gpt'")
    again.until("document.getElementById('changes-found').textContent.endsWith('try *gpt*')")


def test_what_is_wrong_with_a_filter_is_said_at_its_field(busy, tab):
    page = tab(of=busy, excused="status of 400")
    shown(page, 10)
    page.type("#change-until", "soon")
    page.until("document.getElementById('changes-found').dataset.state === 'bad'")
    assert "as before: until must be" in page.text("#changes-found") and "(400)" in page.text("#changes-found")
    assert page.eval("document.getElementById('change-until').getAttribute('aria-invalid')") == "true"
    assert len(page.eval(CELLS)) == 10
    page.type("#change-until", "0s")
    page.until("document.getElementById('changes-found').dataset.state === 'good'")
    assert page.eval("document.getElementById('change-until').getAttribute('aria-invalid')") is None


def test_more_changes_come_step_by_step(watched, tab):
    rows = ROWS
    for number in range(4):
        rows = [row | {"context_length": 1000 * number + place + 1} for place, row in enumerate(rows)]
        watched.change(rows, 10)
    page = tab(of=watched)
    newest = watched.changes()
    assert [cell[1] for cell in shown(page, 20)] == [one["id"] for one in newest[:20]]
    assert page.text("#changes-found") == "The newest 20 changes; there are more"
    page.eval("document.getElementById('changes-more').focus()")
    page.press("Enter")
    assert [cell[1] for cell in shown(page, 40)] == [one["id"] for one in newest]
    assert page.text("#changes-found") == "40 changes"
    assert page.eval("document.getElementById('changes-more').hidden")


def test_without_a_state_directory_it_says_so_and_asks_for_nothing(tab):
    page = tab()
    page.until("document.getElementById('no-changes').textContent === 'No history is kept: there is no state directory.'")
    page.click("#models-rows button")
    page.until("document.getElementById('past').textContent === 'No history is kept: there is no state directory.'")
    assert page.eval("document.getElementById('changes-body').hidden")
    assert not any("changes" in url or "history/" in url for url in page.requests)


def test_a_history_that_is_turned_off_is_not_asked_for_again(watch, tab):
    larder = watch(ROWS, LARDER_HISTORY_ENABLED="false")
    page = tab(of=larder, excused="status of 404")
    page.until("document.getElementById('no-changes').textContent.startsWith('No history is kept: ')")
    assert "history.enabled is false" in page.text("#no-changes")
    asked = len(larder.status()["upstream"]["recent"])
    larder.fetch()
    page.until(f"document.querySelectorAll('#recent-rows tr').length > {asked}")
    assert sum("/changes" in url for url in page.requests) == 1


def test_a_history_without_a_change_says_since_when(watched, tab):
    page = tab(of=watched)
    page.until("/^The history began (today|on [-\\d]{10}) at \\d\\d:\\d\\d; nothing has changed since$/.test(document.getElementById('changes-found').textContent)")
    assert not page.eval("document.getElementById('change-filters').checkVisibility()")
    assert not page.eval("document.getElementById('changes-scroll').checkVisibility()")
    assert page.eval("document.getElementById('feed-link').checkVisibility()")


def test_a_request_that_fails_is_told_of(watched, tab):
    refusal = (503, json.dumps({"error": {"code": 503, "message": "the history cannot be read"}}))
    page = tab(of=watched, answers={"changes": refusal, "history/": refusal})
    page.until("document.getElementById('no-changes').textContent === 'The changes could not be read: the history cannot be read (503).'")
    page.click("#models-rows button")
    page.until("document.getElementById('past').textContent === 'The history could not be read: the history cannot be read (503).'")


def test_names_and_values_are_text_whatever_they_hold(watched, tab):
    evil = "<img src=x onerror=document.title='bad'>"
    one = {"cursor": 1, "at": "2026-11-29T08:30:00Z", "id": f"evil/{evil}"}
    rows = [one | {"kind": "price", "before": {"pricing": evil}, "after": {"pricing": {"prompt": [evil], evil: None, "image": "1"}}},
            one | {"kind": "added", "before": None, "after": None}, one | {"kind": evil, "before": {evil: 1}, "after": None},
            one | {"kind": "shrunk", "id": None, "before": {"count": 400}, "after": {"count": 3}},
            one | {"kind": "alias", "before": None, "after": {"alias_target": {"slug": evil}}}]
    page = tab(of=watched, answers={"changes": (200, json.dumps({"data": rows, "next": 1, "has_more": False}))})
    cells = shown(page, 5)[::-1]
    assert cells[0][2] == f'prices {evil} is gone | prompt price is now ["{evil}"] | {evil} price is now null | image price is now $1 each'
    assert cells[1][2] == "no prices; context unknown" and cells[2] == [evil, f"evil/{evil}", f"{evil} changed"]
    assert cells[3][1:] == ["the catalogue", "the catalogue shrank from 400 to 3 models at once; the next catalogue says whether that is so"]
    assert cells[4][2] == f"now an alias of {evil}"
    assert page.eval("document.title") == "Larder" and page.eval("document.querySelectorAll('#change-rows img').length") == 0


def test_the_plot_has_a_step_for_every_point(watched, tab):
    id = ROWS[0]["id"]
    rows = priced(ROWS, 0, "0.000001")
    watched.change(rows, 1)
    rows = priced(changed(rows, 0, context_length=262144), 0, "0.000001", "0.00002")
    watched.change(rows, 2)
    rows = changed(rows, 0, pricing={"prompt": "0.000001", "completion": "0.00002", "input_cache_read": "0.0000001"})
    watched.change(rows, 1)
    rows = priced(rows, 0, "-1", "-1")
    watched.change(rows, 1)
    rows = priced(rows, 0, "0", "0.00002")
    watched.change(rows, 1)
    points = watched.get(f"/_larder/history/{id}")["data"]
    assert len(points) == 6, [point["at"] for point in points]

    page = tab(of=watched)
    page.click(f"#models-rows button[data-id='{id}']")
    opened(page, id)
    assert page.eval("document.querySelectorAll('#past-plot .step').length") == len(points)
    assert page.eval("document.querySelector('#past-plot svg').getAttribute('aria-valuemax')") == str(len(points) - 1)
    # A step for each price; none while the price depends on the chosen model.
    priced_points = sum(not point["pricing"]["prompt"].startswith("-") for point in points)
    for name in ["prompt", "completion"]:
        assert page.eval(f"document.querySelectorAll('#past-plot .line-{name}').length") == priced_points
    assert page.eval("document.querySelectorAll('#past-plot .fill-context').length") == 1
    assert "context changed" in page.texts("#past .key li") and "not in the catalogue" not in page.texts("#past .key li")
    assert page.eval("""(() => { const frame = document.querySelector('#past-plot svg').getBoundingClientRect();
        return [...document.querySelectorAll('#past-plot .step > *')].every((one) => { const box = one.getBoundingClientRect();
            return box.left >= frame.left && box.right <= frame.right + 1 && box.top >= frame.top && box.bottom <= frame.bottom; }); })()""")

    # The arrow keys lead from point to point.
    page.eval("document.querySelector('#past-plot svg').focus()")
    page.press("Home")
    readouts = [page.eval("document.activeElement.getAttribute('aria-valuetext')")]
    for _ in points[1:]:
        page.press("ArrowRight")
        readouts.append(page.eval("document.activeElement.getAttribute('aria-valuetext')"))
    assert readouts[0].endswith(": prompt $1.25, completion $10 per million tokens; 131k context")
    assert readouts[1].endswith(": prompt $1, completion $10 per million tokens; 131k context")
    assert readouts[-2].endswith(": prices depend on the chosen model; 262k context")
    assert readouts[-1].endswith(": prompt free, completion $20 per million tokens; 262k context")
    assert all(one.startswith("since ") for one in readouts)
    assert page.text("#past-plot .readout") == readouts[-1]

    page.eval("document.querySelector('#past-list summary').focus()")
    page.press("Enter")
    lines = [re.sub(r"^[-\d]*\s?[\d:]+ ", "", one) for one in page.texts("#past-list li")][::-1]
    assert len(lines) == len(points)
    assert lines[0] == "prompt $1.25, completion $10 per million tokens; 131k context; its history begins"
    assert lines[1] == "prompt price $1.25 → $1 per million tokens (−20\u00a0%)"
    assert lines[2] == "completion price $10 → $20 per million tokens (+100\u00a0%); context 131,072 tokens → 262,144 tokens"
    assert lines[3] == "input cache read price is now $0.1 per million tokens"


def test_one_point_is_a_sentence(watched, tab):
    watched.change(changed(ROWS, 5, name="Another"), 1)
    page = tab(of=watched)
    page.click(f"#models-rows button[data-id='{ROWS[5]['id']}']")
    text = opened(page, ROWS[5]["id"])
    assert re.fullmatch(r"Nothing has changed since [-\d: ]+, when its history begins: "
                        r"prompt \$1\.25, completion \$10 per million tokens; 131k context\.", text)
    assert page.eval("document.querySelectorAll('#past svg').length") == 0


def test_a_model_that_is_gone_has_its_history_still(busy, tab):
    page = tab(of=busy)
    shown(page, 10)
    gone = ROWS[9]["id"]
    button = f"#change-rows tr:has(button) button[data-cursor='{next(one['cursor'] for one in busy.changes() if one['kind'] == 'removed')}']"
    page.eval(f"document.querySelector({json.dumps(button)}).focus()")
    page.press("Enter")
    opened(page, gone)
    assert "This model is not in the catalogue now." in page.text("#details-body")
    assert page.eval("document.querySelectorAll('#past-plot .gone').length") == 1
    assert page.texts("#past-list li")[0].endswith(" removed")
    page.press("Escape")
    page.until("!document.getElementById('details').open && !location.hash.includes('_model')")
    assert page.eval(f"document.activeElement === document.querySelector({json.dumps(button)})")
    # By its address as well; and one that the filters of the list leave out opens with its row.
    again = tab(f"#_model={gone}", of=busy)
    opened(again, gone)
    other = tab(f"#q=model-1&_model={ROWS[4]['id']}", of=busy)
    opened(other, ROWS[4]["id"])
    assert "canonical slug" in other.text("#details-body")


def test_the_keyboard_alone_filters(busy, tab):
    page = tab(of=busy)
    shown(page, 10)
    page.eval("document.querySelector('nav [data-jump=changes]').focus()")
    page.press("Enter")
    assert page.eval("document.activeElement.id") == "changes"
    page.press("Tab")
    assert page.eval("document.activeElement.value") == "added"
    page.press(" ")
    shown(page, 1)
    for _ in range(12):
        page.press("Tab")
    assert page.eval("document.activeElement.id") == "change-id"
    page.type("#change-id", "nobody/*")
    page.until("document.getElementById('changes-found').textContent === 'No change matches these filters'")
    page.press("Tab")
    assert page.eval("document.activeElement.id") == "change-until"
    page.press("Tab")
    assert page.eval("document.activeElement.id") == "changes-clear"
    page.press("Enter")
    shown(page, 10)
    assert page.eval("document.activeElement.value") == "added"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_text_has_contrast(busy, tab, scheme):
    page = tab(of=busy, scheme=scheme)
    shown(page, 10)
    assert [one for one in page.eval(CONTRASTS) if one[0] < 4.5] == []
    page.click(f"#models-rows button[data-id='{ROWS[0]['id']}']")
    opened(page, ROWS[0]["id"])
    assert [one for one in page.eval(CONTRASTS) if one[0] < 4.5] == []


@pytest.mark.parametrize("width", [320, 768])
def test_it_is_not_wider_than_a_narrow_window(busy, tab, width):
    page = tab(of=busy, width=width, height=700)
    shown(page, 10)
    assert page.eval("document.documentElement.scrollWidth") <= width
    page.click(f"#models-rows button[data-id='{ROWS[0]['id']}']")
    opened(page, ROWS[0]["id"])
    page.until(f"document.querySelector('#past-plot svg').viewBox.baseVal.width < {width}")
    page.eval("document.querySelector('#past-list').open = true")
    assert page.eval("document.documentElement.scrollWidth") <= width
    assert page.eval("document.querySelector('#details .sheet').scrollWidth <= document.querySelector('#details').clientWidth")


def test_pictures_of_changes(watch, tab, screenshots, tmp_path):
    """Pictures for people to look at, with the lists that upstream once sent, where they are at hand."""
    folder = screenshots or tmp_path
    lists = [rows for name, rows in LISTS.items() if name != "made-up"] or [ROWS, priced(ROWS, 0, "0.000001"), priced(ROWS, 0, "0.000002")]
    prices = [{row["id"]: row["pricing"] for row in rows} for rows in lists]
    # The model whose prices changed most often.
    id = max(prices[-1], key=lambda one: sum(one in before and before[one] != after.get(one) for before, after in zip(prices, prices[1:])))
    larder = watch(lists[0])
    for rows in lists[1:]:
        larder.catalogue.rows = rows
        # A list that has lost many models is believed the second time.
        larder.fetch()
        larder.fetch()
    for scheme in ["light", "dark"]:
        for width, height in [(1280, 900), (390, 844)]:
            page = tab(of=larder, width=width, height=height, scheme=scheme)
            page.until("document.querySelectorAll('#change-rows th').length > 0")
            page.eval("document.getElementById('changes').scrollIntoView()")
            page.screenshot(folder / f"changes-{scheme}-{width}.png")
            page.eval(f"location.hash = '#_model={id}'")
            opened(page, id)
            page.eval("document.getElementById('past').scrollIntoView({ block: 'center' })")
            page.screenshot(folder / f"prices-{scheme}-{width}.png")
            assert (folder / f"prices-{scheme}-{width}.png").stat().st_size > 10_000
