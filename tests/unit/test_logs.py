"""Log lines, found: the same from Insights and from reading everything; and followed, each once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from contracts.deployed import CannotAsk
from contracts.following import OVERLAP, Follower, log_events
from contracts.lines import Line, lines_in
from ops.logs.sources import FilteredLogs, InsightsLogs, LogSource, log_source
from ops.logs.window import Window
from ops.target import Target
from runtime.clock import SystemClock
from tests.unit.logs_stage import seconds_before, write
from tests.unit.runtime_fakes import FakeClock

NOW = datetime.now(UTC)
WINDOW = Window(start=NOW - timedelta(hours=1), end=NOW + timedelta(seconds=5))


@pytest.fixture
def target() -> Iterator[Target]:
    with mock_aws():
        yield Target.named("dev")


@pytest.fixture(params=["insights", "filter"])
def source(request: pytest.FixtureRequest, target: Target) -> LogSource:
    return log_source(target, FakeClock(), request.param)


def text(event_id: str, **more: Any) -> str:
    line = {"consumer": "billing", "outcome": "handled", "event_id": event_id, "event_source": "s", "event_type": "t"}
    return json.dumps({**line, **more})


def test_lines_are_found_in_all_groups_by_time(target: Target, source: LogSource) -> None:
    write(target, "billing", (seconds_before(NOW, 10), text("e-1")), (seconds_before(NOW, 30), text("e-1")))
    write(target, "notification", (seconds_before(NOW, 20), text("e-1", consumer="notification")))

    found = source.find({"e-1"}, WINDOW)

    assert [line.function for line in found] == ["billing", "notification", "billing"]
    assert [line.at for line in found] == [seconds_before(NOW, s) for s in (30, 20, 10)]


def test_only_lines_with_one_of_the_terms_are_found(target: Target, source: LogSource) -> None:
    write(target, "billing", *((seconds_before(NOW, n), text(f"e-{n}")) for n in range(1, 6)))

    assert [line.event_id for line in source.find({"e-4", "e-2"}, WINDOW)] == ["e-4", "e-2"]


def test_of_a_line_about_many_events_those_are_found_that_were_asked_for(target: Target, source: LogSource) -> None:
    many = [{"event_id": f"e-{n}", "events_out": [f"t out-{n}"]} for n in range(30)]
    line = {"consumer": "billing", "outcome": "handled", "event_source": "s", "event_type": "t", "events": many}
    write(target, "billing", (seconds_before(NOW, 5), json.dumps(line)))

    found = source.find({"e-4", "out-7"}, WINDOW)

    assert [(each.identity, each.outcome) for each in found] == [(("s", "e-4"), "handled"), (("s", "e-7"), "handled")]


def test_lines_outside_of_the_window_are_not_found(target: Target, source: LogSource) -> None:
    write(target, "billing", (seconds_before(NOW, 7200), text("e-1")))

    assert source.find({"e-1"}, WINDOW) == []


def test_a_function_that_has_never_run_has_no_lines(source: LogSource) -> None:
    assert source.find({"e-1"}, WINDOW) == []


def test_what_is_no_line_of_ours_is_passed_over(target: Target, source: LogSource) -> None:
    written = ["START RequestId: e-1", '{"message": "e-1"}', "{e-1", '["e-1"]', text("e-1")]
    write(target, "billing", *((seconds_before(NOW, n + 1), line) for n, line in enumerate(written)))

    assert len(source.find({"e-1"}, WINDOW)) == 1


@pytest.mark.parametrize("event_id", ['a "quoted" one', "back\\slash", "größer", "a|b or c"])
def test_ids_are_found_whatever_characters_they_have(target: Target, source: LogSource, event_id: str) -> None:
    write(target, "billing", (seconds_before(NOW, 1), text(event_id)))
    write(target, "billing", (seconds_before(NOW, 1), json.dumps(json.loads(text(event_id)), ensure_ascii=False)))

    assert {line.event_id for line in source.find({event_id}, WINDOW)} == {event_id}


class FakeInsights:
    """Answers each query with the newest `most` rows in its time, as Insights does when there are more."""

    def __init__(self, at: list[datetime]) -> None:
        self.at = at
        self.queries: list[dict[str, Any]] = []
        self.polls = 0

    def get_paginator(self, _: str) -> FakeInsights:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"logGroups": [{"logGroupName": "/aws/lambda/breakwater-dev-billing"}, {"logGroupName": "other"}]}]

    def start_query(self, **query: Any) -> dict[str, str]:
        self.queries.append(query)
        return {"queryId": str(len(self.queries) - 1)}

    def get_query_results(self, *, queryId: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        self.polls += 1
        if self.polls % 2:
            return {"status": "Running", "results": []}
        query = self.queries[int(queryId)]
        times = [t for t in self.at if query["startTime"] <= t.timestamp() < query["endTime"]]
        rows = [
            {
                "@timestamp": t.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
                "@message": text(f"e-{self.at.index(t)}", customer_id="cus"),
                "@log": "123456789012:/aws/lambda/breakwater-dev-billing",
            }
            for t in times[: query["limit"]]
        ]
        return {"status": "Complete", "results": [[{"field": k, "value": v} for k, v in row.items()] for row in rows]}


def test_an_answer_of_insights_that_is_full_is_asked_for_in_halves() -> None:
    insights = FakeInsights([NOW - timedelta(seconds=3 * n) for n in range(40)])
    source = InsightsLogs(insights, {"billing": "/aws/lambda/breakwater-dev-billing"}, FakeClock(), most=10)

    found = source.find({"cus"}, WINDOW)

    assert {line.event_id for line in found} == {f"e-{n}" for n in range(40)}
    assert {line.function for line in found} == {"billing"}
    assert all(query["logGroupNames"] == ["/aws/lambda/breakwater-dev-billing"] for query in insights.queries)


def test_a_query_that_ends_badly_says_what_to_do() -> None:
    insights = FakeInsights([])
    insights.get_query_results = lambda **_: {"status": "Timeout"}  # type: ignore[method-assign]
    source = InsightsLogs(insights, {"billing": "/aws/lambda/breakwater-dev-billing"}, FakeClock())

    with pytest.raises(CannotAsk, match="--since 1h"):
        source.find({"cus"}, WINDOW)


def test_the_way_to_read_follows_the_stage_unless_one_is_asked_for(target: Target) -> None:
    embedded = Target.named("embedded")

    kinds = [type(log_source(t, SystemClock(), kind)) for t, kind in ((target, "auto"), (embedded, "auto"))]
    asked = type(log_source(target, SystemClock(), "filter"))

    assert [*kinds, asked] == [InsightsLogs, FilteredLogs, FilteredLogs]


class CutOff:
    """A log group that answers with 10,000 events at most, and without a token, as an emulator does."""

    class exceptions:  # noqa: N801 - botocore's name
        class ResourceNotFoundException(Exception): ...

    def __init__(self, count: int) -> None:
        self.events = [{"timestamp": n // 3, "logStreamName": "s", "message": str(n)} for n in range(count)]

    def filter_log_events(self, *, startTime: int, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return {"events": [event for event in self.events if event["timestamp"] >= startTime][:10_000]}


def test_an_answer_that_is_cut_off_without_a_token_is_gone_on_with() -> None:
    found = {event["message"] for event in log_events(CutOff(25_000), "g", start=0)}

    assert len(found) == 25_000


class Group:
    """One log group that grows, and shows events late."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def add(self, at: int, event_id: str) -> None:
        self.events.append({"timestamp": at, "logStreamName": "s", "message": text(event_id)})

    def read(self, _: str, start: int) -> list[dict[str, Any]]:
        return [event for event in self.events if event["timestamp"] >= start]


