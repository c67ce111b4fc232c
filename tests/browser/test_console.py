"""The console in a browser: what an operator sees of a stage, and what they do to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from contracts.company import routes
from runtime.errors import DependencyUnavailable
from tests.browser.console_stage import ServedStage, served
from tests.browser.window import PHONE, Window, colour, contrast, opened_browser, window
from tests.contract.letters_stage import ids, payments
from tests.unit.event_builders import paid

PATHS = (
    "/",
    "/events",
    "/event?id=evt-0000",
    "/event?q=cus_abc123",
    "/letters",
    "/letters/group?group={group}",
    "/letters/letter?id=evt-0000",
    "/letters/redrive?group={group}",
    "/letters/edit?id=evt-0000",
    "/letters/audit",
    "/metrics",
    "/metrics?function=billing&span=6h",
    "/nowhere",
)
#: Milliseconds that a page may take: what is expected is waited for no longer than it takes.
expect.set_options(timeout=30_000)

DOWN = DependencyUnavailable("the mail server is down")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def served_stage(module_environment: None) -> Iterator[ServedStage]:
    with served() as stage:
        yield stage


@pytest.fixture(scope="module")
def module_environment() -> Iterator[None]:
    """What clean_environment is for one test, for what outlives one."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"REGION": "us-east-1", "ACCESS_KEY_ID": "testing", "SECRET_ACCESS_KEY": "testing"}.items():
            patch.setenv(f"AWS_{name}", value)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield


@pytest.fixture
def stage(served_stage: ServedStage) -> ServedStage:
    """Without any letter."""
    served_stage.empty()
    return served_stage


@pytest.fixture
def seat(browser: Browser, stage: ServedStage, request: pytest.FixtureRequest) -> Iterator[Window]:
    """A window with a session. A test may ask for another: viewport, color_scheme, reduced_motion, …"""
    with window(browser, home=stage.home, **getattr(request, "param", {})) as opened:
        opened.page.goto(stage.address)
        yield opened


def seats(**options: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("seat", [options], indirect=True)


IN_EACH_WINDOW = pytest.mark.parametrize(
    "seat",
    [{"color_scheme": "dark"}, {"color_scheme": "light", "viewport": PHONE}],
    ids=["desk, dark", "phone, light"],
    indirect=True,
)


def go(seat: Window, path: str) -> Page:
    seat.page.goto(f"{seat.home}{path}")
    return seat.page


def groups(stage: ServedStage) -> list[str]:
    return list(dict.fromkeys(letter.fingerprint for letter in stage.desk().look().letters))


def pages(stage: ServedStage) -> list[str]:
    """Every page that there is, with something on each."""
    for event in payments(3):
        stage.bury(event, error=DOWN)
        stage.handle(
            event, "notification", outcome="dead_letter", reason="dependency_unavailable", error_message="down"
        )
    (group,) = groups(stage)
    return [path.format(group=group) for path in PATHS]


@IN_EACH_WINDOW
def test_no_page_is_wider_than_its_window_or_asks_elsewhere(seat: Window, stage: ServedStage) -> None:
    for path in pages(stage):
        page = go(seat, path)

        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        assert page.locator("h1").count() == 1, path
    forgive_the_page_that_is_not_there(seat)


def forgive_the_page_that_is_not_there(seat: Window) -> None:
    seat.complaints[:] = [text for text in seat.complaints if "404 (Not Found)" not in text]


@IN_EACH_WINDOW
def test_text_stands_out_from_what_is_behind_it(seat: Window) -> None:
    """Source: WCAG 2.2, 1.4.3: 4.5 to 1."""
    pairs = [(ink, behind) for ink in ("ink", "soft", "accent") for behind in ("paper", "ground", "panel")]
    pairs += [(status, behind) for status in ("ok", "warn", "bad") for behind in ("paper", "panel", f"{status}-wash")]
    pairs += [
        ("accent", "wash"),
        ("accent-ink", "accent"),
        ("bus-ink", "bus"),
        ("one", "paper"),
        ("two", "paper"),
        ("three", "paper"),
    ]

    low = {pair: round(contrast(*(colour(seat.page, name) for name in pair)), 2) for pair in pairs}

    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}


def test_everything_that_can_be_used_has_a_name_and_everything_has_its_place(seat: Window, stage: ServedStage) -> None:
    for path in pages(stage):
        assert go(seat, path).evaluate(NAMELESS) == [], path
    forgive_the_page_that_is_not_there(seat)


