"""What must outlive what: each broken relation stops synthesis, with a line of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from contracts.company import producers_of
from contracts.lifecycle import problems
from events.catalog import CATALOG
from infra.cdk_app import CONSUMERS
from infra.components.relations import BrokenRelation, Retention, check_retention
from infra.components.table import allow_once
from infra.config import STAGES

SOUND = Retention(archive=30, patience=1, queue=4, dead_letters=14, marks=60, payloads=90, outbox=2)


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_every_stage_keeps_long_enough(stage) -> None:
    check_retention(stage.name, Retention.of(stage, CONSUMERS))


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        (replace(SOUND, marks=49), "idempotency records expire after 49 days, within the 49 days"),
        (replace(SOUND, payloads=49), "payloads expire after 49 days, within the 49 days"),
        (replace(SOUND, dead_letters=4), "DLQs keep messages for 4 days, no longer than queues"),
        (replace(SOUND, outbox=1), "outboxes keep events for 1 days, no longer than a stream has them"),
        (replace(SOUND, archive=100), "idempotency .*; payloads "),
        (replace(SOUND, patience=30), "idempotency .* within the 78 days"),
    ],
    ids=["marks", "payloads", "dead letters", "outbox", "archive", "patience"],
)
def test_a_relation_that_is_broken_is_named(broken: Retention, line: str) -> None:
    with pytest.raises(BrokenRelation, match=f"stage prod: {line}"):
        check_retention("prod", broken)


def test_a_day_more_than_the_longest_way_is_enough() -> None:
    check_retention("prod", replace(SOUND, marks=50, payloads=50, outbox=1.5))


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_an_old_version_is_read_for_longer_than_an_event_can_come_back(stage) -> None:
    used = {key: [service.name for service in producers_of(key[0])] for key in CATALOG}

    way = Retention.of(stage, CONSUMERS).longest_way

    assert problems(CATALOG, today=date(2026, 11, 27), longest_way=way, emitters=used, readers=used) == []


class Named:
    def __init__(self, **attributes: object) -> None:
        vars(self).update(attributes)


@pytest.mark.parametrize("ttl_attribute", [None, "expires_at"])
def test_idempotency_records_that_would_never_expire_are_refused(ttl_attribute: str | None) -> None:
    table = Named(ttl_attribute=ttl_attribute)

    with pytest.raises(BrokenRelation, match=rf"notification: .* expire by expiration, its table by {ttl_attribute}"):
        allow_once(Named(name="notification"), table)
