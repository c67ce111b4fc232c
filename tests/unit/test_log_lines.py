"""Lines that are made with less work are Powertools' own, character for character."""

from __future__ import annotations

import io
import json
import logging
import sys
from contextlib import suppress
from typing import Any

import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from runtime.log_lines import LineFormatter, LineLogger


def a_record(msg: Any = "handled", *, created: float = 1_780_000_000.25, **members: Any) -> logging.LogRecord:
    record = logging.LogRecord("billing", logging.INFO, "consumer.py", 7, msg, (), None, "_log")
    record.created = created
    vars(record).update(members)
    return record


def both() -> tuple[LineFormatter, LambdaPowertoolsFormatter]:
    formatters = LineFormatter(), LambdaPowertoolsFormatter(use_rfc3339=True)
    for formatter in formatters:
        formatter.append_keys(service="billing", sampling_rate=None)
    return formatters


RECORDS = {
    "a word": a_record(),
    "members": a_record(event_id="e", attempts=1, duration_ms=0.315, events_out=["a b", "c d"], nothing=None),
    "not ASCII": a_record(event_id="\u00e9\u2028\U0001f600", quoted='"\\\n\x00'),
    "half a character": a_record(error_message="\ud800"),
    "no JSON": a_record(error=ValueError("broken")),
    "a sentence": a_record("it is tried again"),
    "JSON": a_record('{"a": 1}'),
    "a JSON word": a_record("true"),
    "no text": a_record({"a": 1}),
    "microseconds that round up": a_record(created=1_780_000_000.9999997),
    "another second": a_record(created=1_780_000_001.001),
}


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_line_is_the_one_that_powertools_writes(record, monkeypatch):
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8")
    ours, theirs = both()

    assert ours.format(record) == theirs.format(record)


def test_a_line_about_an_exception_is_powertools_own():
    ours, theirs = both()
    record = a_record()
    with suppress(ZeroDivisionError):
        try:
            1 / 0  # noqa: B018 - for its error
        finally:
            record.exc_info = sys.exc_info()

    assert ours.format(record) == theirs.format(record)


def test_keys_come_and_go_as_with_powertools():
    ours, theirs = both()
    lines: list[tuple[str, str]] = []

    for change in (
        lambda formatter: formatter.append_keys(cold_start=True),
        lambda formatter: formatter.remove_keys(["service"]),
        lambda formatter: formatter.clear_state(),
    ):
        change(ours)
        change(theirs)
        lines.append((ours.format(a_record()), theirs.format(a_record())))

    assert [mine for mine, _ in lines] == [other for _, other in lines]
    assert len({mine for mine, _ in lines}) == 3


def test_a_second_s_timestamps_differ_in_their_milliseconds():
    ours, _ = both()

    lines = [json.loads(ours.format(a_record(created=1_780_000_000 + millis / 1_000))) for millis in (1, 2, 999)]

    assert [line["timestamp"][19:23] for line in lines] == [".001", ".002", ".999"]


@pytest.fixture
def logger(monkeypatch, request):
    """One of a service of its own, and what it writes."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", request.node.name)
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "INFO")
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    return LineLogger(), written


def test_a_line_names_the_place_that_it_was_written_from(logger):
    log, written = logger

    log.info("handled", extra={"event_id": "e"})
    log.info("handled %s", "twice")
    log.info("handled", extra={"event_id": "e"}, exc_info=None)

    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    function = test_a_line_names_the_place_that_it_was_written_from
    first = function.__code__.co_firstlineno + 3
    assert [line["location"] for line in lines] == [f"{function.__name__}:{first + n}" for n in range(3)]
    assert [line["message"] for line in lines] == ["handled", "handled twice", "handled"]
    assert lines[0]["event_id"] == "e"


def test_a_member_that_logging_keeps_for_itself_is_refused_as_ever(logger):
    log, _ = logger

    with pytest.raises(KeyError, match="module"):
        log.info("handled", extra={"module": "mine"})  # noqa: G101 - that is what is tested


def test_nothing_is_written_below_the_level(logger):
    log, written = logger
    log.setLevel("WARNING")

    log.info("handled", extra={"event_id": "e"})

    assert written.getvalue() == ""