#: What a screen reader would have no word for, ids that are there twice, and a page without its landmarks.
NAMELESS = """() => {
  const byId = (id) => document.getElementById(id);
  const shown = (e) => e.checkVisibility() && !e.closest("[aria-hidden=true]");
  const name = (e) => (e.getAttribute("aria-label") || [...(e.labels ?? [])].map((l) => l.textContent).join(" ")
    || (e.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => byId(id)?.textContent).join("")
    || e.textContent || e.value || "").trim();
  const used = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary,"
    + " [role=img], [role=group], [role=table], progress, section, nav, dialog")].filter(shown);
  const twice = [...document.querySelectorAll("[id]")].map((e) => e.id).filter((id, at, all) => all.indexOf(id) !== at);
  const problems = used.filter((e) => !name(e)).map((e) => e.outerHTML.slice(0, 120));
  problems.push(...twice.map((id) => `id ${id} is there twice`));
  if (document.querySelectorAll("main").length !== 1) problems.push("there is no one main");
  if (!document.documentElement.lang) problems.push("no language");
  for (const table of document.querySelectorAll("table")) {
    if (!table.querySelector("th[scope=col]")) problems.push("a table without column heads");
  }
  return problems;
}"""


def test_the_overview_says_how_it_is_and_where_dead_letters_wait(seat: Window, stage: ServedStage) -> None:
    for event in payments(2):
        stage.bury(event)
    page = go(seat, "/")

    expect(page.locator("[data-health]")).to_contain_text("2 dead letters wait in notification.")
    expect(page.locator("svg.wide [data-dead='notification']")).to_have_text("2")
    expect(page.locator("nav [data-dead-total]")).to_have_text("2")


def test_the_drawing_has_a_queue_for_every_consumer_and_a_way_for_every_route(seat: Window) -> None:
    drawing = go(seat, "/").locator("svg.topology:visible")

    ways = set(drawing.locator("[data-way]").evaluate_all("ways => ways.map(way => way.dataset.way)"))

    assert ways == {f"{route.type} {route.consumer.name}" for route in routes()}
    for route in routes():
        expect(drawing.locator(f"[data-queue='{route.consumer.name}']")).to_be_visible()


def test_what_happens_is_shown_as_it_happens(seat: Window, stage: ServedStage) -> None:
    page = go(seat, "/")
    expect(page.locator("[data-connection='live']")).to_be_visible()

    stage.handle(paid(id="evt-just-now"), "notification", ago=0)

    row = page.locator("[data-rows] tr", has_text="evt-just-now")
    expect(row).to_contain_text("handled")
    row.get_by_role("link").click()
    expect(page.locator("h1")).to_contain_text("paid")


@seats(reduced_motion="reduce")
def test_nothing_moves_for_who_wants_no_motion(seat: Window, stage: ServedStage) -> None:
    page = go(seat, "/")
    expect(page.locator("[data-connection='live']")).to_be_visible()

    stage.handle(paid(id="evt-still"), "notification", ago=0)

    expect(page.locator("[data-rows] tr", has_text="evt-still")).to_be_visible()
    assert page.locator(".dot").count() == 0


def test_a_list_can_be_narrowed_and_stays_narrow_for_what_is_new(seat: Window, stage: ServedStage) -> None:
    stage.handle(paid(id="evt-here"), "notification", outcome="retry", message="retry")
    page = go(seat, "/events")

    page.get_by_label("Outcome").select_option("retry")
    page.get_by_role("button", name="Filter").click()
    stage.handle(paid(id="evt-other"), "notification", ago=0)
    stage.handle(paid(id="evt-fits"), "notification", outcome="retry", message="retry", ago=0)

    expect(page.locator("tbody tr", has_text="evt-fits")).to_be_visible()
    expect(page.locator("tbody tr", has_text="evt-here")).to_be_visible()
    assert page.locator("tbody tr", has_text="evt-other").count() == 0


def test_one_event_is_told_with_its_cause_its_tries_and_its_end(seat: Window, stage: ServedStage) -> None:
    event = paid(id="evt-whole", data={"invoice_id": "inv_1", "customer_id": "cus_1", "amount": 1, "currency": "USD"})
    stage.handle(
        event, "notification", ago=4, outcome="retry", message="retry", error_message="mail is down", reason="x"
    )
    sent = "notification.message.sent 0123456789abcdef0123456789abcdef"
    stage.handle(event, "notification", ago=1, attempts=2, events_out=[sent])
    page = go(seat, "/events")

    page.get_by_role("searchbox").fill("inv_1")
    page.keyboard.press("Enter")

    expect(page.locator("h1")).to_contain_text("inv_1 was paid")
    tree = page.get_by_role("table", name="Events, who acted on them, and when")
    expect(tree).to_contain_text("2 tries")
    expect(tree).to_contain_text("notification.message.sent")
    assert tree.locator("rect.bar-warn, rect.bar-ok").count() == 2
    expect(page.get_by_role("cell", name="mail is down")).to_be_visible()
    page.get_by_text("Everything as JSON").click()
    expect(page.get_by_label("The story as JSON")).to_contain_text('"visits"')


