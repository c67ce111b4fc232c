from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from contracts.lifecycle import RULES, LifecycleProblem, problems
from events.catalog import CATALOG
from events.versions import Active, Deprecated, Retired
from tests.unit.version_builders import DEPRECATED, RETIRED, TYPE, history

TODAY = date(2026, 11, 27)
#: Of `prod`: 30 days in the archive, 1 of patience, 4 in a queue, 14 in its DLQ.
WAY = 49


def found(*lives: Any, **changes: Any) -> list[LifecycleProblem]:
    made = history(*lives)
    told: dict[str, Any] = {
        "today": TODAY,
        "longest_way": WAY,
        "emitters": {},
        "readers": {},
        "upcasts": made.upcasts,
        "downcasts": made.downcasts,
    }
    return problems(made.catalog, **(told | changes))


def rules(*lives: Any, **changes: Any) -> list[tuple[int, str]]:
    return [(problem.version, problem.rule) for problem in found(*lives, **changes)]


def test_a_life_by_the_rules_has_no_problems() -> None:
    used = {(TYPE, 2): ["billing"], (TYPE, 3): ["billing"]}

    assert found(RETIRED, DEPRECATED, Active(), emitters=used, readers=used) == []


@pytest.mark.parametrize("users", ["emitters", "readers"])
def test_a_retired_version_that_is_still_used_names_who_uses_it(users: str) -> None:
    (problem,) = found(RETIRED, Active(), **{users: {(TYPE, 1): ["notification", "billing"]}})

    assert problem.rule == {"emitters": "RETIRED_VERSION_EMITTED", "readers": "RETIRED_VERSION_READ"}[users]
    assert str(problem).startswith("made.up v1: is retired, and billing, notification still ")


@pytest.mark.parametrize(
    ("life", "message"),
    [
        (Retired(on=date(2026, 11, 1), sunset=date(2026, 11, 2)), "before its sunset: it is promised until 2026-11-02"),
        (Retired(on=date(2026, 11, 1)), "without its sunset"),
        (Retired(on=TODAY + timedelta(days=1), sunset=date(2026, 11, 1)), "say that it is retired when 2026-11-28"),
    ],
)
def test_a_version_is_not_retired_before_the_day_that_was_promised(life: Retired, message: str) -> None:
    (problem,) = found(life, Active())

    assert problem.rule == "RETIRED_TOO_EARLY"
    assert message in problem.message


@pytest.mark.parametrize(
    ("days", "broken"), [(WAY, []), (WAY - 1, [(1, "SUNSET_TOO_SOON")]), (-1, [(1, "SUNSET_TOO_SOON")])]
)
def test_a_sunset_comes_after_the_longest_time_in_which_an_event_can_come_back(days: int, broken: list) -> None:
    life = Deprecated(since=TODAY, sunset=TODAY + timedelta(days=days))

    assert rules(life, Active()) == broken


def test_a_sunset_that_is_too_soon_says_which_day_is_not() -> None:
    (problem,) = found(Deprecated(since=date(2026, 1, 1), sunset=date(2026, 1, 31)), Active(), longest_way=49.5)

    assert "30 days after it was deprecated, and events can come back for 49.5" in problem.message
    assert "let it be 2026-02-20 or later" in problem.message


@pytest.mark.parametrize("life", [DEPRECATED, RETIRED])
def test_the_newest_version_is_neither_deprecated_nor_retired(life: Any) -> None:
    assert rules(Active(), life) == [(2, "NEWEST_VERSION_NOT_ACTIVE")]


def test_a_version_that_is_read_leads_to_the_newest_step_by_step() -> None:
    upcasts = {(TYPE, 1): None, (TYPE, 3): None}

    assert rules(DEPRECATED, RETIRED, DEPRECATED, Active(), upcasts=upcasts) == [(1, "UPCASTER_MISSING")]
    assert rules(RETIRED, RETIRED, DEPRECATED, Active(), upcasts=upcasts) == []


def test_a_version_that_our_own_code_owes_can_be_made_of_the_newest() -> None:
    newest = {(TYPE, 2): ["billing"]}

    assert rules(DEPRECATED, Active(), emitters=newest, downcasts={}) == [(1, "DOWNCASTER_MISSING")]
    assert rules(DEPRECATED, Active(), downcasts={}) == []
    assert rules(RETIRED, Active(), emitters=newest, downcasts={}) == []


def test_every_rule_is_broken_by_some_test_here() -> None:
    seen = {
        *rules(RETIRED, Active(), emitters={(TYPE, 1): ["x"]}, readers={(TYPE, 1): ["x"]}),
        *rules(Retired(on=TODAY), Active()),
        *rules(Deprecated(since=TODAY, sunset=TODAY), Active(), upcasts={}, downcasts={}, emitters={(TYPE, 2): ["x"]}),
        *rules(DEPRECATED),
    }

    assert {rule for _, rule in seen} == RULES.keys()


def test_the_catalog_keeps_the_rules() -> None:
    everybody = {key: ["ingestion"] for key in CATALOG}

    assert problems(CATALOG, today=TODAY, longest_way=WAY, emitters=everybody, readers=everybody) == []
