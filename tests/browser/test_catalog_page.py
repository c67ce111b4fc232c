"""The committed catalog page in a browser: what it shows, how it is searched, and that it asks nobody for anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from contracts.company import SERVICES, routes
from contracts.examples import event_example
from contracts.json_schema import schema_of
from events.catalog import CATALOG, TYPES, BillingInvoicePaid
from tests.browser.window import DESKTOP, PHONE, Window, colour, contrast, opened_browser, window

PAGE = Path(__file__).parents[2] / "docs" / "catalog.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened_browser() as browser:
        yield browser


class Visit:
    """The page, opened in a window of its own."""

    def __init__(self, window: Window) -> None:
        self.page = window.page
        self.complaints = window.complaints

    def open(self, anchor: str = "") -> Page:
        self.page.goto(f"{PAGE.as_uri()}{anchor}")
        return self.page


@pytest.fixture
def visit(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A test may ask for another window: viewport, color_scheme, java_script_enabled. None may end with a complaint."""
    with window(browser, home=PAGE.as_uri(), **getattr(request, "param", {})) as opened:
        yield Visit(opened)


def shown(page: Page) -> set[str]:
    return set(page.locator("article:visible").evaluate_all("articles => articles.map(article => article.id)"))


def look_for(page: Page, words: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type(words)


IN_EACH_WINDOW = pytest.mark.parametrize(
    "visit",
    [{"viewport": v, "color_scheme": s} for v in (DESKTOP, PHONE) for s in ("light", "dark")],
    ids=["desktop, light", "desktop, dark", "phone, light", "phone, dark"],
    indirect=True,
)
AT_NIGHT = pytest.mark.parametrize("visit", [{"color_scheme": "dark"}], indirect=True)
WITHOUT_SCRIPTS = pytest.mark.parametrize("visit", [{"java_script_enabled": False}], indirect=True)


@IN_EACH_WINDOW
def test_every_event_type_is_shown_and_nothing_is_wider_than_the_window(visit: Visit) -> None:
    page = visit.open()

    assert shown(page) == TYPES
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator("article details").evaluate_all("all => all.forEach(details => { details.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@IN_EACH_WINDOW
def test_text_stands_out_from_what_is_behind_it(visit: Visit) -> None:
    """Source: WCAG 2.2, 1.4.3: 4.5 to 1."""
    page = visit.open()

    for foreground in ("ink", "soft", "accent"):
        for background in ("paper", "panel"):
            assert contrast(colour(page, foreground), colour(page, background)) >= 4.5
    assert contrast(colour(page, "accent"), colour(page, "wash")) >= 4.5
    assert contrast(colour(page, "warn"), colour(page, "warn-wash")) >= 4.5


def test_the_drawing_has_an_arrow_for_every_event_type(visit: Visit) -> None:
    arrows = visit.open().locator("svg.flow:visible .arrow")

    hrefs = arrows.evaluate_all("arrows => arrows.map(arrow => arrow.getAttribute('href'))")

    assert {href.removeprefix("#") for href in hrefs} == TYPES


@pytest.mark.parametrize(
    ("words", "only"),
    [
        ("billing.invoice.paid", {"billing.invoice.paid"}),
        ("webhook_url", {"customer.contact.updated"}),
        ("lines[].amount", {"billing.invoice.issued"}),
        ("BILLING-USAGE", {"ingestion.usage.recorded"}),
        ("invoice reason notification", {"billing.invoice.payment_failed"}),
        ("nothing-is-called-so", set()),
    ],
)
def test_a_search_narrows_to_what_has_all_of_the_words(visit: Visit, words: str, only: set[str]) -> None:
    page = visit.open()

    look_for(page, words)

    assert shown(page) == only
    expect(page.get_by_role("status")).to_have_text(f"{len(only)} of {len(TYPES)} event types")
    assert page.locator(".side li:visible").count() == len(only)
    assert page.locator(".nothing").is_visible() == (not only)


def test_escape_ends_a_search_and_a_link_leads_out_of_one(visit: Visit) -> None:
    page = visit.open()

    look_for(page, "webhook_url")
    page.keyboard.press("Escape")
    assert shown(page) == TYPES

    look_for(page, "webhook_url")
    page.locator("article:visible a[href='#service-notification']").click()
    assert shown(page) == TYPES
    expect(page.locator("#service-notification")).to_be_in_viewport()


def test_the_address_of_an_event_type_leads_to_it(visit: Visit) -> None:
    page = visit.open("#billing.invoice.paid")

    expect(page.locator("[id='billing.invoice.paid'] h3")).to_be_in_viewport()
    expect(page.locator(".side [aria-current]")).to_have_text("invoice.paid")


def test_every_rule_s_way_to_a_function_is_told(visit: Visit) -> None:
    page = visit.open()

    for route in routes(SERVICES):
        told = page.locator(f"[id='{route.type}'] .parties").text_content() or ""
        assert route.service.name in told
        assert f"breakwater-{{stage}}-{route.rule}" in told
        assert f"breakwater-{{stage}}-{route.consumer.name}-dlq" in told


def test_every_field_of_every_version_is_in_a_table(visit: Visit) -> None:
    page = visit.open()

    for (type_, version), model in CATALOG.items():
        table = page.get_by_role("table", name=f"Fields of {type_} v{version}", include_hidden=True)
        assert model.model_fields.keys() <= set(table.locator("tbody th").all_text_contents())


def test_the_example_is_what_is_copied(visit: Visit) -> None:
    page = visit.open()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    box = page.locator("[id='billing.invoice.paid'] [data-panels]").first

    box.get_by_role("button", name="Copy").click()

    expect(box.locator(".copy")).to_have_text("Copied")
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == event_example(BillingInvoicePaid)


def test_the_tabs_follow_the_arrow_keys(visit: Visit) -> None:
    page = visit.open()
    box = page.locator("[id='billing.invoice.paid'] [data-panels]").first

    box.get_by_role("tab", name="Example").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")

    expect(box.get_by_role("tab", name="JSON Schema")).to_be_focused()
    text = box.get_by_role("tabpanel").text_content() or ""
    assert json.loads(text[text.index("{") :]) == schema_of(BillingInvoicePaid)


@AT_NIGHT
def test_the_scheme_that_somebody_chose_is_remembered(visit: Visit) -> None:
    page = visit.open()
    night = colour(page, "paper")

    page.get_by_role("button", name="Switch between light and dark").click()
    day = colour(page, "paper")
    page.reload()

    assert day != night
    assert colour(page, "paper") == day


@WITHOUT_SCRIPTS
def test_everything_is_there_without_scripts(visit: Visit) -> None:
    page = visit.open()

    assert shown(page) == TYPES
    assert page.locator("article .panel:visible").count() >= 2 * len(TYPES)


def test_on_paper_there_are_all_event_types_and_no_controls(visit: Visit) -> None:
    page = visit.open()

    page.emulate_media(media="print")

    assert shown(page) == TYPES
    for control in (".top", ".side", ".copy"):
        expect(page.locator(control).first).to_be_hidden()
    expect(page.locator("[id='billing.invoice.paid'] .panel.example")).to_be_visible()


def test_a_page_that_asks_for_anything_is_noticed(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('<img src="http://127.0.0.1:9/picture.png">')

    visit.page.goto((tmp_path / "page.html").as_uri())

    assert "http://127.0.0.1:9/picture.png" in visit.complaints
    visit.complaints.clear()