def test_an_event_that_nobody_knows_is_answered_with_what_to_try(seat: Window) -> None:
    page = go(seat, "/event?q=nothing-is-called-so")

    expect(page.locator("h1")).to_contain_text("no trace")
    expect(page.locator(".verdict")).to_contain_text("Look further back")


def test_a_redrive_goes_from_the_group_over_a_dry_run_to_none_left(seat: Window, stage: ServedStage) -> None:
    bodies = [stage.bury(event, error=DOWN) for event in payments(25)]
    stage.bury(paid(id="evt-other"))
    page = go(seat, "/letters")

    page.get_by_role("link", name="Redrive 25 letters").click()
    expect(page.locator("h1")).to_have_text("Redrive 25 letters?")
    expect(page.locator(".plan")).to_contain_text("would go to the queue breakwater-dev-notification")
    assert len(stage.dead("notification-dlq")) == 26
    page.get_by_label("Why").fill("the mail server is up again")
    page.get_by_role("button", name="Redrive 25 letters").click()

    expect(page.locator("[data-progress]")).to_contain_text("25 letters sent, 0 left.")
    assert sorted(stage.delivered("notification")) == sorted(bodies)
    assert ids(stage.dead("notification-dlq")) == ["evt-other"]
    page.get_by_role("link", name="What was recorded").click()
    expect(page.locator(".lead")).to_have_text("the mail server is up again")
    page.get_by_role("link", name="Dead letters").click()
    expect(page.locator("nav [data-dead-total]")).to_have_text("1")


def test_a_dry_run_is_confirmed_once_and_for_what_it_showed(seat: Window, stage: ServedStage) -> None:
    stage.bury(paid(id="evt-shown"), error=DOWN)
    (group,) = groups(stage)
    page = go(seat, f"/letters/redrive?group={group}")
    stage.bury(paid(id="evt-later"), error=DOWN)
    form = page.evaluate("Object.fromEntries(new FormData(document.querySelector('form[method=post]')))")

    page.get_by_role("button", name="Redrive 1 letter").click()
    expect(page.locator("[data-progress]")).to_contain_text("1 letter sent, 0 left.")
    assert ids(stage.delivered("notification")) == ["evt-shown"]
    again = page.request.post(f"{seat.home}/letters/redrive", form=form, headers={"origin": seat.home})

    assert again.status == 409
    assert ids(stage.dead("notification-dlq")) == ["evt-later"]


def test_an_event_is_mended_only_when_it_fits_and_the_reason_is_given(seat: Window, stage: ServedStage) -> None:
    broken = paid(
        id="evt-broken", data={"invoice_id": "inv_1", "customer_id": "cus_1", "amount": "1", "currency": "USD"}
    )
    stage.bury(broken)
    page = go(seat, "/letters/edit?id=evt-broken")
    editor = page.get_by_label("The event")

    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("alert")).to_contain_text("data.amount")
    editor.fill(editor.input_value().replace('"amount": "1"', '"amount": 4900'))
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".diff ins")).to_contain_text('"amount": 4900')
    assert stage.delivered("notification") == []
    page.get_by_label("Why").fill("the partner sent text")
    page.get_by_role("button", name="Send").click()

    expect(page.locator("[data-progress]")).to_contain_text("1 letter sent as edited, 0 left.")
    (body,) = stage.delivered("notification")
    assert '"amount":4900' in body
    seat.complaints[:] = [text for text in seat.complaints if "422 (Unprocessable" not in text]


def test_letters_are_parked_with_the_reason_and_come_back(seat: Window, stage: ServedStage) -> None:
    stage.bury(paid(id="evt-parked"))
    page = go(seat, "/letters/letter?id=evt-parked")

    page.get_by_text("Park this letter").click()
    page.get_by_label("Why").fill("the partner sends it again")
    page.get_by_role("button", name="Park it").click()
    expect(page.locator("[data-progress]")).to_contain_text("1 letter parked, 0 left.")
    assert stage.dead("notification-dlq") == []
    go(seat, "/letters/audit")
    expect(page.locator("main")).to_contain_text("the partner sends it again")
    page.get_by_role("button", name="Bring evt-parked back").click()

    expect(page.locator("[data-progress]")).to_contain_text("1 letter brought back")
    assert ids(stage.dead("notification-dlq")) == ["evt-parked"]


