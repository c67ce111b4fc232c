"""What flows, and the sentence about it."""

from __future__ import annotations

from typing import Any

import pytest

from ops.console.depths import Depth, Depths
from ops.console.flow import Filter, Flow, Rates
from ops.console.health import Health, health
from tests.unit.console_builders import line

NOW = 10_000_000
SERVICES = {"billing": "billing", "billing-usage": "billing", "notification": "notification"}


def flow(*ages_and_changes: tuple[int, dict[str, Any]]) -> Flow:
    """Lines of so many seconds ago."""
    filled = Flow()
    filled.add([line(at=NOW - 1000 * age, **changes) for age, changes in ages_and_changes])
    return filled


def depths(dead: dict[str, int] | None = None, waiting: dict[str, int] | None = None, **changes: Any) -> Depths:
    return Depths(
        queues={name: Depth(waiting=number) for name, number in (waiting or {"billing": 0}).items()},
        dead={name: Depth(waiting=number) for name, number in (dead or {}).items()},
        **changes,
    )


def said(depths: Depths, **rates: Any) -> Health:
    return health(depths, Rates(**{"handled": {}, "sent": {}, "trouble": {}} | rates), SERVICES)


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ({}, True),
        ({"service": "billing"}, True),
        ({"service": "notification"}, False),
        ({"type": "ingestion.payment.settled"}, True),
        ({"type": "ingestion"}, False),
        ({"customer": " cus_1 "}, True),
        ({"customer": "cus_2"}, False),
        ({"outcome": "retry"}, False),
        ({"service": "billing", "outcome": "handled", "unknown": "parameter"}, True),
    ],
)
def test_a_line_is_shown_when_it_matches_all_that_is_asked_for(wanted: dict[str, str], fits: bool) -> None:
    assert Filter.of(wanted).matches(line()) is fits


def test_the_latest_come_first_and_no_more_than_asked_for() -> None:
    seen = flow(*((age, {"event_id": f"e-{age}"}) for age in (5, 1, 3)))

    assert [each.event_id for each in seen.latest(Filter(), 2)] == ["e-1", "e-3"]


def test_rates_are_of_the_last_minute_and_trouble_of_the_last_five() -> None:
    rates = flow(
        (1, {}),
        (59, {}),
        (61, {}),
        (90, {"outcome": "retry"}),
        (301, {"outcome": "retry"}),
        (2, {"outcome": "deferred"}),
    ).rates(now_ms=NOW)

    assert rates.handled == {"billing": 3}
    assert rates.total == 2
    assert rates.trouble == {"retry": 1, "deferred": 1}


def test_what_a_service_with_an_outbox_brings_about_counts_when_its_relay_sends_it() -> None:
    out = ("billing.invoice.paid 1",)
    rates = flow(
        (1, {"events_out": out}),
        (1, {"function": "billing-relay", "role": "relay", "outcome": "relayed"}),
        (1, {"function": "notification", "events_out": ("notification.message.sent 1", "notification.message.sent 2")}),
    ).rates(now_ms=NOW)

    assert rates.sent == {"billing": 1, "notification": 2}


def test_all_is_quiet_when_nothing_moves_and_nothing_waits() -> None:
    assert said(depths()) == Health(level="quiet", sentence="All quiet.")


def test_it_is_said_how_much_moves() -> None:
    assert said(depths(), total=1).sentence == "All moves: 1 event handled in the last minute."
    assert said(depths(), total=1204).sentence == "All moves: 1,204 events handled in the last minute."


def test_dead_letters_are_told_by_service() -> None:
    found = said(depths(dead={"billing": 1, "billing-usage": 1, "notification": 1}))

    assert found.level == "warn"
    assert found.details == ("2 dead letters wait in billing.", "1 dead letter waits in notification.")


def test_a_backlog_is_the_first_thing_to_be_told() -> None:
    found = said(depths(waiting={"billing-usage": 1204, "billing": 99}, dead={"billing": 1}))

    assert (found.level, found.sentence) == ("bad", "billing-usage falls behind.")
    assert found.details[0] == "1,204 messages wait for billing-usage."


def test_a_stage_that_is_not_all_there_is_told_so() -> None:
    found = said(depths(missing=("breakwater-dev-billing",)))

    assert (found.level, found.sentence) == ("bad", "Not all of it is deployed.")


def test_repeated_tries_are_told_though_nothing_is_dead() -> None:
    found = said(depths(), trouble={"retry": 1, "deferred": 2})

    assert found.level == "warn"
    assert len(found.details) == 2


def test_who_shares_a_queue_has_the_group_s_counts_and_they_count_once() -> None:
    shared = {"billing": "monolith", "notification": "monolith"}
    found = depths(dead={"monolith": 2}, waiting={"monolith": 5}, shared=shared)

    assert [found.queue_of(name) for name in shared] == [Depth(waiting=5)] * 2
    assert found.letters == 2
    assert said(found).details == ("2 dead letters wait in monolith.",)
