"""That everybody can use the page: keyboard, names, contrast, narrow windows."""

import json
import re

import pytest

VISIBLE_CONTROLS = """[...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
    .filter((one) => !one.disabled && one.checkVisibility({ visibilityProperty: true }) && !one.closest('dialog:not([open])')
        && !(one.type === 'radio' && !one.checked))"""

# The colours that a piece of text has before what lies behind it, as the browser computed them, and their contrast by WCAG 2.
# What has an alpha or an opacity lets through what lies behind it.
CONTRASTS = """(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgb = (colour) => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, alpha] = canvas.getImageData(0, 0, 1, 1).data;
        return [...[r, g, b].map((part) => part * alpha / 255), alpha / 255];
    };
    const over = (one, other) => one.map((part, index) => part + (1 - one[3]) * other[index]);
    const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
        .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
    const seen = (node, colour) => {
        let all = colour;
        for (let one = node; one; one = one.parentElement) {
            const style = getComputedStyle(one);
            all = over(all, rgb(style.backgroundColor)).map((part) => part * Number(style.opacity));
        }
        return over(all, rgb('white'));
    };
    const found = [];
    for (const node of document.querySelectorAll('body *')) {
        const own = [...node.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim());
        if (!(own || node.matches('input, select')) || !node.checkVisibility({ opacityProperty: true })
            || node.closest('dialog:not([open]), noscript, datalist, option, .unseen')) continue;
        const style = getComputedStyle(node);
        const front = seen(node, rgb(node instanceof SVGElement ? style.fill : style.color));
        const back = seen(node, [0, 0, 0, 0]);
        const [high, low] = [light(front), light(back)].sort((one, other) => other - one);
        found.push([(high + 0.05) / (low + 0.05), node.outerHTML.slice(0, 120)]);
    }
    return found.sort((one, other) => one[0] - other[0]);
})()"""


def fill(larder):
    for limit in range(1, 6):
        larder.models(f"limit={limit}")
    larder.get("/api/v1/models/user", Authorization="Bearer sk-or-v1-made-up")