def test_all_of_it_can_be_done_by_keyboard(seat: Window, stage: ServedStage) -> None:
    stage.bury(paid(id="evt-keys"), error=DOWN)
    page, keys = seat.page, seat.page.keyboard
    go(seat, "/")

    keys.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    keys.press("g")
    keys.press("d")
    expect(page.locator("h1")).to_have_text("Dead letters")
    expect(page.locator("[data-connection='live']")).to_be_visible()
    keys.press("j")
    expect(page.locator("[data-row-link]")).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text("Dependency unavailable in notification")
    tab_to(page, "Redrive…")
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text("Redrive 1 letter?")
    tab_to(page, "Redrive 1 letter")
    keys.press("Enter")

    expect(page.locator("[data-progress]")).to_contain_text("1 letter sent, 0 left.")


def tab_to(page: Page, name: str) -> None:
    """By Tab alone, as far as it takes."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    raise AssertionError(f"{name} cannot be reached by keyboard")


def test_shortcuts_are_listed_and_can_be_switched_off(seat: Window) -> None:
    page = go(seat, "/events")

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.get_by_label("Shortcuts are on").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("o")
    page.keyboard.press("?")

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("h1")).to_have_text("Events")


@seats(color_scheme="dark")
def test_the_scheme_is_the_system_s_until_somebody_chooses(seat: Window) -> None:
    page = go(seat, "/")
    night = colour(page, "paper")

    page.get_by_role("button", name="Switch between light and dark").click()
    day = colour(page, "paper")
    go(seat, "/metrics")

    assert contrast(night, day) > 7
    assert colour(page, "paper") == day


def test_plots_say_their_values_where_they_are_pointed_at(seat: Window) -> None:
    page = go(seat, "/metrics")
    plot = page.locator("[data-plot]", has_text="Critical time").first

    expect(plot.get_by_role("img")).to_have_attribute(
        "aria-label",
        "Critical time: p50 lately 41 ms, at most 41 ms; p95 lately 180 ms, at most 180 ms; "
        "p99 lately 350 ms, at most 350 ms",
    )
    expect(plot.locator(".promise")).to_have_count(1)
    plot.locator(".plot-area").hover()

    expect(plot.locator("[data-tip]")).to_contain_text("p95 180 ms")


def test_a_console_that_only_looks_has_no_buttons_that_change_anything(browser: Browser, stage: ServedStage) -> None:
    stage.bury(paid(id="evt-0000"), error=DOWN)
    (group,) = groups(stage)
    with stage.looked_at() as (home, address), window(browser, home=home) as seat:
        seat.page.goto(address)

        for path in PATHS[:-1]:
            page = go(seat, path.format(group=group))
            assert page.locator("form[method=post]:visible").count() == 0, path
            assert page.get_by_role("link", name=re.compile(r"^(Redrive|Edit)(…| \d)")).count() == 0, path
        expect(page.locator(".mode")).to_contain_text("Read-only")


def test_without_a_session_a_page_says_how_to_get_one(browser: Browser, stage: ServedStage) -> None:
    with window(browser, home=stage.home) as stranger:
        page = go(stranger, "/letters")

        expect(page.locator("h1")).to_have_text("No session")
        expect(page.locator("main")).to_contain_text("Open the address that the console printed")
        stranger.complaints[:] = [text for text in stranger.complaints if "401 (Unauthorized)" not in text]


def test_a_page_of_another_site_cannot_make_the_console_act(seat: Window, stage: ServedStage) -> None:
    """In the very browser that has the session."""
    stage.bury(paid(id="evt-safe"), error=DOWN)
    page = seat.page
    page.route("http://evil.example/", lambda route: route.fulfill(content_type="text/html", body=evil(stage.home)))
    page.goto("http://evil.example/")

    page.get_by_role("button", name="Win a prize").click()

    expect(page.locator("h1")).to_have_text("No session")
    assert ids(stage.dead("notification-dlq")) == ["evt-safe"]
    seat.complaints.clear()


def evil(home: str) -> str:
    fields = "".join(f'<input name="{name}" value="evt-safe">' for name in ("id", "why"))
    return f'<form method="post" action="{home}/letters/park">{fields}<button>Win a prize</button></form>'
