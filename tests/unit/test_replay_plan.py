"""What a replay will do, decided before anything is done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.company import SERVICES
from infra.components.relations import Retention
from infra.config import STAGES
from local.memory.patterns import compile as compiled
from ops.replay.estimate import estimate
from ops.replay.eventbridge import Archive
from ops.replay.plan import Choice, Plan, as_json, plan
from ops.replay.window import Window, memory
from ops.wrong_use import WrongUse

NOW = datetime(2026, 5, 20, 14, 30, 30, tzinfo=UTC)
WINDOW = Window.of(NOW - timedelta(hours=2), NOW, now=NOW)
DEV = STAGES["dev"]


def planned(**choice: Any) -> Plan:
    chosen = {"window": WINDOW} | choice
    return plan(Choice(**chosen), stage=DEV, services=SERVICES, now=NOW, token="a1b2")


def envelope(replay: Plan, type_: str, *, source: str = "billing-service", **detail: Any) -> dict[str, Any]:
    return {"source": source, "detail-type": type_, "replay-name": replay.name, "detail": detail}


def test_all_consumers_of_the_bus_get_everything_by_their_own_rules_when_nothing_is_chosen() -> None:
    replay = planned()

    assert replay.consumers == ("ingestion", "billing", "billing-usage", "notification", "notification-contacts")
    assert replay.temporary == ()
    assert {rule.name for rule in replay.rules} >= {"breakwater-dev-billing-payments"}


def test_one_of_a_group_that_shares_a_queue_gets_its_own_events_and_no_neighbours() -> None:
    together = replace(DEV, topology="monolith")

    replay = plan(
        Choice(window=WINDOW, consumers=("notification",)), stage=together, services=SERVICES, now=NOW, token="a1b2"
    )

    (rule,) = replay.temporary
    matcher = compiled(rule.pattern)
    assert matcher.matches(envelope(replay, "billing.invoice.paid"))
    assert not matcher.matches(envelope(replay, "ingestion.usage.recorded", source="ingestion-service"))


def test_a_name_says_stage_and_time_and_whether_effects_are_wanted() -> None:
    assert planned().name == "breakwater-dev-20260520t143030-a1b2"
    assert planned(with_effects=True).name == "with-effects-breakwater-dev-20260520t143030-a1b2"


@pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.name)
def test_names_are_as_long_as_eventbridge_lets_them_be(stage: Any) -> None:
    replay = plan(
        Choice(window=WINDOW, sources=("x",), with_effects=True), stage=stage, services=SERVICES, now=NOW, token="a1b2"
    )

    assert all(len(name) <= 64 for name in (replay.name, *(rule.name for rule in replay.rules)))


def test_who_is_to_get_less_than_usual_gets_it_by_a_rule_of_the_replay_alone() -> None:
    replay = planned(types=("billing.invoice.paid",), customers=("cus_1",))

    (rule,) = replay.rules
    assert (rule.consumer, rule.types, rule.is_temporary) == ("notification", ("billing.invoice.paid",), True)
    assert rule.name.startswith(DEV.replay_rules)


@pytest.mark.parametrize(
    ("detail", "passes"),
    [
        ({"data": {"customer_id": "cus_1"}}, True),
        ({"customer_id": "cus_1"}, True),  # a plain EventBridge event
        ({"dataref": "s3://bucket/key"}, True),  # whose data cannot be seen
        ({"data": {"customer_id": "cus_2"}}, False),
        ({"data": {}}, False),
    ],
)
def test_events_about_the_customer_pass_and_those_of_which_it_cannot_be_seen(detail: Any, passes: bool) -> None:
    replay = planned(customers=("cus_1",), consumers=("notification",))

    matcher = compiled(replay.rules[0].pattern)

    assert matcher.matches(envelope(replay, "billing.invoice.paid", **detail)) is passes


def test_an_entry_of_several_events_passes_if_one_is_about_the_customer() -> None:
    replay = planned(customers=("cus_1",), consumers=("billing-usage",))
    batch = [{"data": {"customer_id": customer}} for customer in ("cus_2", "cus_1", "cus_3")]

    matcher = compiled(replay.rules[0].pattern)

    passes = [
        matcher.matches(envelope(replay, "ingestion.usage.recorded", source="ingestion-service", cloudevents=events))
        for events in (batch, batch[:1])
    ]
    assert passes == [True, False]
    assert any("others' come along" in note for note in replay.notes)


def test_events_whose_customer_cannot_be_seen_stay_out_when_effects_are_wanted() -> None:
    replay = planned(customers=("cus_1",), consumers=("notification",), with_effects=True)

    matcher = compiled(replay.rules[0].pattern)

    assert not matcher.matches(envelope(replay, "billing.invoice.paid", dataref="s3://bucket/key"))
    assert any("are left out" in note for note in replay.notes)


def test_a_rule_of_the_replay_lets_nothing_pass_but_that_replay() -> None:
    replay = planned(types=("billing.invoice.paid",))

    matcher = compiled(replay.rules[0].pattern)

    live = {name: v for name, v in envelope(replay, "billing.invoice.paid").items() if name != "replay-name"}
    assert matcher.matches(envelope(replay, "billing.invoice.paid"))
    assert not matcher.matches(live)
    assert not matcher.matches(live | {"replay-name": "another"})
    assert not matcher.matches(envelope(replay, "billing.invoice.issued"))


def test_a_rule_of_the_replay_lets_nothing_pass_that_the_consumer_is_not_subscribed_to() -> None:
    replay = planned(sources=("billing-service", "crm"))

    sources = {rule.consumer: rule.pattern["source"] for rule in replay.rules}

    assert sources["notification"] == ["billing-service"]
    assert sources["ingestion"] == ["billing-service", "crm"]  # takes its types from anybody
    assert "billing" not in sources  # takes events of ingestion alone


def test_customer_and_invoice_must_both_fit() -> None:
    replay = planned(customers=("cus_1",), invoices=("inv_1", "inv_2"), consumers=("notification",))

    matcher = compiled(replay.rules[0].pattern)

    def passes(**data: str) -> bool:
        return matcher.matches(envelope(replay, "billing.invoice.paid", data=data))

    assert passes(customer_id="cus_1", invoice_id="inv_2")
    assert not passes(customer_id="cus_2", invoice_id="inv_2")
    assert not passes(customer_id="cus_1", invoice_id="inv_3")


def test_types_that_name_no_customer_are_told_of() -> None:
    notes = planned(customers=("cus_1",), consumers=("billing",)).notes

    assert (
        "ingestion.payment.settled, ingestion.payment.failed: have no customer_id, so --customer leaves them out"
        in (notes)
    )


def test_who_would_act_on_the_outside_world_is_told_of() -> None:
    assert planned().silent == ("notification",)
    assert planned(with_effects=True).silent == ()
    assert any("let replayed events pass and send nothing" in note for note in planned().notes)
    assert any("do not happen again" in note for note in planned(with_effects=True).notes)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"consumers": ("ingestion-files",)}, "no consumer of the bus is called ingestion-files"),
        ({"types": ("no.such.thing",)}, "nobody whom this would go to takes no.such.thing"),
        ({"types": ("billing.invoice.paid",), "consumers": ("billing",)}, "they take ingestion.payment.settled"),
        ({"sources": ("elsewhere",), "consumers": ("billing",)}, "takes events of the source elsewhere"),
    ],
)
def test_what_comes_to_nothing_is_refused(choice: Any, said: str) -> None:
    with pytest.raises(WrongUse, match=said):
        planned(**choice)


def test_a_description_says_what_was_chosen_and_fits() -> None:
    assert planned(types=("billing.invoice.paid",), customers=("cus_1",)).description == (
        "to: notification; types: billing.invoice.paid; customer_id: cus_1"
    )
    assert len(planned(customers=tuple(f"cus_{n}" for n in range(200))).description) == 512


def test_a_pattern_is_json_without_spaces() -> None:
    assert as_json({"source": ["a"]}) == '{"source":["a"]}'


# The window


def parsed(**given: str) -> Window:
    return Window.parse(**{"since": None, "start": None, "end": None, "now": NOW} | given)


def test_a_window_is_whole_minutes_and_ends_no_later_than_now() -> None:
    since = parsed(since="90m")
    between = parsed(start="2026-05-20T12:10:45", end="2026-05-20T15:20:01+02:00")

    assert (since.start, since.end) == (datetime(2026, 5, 20, 13, 0, tzinfo=UTC), NOW)
    assert (between.start.minute, between.end) == (10, datetime(2026, 5, 20, 13, 21, tzinfo=UTC))
    assert parsed(start="2026-05-20T12:10", end="2026-05-20T12:20").length == timedelta(minutes=10)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"since": "2h", "start": "2026-05-20"},
        {"since": "2h", "end": "2026-05-20"},
        {"since": "0h"},
        {"since": "-2h"},
        {"start": "yesterday"},
        {"start": "2026-05-20T12:10", "end": "2026-05-20T12:10"},
        {"start": "2026-05-21"},
    ],
)
def test_a_window_that_makes_no_sense_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(WrongUse):
        parsed(**given)


def test_progress_is_how_far_into_the_window_the_last_event_was() -> None:
    window = parsed(start="2026-05-20T12:00", end="2026-05-20T14:00")

    parts = [window.part_until(moment) for moment in (None, window.start, window.end, NOW)]

    assert parts == [0, 0, 1, 1]
    assert window.part_until(window.start + timedelta(minutes=30)) == 0.25


def test_memory_is_what_marks_and_payloads_outlast_a_messages_longest_way_by() -> None:
    days = Retention(archive=30, patience=1, queue=4, dead_letters=14, marks=60, payloads=50, outbox=2)

    assert memory(days) == timedelta(days=31)


# The estimate


def archive(**changes: Any) -> Archive:
    facts = {"arn": "a", "bus_arn": "b", "days": 7, "events": 168_000, "bytes": 168_000_000}
    return Archive(**facts | {"created": NOW - timedelta(days=70)} | changes)


def test_events_are_the_archives_by_time() -> None:
    found = estimate(planned(consumers=("billing",)), archive(), now=NOW)

    assert found.events == 2_009  # two hours and half a minute of seven days
    assert found.deliveries == 2_009
    assert "168,000 in 168 h" in found.basis


def test_a_young_archive_has_all_its_events_in_a_long_window() -> None:
    assert estimate(planned(), archive(created=NOW - timedelta(minutes=5)), now=NOW).events == 168_000


def test_an_archive_that_keeps_for_ever_is_counted_from_its_beginning() -> None:
    assert "in 1,680 h" in estimate(planned(), archive(days=0), now=NOW).basis


def test_dollars_can_be_followed_by_hand() -> None:
    found = estimate(planned(consumers=("billing",)), archive(), now=NOW)

    queue = 0.40e-6 * 1.2
    function = 0.20e-6 / 10 + 0.0000133334 * 0.5 * 0.020
    assert found.dollars == pytest.approx(2_009 * (1e-6 + queue + function + 0.625e-6))


def test_large_events_are_billed_by_their_chunks() -> None:
    large = archive(bytes=168_000 * 65_537)

    assert estimate(planned(), large, now=NOW).dollars > estimate(planned(), archive(), now=NOW).dollars * 1.3


def test_time_is_that_of_the_slower_of_bus_and_consumers() -> None:
    few, many = planned(consumers=("billing",)), planned()

    assert estimate(few, archive(), now=NOW).duration == timedelta(seconds=5)  # 2,009 deliveries, 10 at once, 20 ms
    assert estimate(many, archive(), now=NOW).duration > timedelta(seconds=15)


def test_an_empty_archive_costs_nothing() -> None:
    found = estimate(planned(), archive(events=0, bytes=0), now=NOW)

    assert (found.events, found.dollars, found.duration) == (0, 0, timedelta(0))