def ids(lines: list[Line]) -> list[str]:
    return [line.event_id for line in lines]


def test_a_line_is_followed_once_though_it_is_read_again() -> None:
    group = Group()
    follower = Follower(group.read, {"billing": "g"}, since=0)
    group.add(1_000, "a")

    assert [ids(follower.new()), ids(follower.new())] == [["a"], []]


def test_a_line_that_shows_up_late_is_followed_all_the_same() -> None:
    group = Group()
    follower = Follower(group.read, {"billing": "g"}, since=0)
    group.add(10_000, "new")
    follower.new()
    group.add(10_000 - OVERLAP + 1, "late")

    assert ids(follower.new()) == ["late"]


def test_nothing_from_before_the_beginning_is_followed() -> None:
    group = Group()
    group.add(999, "old")
    group.add(1_000, "new")

    assert ids(Follower(group.read, {"billing": "g"}, since=1_000).new()) == ["new"]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, OVERLAP - 1)), max_size=60))
def test_every_line_is_followed_exactly_once_however_late_it_shows(moves: list[tuple[int, int]]) -> None:
    """Time goes on by steps; each line is up to the overlap older than the newest."""
    group, now, told = Group(), OVERLAP, []
    follower = Follower(group.read, {"billing": "g"}, since=0)
    for number, (step, late) in enumerate(moves):
        now += step * 1_000
        group.add(max(now - late, max((e["timestamp"] for e in group.events), default=0) - OVERLAP), f"e-{number}")
        told += ids(follower.new())

    assert sorted(told) == sorted(f"e-{n}" for n in range(len(moves)))


@given(
    st.dictionaries(
        st.sampled_from(["event_id", "attempts", "events_out", "duration_ms", "consumer", "events"]),
        st.none() | st.integers() | st.floats() | st.text() | st.lists(st.integers() | st.text() | st.just({})),
    )
)
def test_no_line_is_too_odd_to_read(members: dict[str, Any]) -> None:
    lines_in(json.dumps(members), function="billing", at=1)


def test_a_line_is_read_as_it_was_written() -> None:
    written = text("e-1", attempts=2, duration_ms=1.5, events_out=["t id-1", "odd", 7], age_ms=30, reason="conflict")

    (line,) = lines_in(written, function="f", at=5)

    assert (line.role, line.function, line.attempts, line.duration_ms, line.age_ms) == (
        "consumer",
        "billing",
        2,
        1.5,
        30,
    )
    assert line.out == (("t", "id-1"),)
    assert line.started_at == 3.5
