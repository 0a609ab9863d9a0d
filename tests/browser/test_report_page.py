"""The report in a real browser: drawn without an error, searchable, readable in the dark, on a phone and on paper."""

import pytest
from made_up import HOSTILE, a_config, make_night

from nightshift.report import write_report

CHARTS = 8


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    root = make_night(tmp_path_factory.mktemp("night"), 24)
    write_report(root / "report.html", a_config(), root)
    return (root / "report.html").as_uri()


@pytest.fixture
def opened(browser, address):
    """Opens the page; at the end nothing has been said in the console and nothing was asked of a network."""
    pages, said, asked = [], [], []

    def at(width=1280, scheme="light"):
        page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        page.wait_for_function(f"document.querySelectorAll('.chart[data-drawn]').length === {CHARTS}", timeout=30_000)
        pages.append(page)
        return page

    yield at
    for page in pages:
        page.close()
    assert said == []
    assert set(asked) <= {address}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_chart_is_drawn_and_nothing_runs_over(opened, width, scheme):
    page = opened(width, scheme)
    sizes = page.evaluate(
        "[...document.querySelectorAll('.chart svg')].map((one) => [one.getBoundingClientRect().width,"
        " one.querySelectorAll('path, text').length, one.parentElement.closest('.chart').clientWidth])"
    )
    assert len(sizes) == CHARTS
    assert all(drawn > 0.5 * room and drawn <= room + 1 and parts > 8 for drawn, parts, room in sizes)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_search_filters_and_orders(opened):
    page = opened()
    rows = "#experiments tbody tr:visible"
    assert page.locator(rows).count() == 24
    page.fill("#find", "number 13")
    assert page.locator(rows).count() == 1 and page.locator(rows).get_attribute("id") == "exp-0013"
    assert page.inner_text("#count") == "1 of 24 shown"
    page.fill("#find", "")
    page.select_option("#status", "crash")
    assert page.locator(rows).count() == 1
    page.select_option("#status", "")
    page.select_option("#author", "human")
    assert page.locator(rows).first.get_attribute("id") == "exp-0004"
    page.select_option("#author", "")
    page.select_option("#order", "place")
    assert page.evaluate(
        "[...document.querySelectorAll('#experiments tbody tr')].slice(0, 4).map((row) => row.id)"
    ) == [
        "exp-0000",
        "exp-0001",
        "exp-0002",
        "exp-0004",
    ]
    page.get_by_role("button", name="cv_auc").focus()
    page.keyboard.press("Enter")
    assert page.locator("th[data-key=auc]").get_attribute("aria-sort") == "descending"
    scores = page.evaluate("[...document.querySelectorAll('#experiments tbody tr')].map((row) => row.dataset.auc)")
    assert scores[-1] == "" and scores[:-1] == sorted(scores[:-1], reverse=True)


def test_the_dark_page_has_other_colours_in_its_charts_too(opened):
    def colours(page):
        return page.evaluate(
            "[getComputedStyle(document.body).backgroundColor,"
            " getComputedStyle(document.querySelector('#chart-curve svg .mark-line path')).stroke]"
        )

    light, dark = colours(opened()), colours(opened(scheme="dark"))
    assert light[0] != dark[0] and light[1] != dark[1]
    assert dark == ["rgb(19, 22, 24)", "rgb(85, 198, 181)"]


def test_landmarks_headings_and_names_for_who_listens(opened):
    page = opened()
    for role in ("main", "navigation", "search"):
        assert page.get_by_role(role).count() == 1
    assert page.get_by_role("heading", level=1).count() == 1 and page.get_by_role("heading", level=2).count() == 10
    assert page.get_by_role("img", name="Whom to call first").count() == 1
    assert page.evaluate(
        "[...document.querySelectorAll('[role=img]')].every((one) => one.getAttribute('aria-label').length > 30)"
    )
    assert page.get_by_role("table", name="Every experiment").count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"


def test_hostile_names_are_shown_and_do_not_run(opened):
    page = opened()
    assert HOSTILE in page.inner_text("#data")
    page.hover("#chart-columns svg .mark-symbol path")
    page.wait_for_selector("#vg-tooltip-element.visible")
    assert "<script>" in page.inner_text("#vg-tooltip-element")


def test_paper_is_white_and_without_controls(opened):
    page = opened(scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".controls").is_visible()
    assert len(page.pdf()) > 20_000
