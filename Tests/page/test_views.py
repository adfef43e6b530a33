"""The selector of a view: what it offers, and that the list and the links are the view's."""

import pytest
from conftest import Larder
from test_models import ids, shows


@pytest.fixture
def viewed(request, tmp_path):
    """A Larder with two views."""
    (folder := tmp_path / "viewed").mkdir()
    larder = Larder(request.config.getoption("--larder"), folder, LARDER_VIEWS_TEAM_ALLOW="anthropic/*,mistralai/*",
                    LARDER_VIEWS_TEAM_QUERY="sort=pricing-low-to-high", LARDER_VIEWS_CHEAP_QUERY="max_price=0.5")
    yield larder
    larder.stop()


def of_view(larder, name: str, query: str = "") -> list[str]:
    return ids(larder.get(f"/view/{name}/api/v1/models" + (f"?{query}" if query else ""))["data"])


def link(page) -> tuple[str, str]:
    return page.eval("document.getElementById('query-link').getAttribute('href')"), page.text("#query-text")


def test_without_views_there_is_no_selector(tab):
    page = tab()
    assert not page.eval("document.getElementById('view-field').checkVisibility()")


def test_a_chosen_view_is_the_list_s_and_the_link_s(viewed, tab):
    everything, team, cheap = ids(viewed.models()), of_view(viewed, "team"), of_view(viewed, "cheap")
    assert 0 < len(team) < len(everything) and 0 < len(cheap) < len(everything) and team != cheap
    page = tab(of=viewed)
    shows(page, everything)
    page.until("document.getElementById('view-field').checkVisibility()")
    # The number is that of all models of a view, whatever they make.
    counts = {view["name"]: view["models"] for view in viewed.status()["views"]}
    offered = page.texts("#view option")
    assert offered[0] == "none: every model" and set(offered[1:]) == {f"{name} ({count})" for name, count in counts.items()}
    assert set(counts) == {"team", "cheap"}

    def choose(name: str):
        page.eval(f"""(() => {{ const one = document.getElementById('view'); one.value = '{name}';
            one.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()""")

    choose("team")
    shows(page, team)
    assert page.text("#found") == f"{len(team)} models"
    assert link(page) == ("../view/team/api/v1/models", "/view/team/api/v1/models")
    assert page.eval("location.hash") == "#_view=team"
    page.eval("document.getElementById('more').open = true")
    page.type("#filter-offset", "1")
    shows(page, team[1:])
    choose("cheap")
    shows(page, cheap)
    choose("team")
    shows(page, team)
    page.type("#filter-q", "claude")
    shows(page, of_view(viewed, "team", "q=claude"))
    assert link(page)[1] == "/view/team/api/v1/models?q=claude"
    assert page.eval("location.hash") == "#q=claude&_view=team"
    # What the status says every two seconds does not take the choice back.
    page.eval("new Promise((resolve) => setTimeout(resolve, 2500))")
    assert page.eval("document.getElementById('view').value") == "team"

    again = tab("#q=claude&_view=team", of=viewed)
    shows(again, of_view(viewed, "team", "q=claude"))
    assert again.eval("document.getElementById('view').value") == "team"
    again.eval("location.hash = '#_view=cheap'")
    shows(again, cheap)

    page.type("#filter-q", "")
    choose("")
    shows(page, everything)
    assert link(page)[1] == "/api/v1/models" and page.eval("location.hash") == ""


def test_the_keyboard_chooses_a_view_and_a_row_of_it_opens(viewed, tab):
    page = tab(of=viewed)
    page.until("document.getElementById('view-field').checkVisibility()")
    page.eval("document.getElementById('view').focus()")
    page.press("ArrowDown")
    chosen = page.until("document.getElementById('view').value")
    shows(page, of_view(viewed, chosen))
    page.eval("document.querySelector('#models-rows button').focus()")
    page.press("Enter")
    page.until("document.getElementById('details').open")
    assert of_view(viewed, chosen)[0] in page.text("#details-body")


def test_a_view_that_there_is_not_is_an_error_that_names_the_others(viewed, tab):
    page = tab(of=viewed, excused="status of 404")
    page.eval("location.hash = '#_view=gone'")
    page.until("document.getElementById('found').dataset.state === 'bad'")
    assert "team" in page.text("#found") and "(404)" in page.text("#found")
    page.eval("location.hash = ''")
    shows(page, ids(viewed.models()))