@pytest.mark.parametrize("chosen", ["auto", "light", "dark"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_both_themes(tab, larder, scheme, chosen):
    fill(larder)
    page = tab("#limit=5", scheme=scheme)
    page.eval(f"document.querySelector('#theme input[value={chosen}]').click()")
    wanted = scheme if chosen == "auto" else chosen
    back = page.eval("getComputedStyle(document.documentElement).backgroundColor")
    assert (sum(int(part) for part in re.findall(r"\d+", back)[:3]) > 380) == (wanted == "light")
    page.eval("document.getElementById('more').open = true")
    page.until("document.querySelectorAll('#keys button').length === 1")
    found = page.eval(CONTRASTS)
    assert len(found) > 150
    assert [one for one in found if one[0] < 4.5] == []
    page.click("#models-rows button")
    assert [one for one in page.eval(CONTRASTS) if one[0] < 4.5] == []
    page.press("Escape")
    page.click("#purge-all")
    assert [one for one in page.eval(CONTRASTS) if one[0] < 4.5] == []
    page.press("Escape")
    # The choice outlives a reload.
    page.send("Page.reload")
    page.until("document.readyState === 'complete' && document.querySelectorAll('#models-rows th').length > 0")
    assert page.eval("document.documentElement.dataset.theme") == chosen


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_while_larder_is_gone(tab, larder, scheme):
    fill(larder)
    page = tab(scheme=scheme, excused="ERR_CONNECTION|ERR_EMPTY")
    page.until("!document.getElementById('plots').hidden")
    larder.stop()
    try:
        page.until("document.body.hasAttribute('data-stale')")
        for part in [".verdict", ".tiles", ".plots"]:
            assert page.eval(f"getComputedStyle(document.querySelector('{part}')).outlineStyle") == "dashed"
        found = page.eval(CONTRASTS)
        assert len(found) > 150
        assert [one for one in found if one[0] < 4.5] == []
    finally:
        larder.start()


def test_the_keyboard_reaches_every_control_and_shows_where_it_is(tab, larder):
    fill(larder)
    page = tab("#limit=5")
    page.eval("document.getElementById('more').open = true")
    page.until("document.querySelectorAll('#keys button').length === 1")
    # Marks of the test's own, in the order of the document.
    count = page.eval(f"(() => {{ const all = {VISIBLE_CONTROLS}; all.forEach((one, index) => one.dataset.walk = index); return all.length; }})()")
    assert count > 70
    page.eval("document.activeElement.blur()")
    walked, unseen = [], []
    for _ in range(count + 5):
        page.press("Tab")
        at = page.eval("document.activeElement.dataset?.walk ?? null")
        if at is None:
            break
        walked.append(int(at))
        shown = page.eval("""(() => {
            const one = document.activeElement;
            const style = getComputedStyle(one.matches('.switch input') ? one.nextElementSibling : one);
            return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
                || one.matches('.point') && parseFloat(style.strokeWidth) >= 3;
        })()""")
        if not shown:
            unseen.append(page.eval("document.activeElement.outerHTML.slice(0, 100)"))
    missing = page.eval(f"[...document.querySelectorAll('[data-walk]')].filter((one) => ![{','.join(map(str, walked))}].includes(Number(one.dataset.walk))).map((one) => one.outerHTML.slice(0, 100))")
    assert missing == [] and unseen == []
    assert walked == sorted(walked), "the order of the keyboard is not that of the page"


def test_the_keyboard_alone_works_every_kind_of_control(tab, larder):
    larder.get("/api/v1/models/user", Authorization="Bearer sk-or-v1-made-up")
    page = tab("#limit=5")
    page.until("document.querySelectorAll('#keys button').length === 1")
    names = "[...document.querySelectorAll('#models-rows .id')].map((one) => one.textContent).join()"

    def at(selector: str, *keys: str):
        page.eval(f"document.querySelector({json.dumps(selector)}).focus()")
        for key in keys:
            page.press(key)

    def changes(selector: str, *keys: str):
        before = page.eval(names)
        at(selector, *keys)
        page.until(f"{names} !== {json.dumps(before)}")

    # Links within the page, the theme, a lid, a field of each kind.
    at(".skip", "Enter")
    assert page.eval("document.activeElement.id") == "models"
    at("nav [data-jump=stored]", "Enter")
    assert page.eval("document.activeElement.id") == "stored"
    at("#theme input:checked", "ArrowRight", "ArrowRight")
    assert page.eval("document.documentElement.dataset.theme") == "dark"
    at("#theme input:checked", "ArrowLeft")
    assert page.eval("document.documentElement.dataset.theme") == "light"
    # `limit` stands behind the lid, so it is open.
    at("#more-summary", "Enter")
    assert not page.eval("document.getElementById('more').open")
    at("#more-summary", " ")
    assert page.eval("document.getElementById('more').open")
    changes("#filter-sort", "ArrowDown", "ArrowDown", "ArrowDown")
    assert page.eval("document.getElementById('filter-sort').value") == "pricing-low-to-high"
    changes("[data-choices=model_authors] input[value=mistralai]", " ")
    changes("[data-choices=model_authors] input[value=mistralai]", " ")
    page.type("#filter-q", "claude")
    page.until(f"{names}.split(',').every((one) => one.includes('claude'))")
    page.type("#filter-category", "programming")
    page.press("Enter")
    page.until("location.hash.includes('category=programming')")
    at("#clear", "Enter")
    page.until("location.hash === ''")
    assert page.eval("document.activeElement.id") == "filter-q"

    # The list: order, pages, a row and its details, the address of the query.
    changes("#models-head [data-key=context] button", "Enter")
    assert page.eval("document.querySelector('[aria-sort]').dataset.key") == "context"
    at("#models-head [data-key=context] button", " ", " ")
    page.until("!document.querySelector('[aria-sort]')")
    page.type("#filter-limit", "3")
    page.until("document.querySelectorAll('#models-rows tr').length === 3")
    changes("#next", "Enter")
    changes("#previous", " ")
    at("#models-rows button", "Enter")
    page.until("document.getElementById('details').open")
    page.press("Tab")
    assert page.eval("document.activeElement.id") == "details-close"
    page.press("Enter")
    page.until("!document.getElementById('details').open")

    # What lies below: a table that scrolls, the plots, a purge that is meant and one that is not.
    for selector in ["#requests-plot svg", "#ratio-plot svg", "#latency-plot svg"]:
        at(selector, "Home", "ArrowRight", "ArrowUp")
        assert page.eval("document.activeElement.getAttribute('aria-valuenow')") == "2", selector
    page.type("#filter-limit", "")
    page.until("document.querySelectorAll('#models-rows tr').length > 15")
    page.eval("scrollTo(0, 0)")
    at(".skip", "Enter")
    page.press("End")
    page.until("scrollY > 0 && scrollY + innerHeight > document.documentElement.scrollHeight - 5")
    at("#keys button", "Enter")
    page.until("document.getElementById('confirm').open")
    page.press("Enter")
    page.until("!document.getElementById('confirm').open")
    assert len(larder.status()["keys"]) == 1
    at("#keys button", "Enter")
    page.until("document.getElementById('confirm').open")
    page.press("Tab")
    assert page.eval("document.activeElement.id") == "confirm-yes"
    page.press("Enter")
    page.until("document.getElementById('purged').textContent === 'Purged: 1 entry.'")
    assert larder.status()["keys"] == []


def test_the_keyboard_alone_finds_a_model_in_the_plot(tab, larder):
    page = tab()
    page.eval("document.querySelector('#scatter circle[tabindex=\"0\"]').focus()")
    seen = [page.eval("document.activeElement.getAttribute('aria-label')")]
    for _ in range(60):
        page.press("ArrowRight")
        label = page.eval("document.activeElement.getAttribute('aria-label')")
        if label == seen[-1]:
            break
        seen.append(label)
    assert len(seen) == len(larder.models())
    assert page.text("#scatter-readout") == seen[-1]
    page.press("Home")
    assert page.eval("document.activeElement.getAttribute('aria-label')") == seen[0]
    page.press("ArrowUp")
    page.press("Enter")
    page.until("document.getElementById('details').open")
    assert page.eval("document.activeElement.id") == "details-name"
    page.press("Escape")
    page.until("!document.getElementById('details').open")
    assert page.eval("document.activeElement.getAttribute('role')") == "button"


def test_a_refresh_leaves_the_focus_where_it_is(tab, larder):
    fill(larder)
    page = tab()
    page.until("document.querySelectorAll('#keys button').length === 1")
    page.eval("document.querySelector('#keys button').focus()")
    before = page.text("#process")
    page.until(f"document.getElementById('process').textContent !== {before!r}")
    assert page.eval("document.activeElement.matches('#keys button')")


def test_a_jump_leaves_the_filters_in_the_address(tab):
    page = tab("#q=claude")
    page.click("nav [data-jump=models]")
    assert page.eval("document.activeElement.id") == "models"
    assert page.eval("location.hash") == "#q=claude"


def test_everything_has_a_name_and_a_place(tab, larder):
    fill(larder)
    page = tab("#limit=5")
    page.eval("document.getElementById('more').open = true")
    page.until("document.querySelectorAll('#keys button').length === 1")
    tree = page.send("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in tree if not node.get("ignored") and "role" in node]
    assert roles.count("main") == 1 and roles.count("banner") == 1 and roles.count("contentinfo") == 1
    assert {"navigation", "form", "region", "status", "slider"} <= set(roles)
    named = {"button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio", "slider", "region", "group", "navigation",
             "form", "table", "dialog", "columnheader", "rowheader", "heading"}
    nameless = [node["role"]["value"] for node in tree if not node.get("ignored") and node.get("role", {}).get("value") in named
                and not node.get("name", {}).get("value") and node["role"]["value"] not in ("group", "table")]
    assert nameless == []
    assert page.eval("document.documentElement.lang") == "en" and page.eval("document.title") == "Larder"
    # Identifiers are unique, references lead somewhere, and no level of heading is left out.
    ids = page.eval("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))
    for name in ["for", "aria-labelledby", "aria-describedby", "list", "data-jump"]:
        for value in page.eval(f"[...document.querySelectorAll('[{name}]')].map((one) => one.getAttribute('{name}'))"):
            assert value in ids, f"{name}={value}"
    levels = page.eval("[...document.querySelectorAll('h1, h2, h3, h4')].filter((one) => one.checkVisibility()).map((one) => Number(one.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:]))
    # What colour tells, a word or a sign tells as well.
    assert page.eval("[...document.querySelectorAll('.state')].every((one) => one.textContent.trim() && getComputedStyle(one, '::before').content.length > 2)")


@pytest.mark.parametrize("width", [320, 390, 768])
def test_nothing_is_wider_than_a_narrow_window(tab, larder, width):
    fill(larder)
    page = tab("#limit=5", width=width, height=700)
    page.eval("document.getElementById('more').open = true")
    assert page.eval("document.documentElement.scrollWidth") <= width
    wide = page.eval("""[...document.querySelectorAll('main *')].filter((one) => one.checkVisibility() && !one.closest('.scroll, .unseen, svg, pre')
        && one.getBoundingClientRect().right > innerWidth + 0.5).map((one) => one.outerHTML.slice(0, 100))""")
    assert wide == []
    page.click("#models-rows button")
    page.until("document.getElementById('details').open")
    assert page.eval("document.documentElement.scrollWidth") <= width
    assert page.eval("document.querySelector('#details .sheet').scrollWidth <= document.querySelector('#details').clientWidth")


def test_pictures(tab, larder, screenshots, tmp_path):
    """Pictures for people to look at; that they are of some size is all that can be said of them here."""
    fill(larder)
    folder = screenshots or tmp_path
    for scheme in ["light", "dark"]:
        for width, height in [(1280, 900), (390, 844)]:
            page = tab(width=width, height=height, scheme=scheme)
            page.screenshot(folder / f"page-{scheme}-{width}.png")
            page.screenshot(folder / f"page-{scheme}-{width}-whole.png", whole=True)
            assert (folder / f"page-{scheme}-{width}.png").stat().st_size > 10_000
