"""Two ways to find lines: one asks CloudWatch to look, the other reads everything and looks itself.

Both are cut off by no limit of an answer, and to neither does it matter that a function has no log group yet.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, islice
from typing import Any, Final, Literal, NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from contracts.deployed import CannotAsk
from contracts.following import log_events
from contracts.lines import Line, lines_in
from ops.logs.window import Window
from ops.target import Target
from runtime.clock import Clock

#: `auto`: as the stage has it.
Kind = Literal["auto", "insights", "filter"]

#: Stages whose CloudWatch has no Insights worth the name.
_WITHOUT_INSIGHTS: Final = frozenset(("embedded",))
_AT_A_TIME: Final = 8
#: Words that one Insights query looks for. A query has 10,000 characters.
_TERMS: Final = 40
#: What one Insights query answers at most.
_MOST: Final = 10_000
_POLL_SECONDS: Final = 0.5
_ENDED_BADLY: Final = ("Failed", "Cancelled", "Timeout", "Unknown")


class LogSource(Protocol):
    """The lines of one stage's functions."""

    def find(self, terms: Collection[str], window: Window) -> list[Line]:
        """The lines about events whose text has one of `terms`, by time. Raises CannotAsk."""


class _Text(NamedTuple):
    function: str
    at: int
    text: str


class FilteredLogs:
    """Reads every line with FilterLogEvents, once for each window, and looks itself: emulators filter oddly."""

    def __init__(self, client: Any, groups: Mapping[str, str]) -> None:
        self._client = client
        self._groups = groups
        self._read: dict[Window, list[_Text]] = {}

    def find(self, terms: Collection[str], window: Window) -> list[Line]:
        if window not in self._read:
            with asking_logs():
                self._read[window] = self._all(window)
        return _lines(self._read[window], terms)

    def _all(self, window: Window) -> list[_Text]:
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            return list(chain.from_iterable(pool.map(partial(self._of, window), self._groups)))

    def _of(self, window: Window, function: str) -> list[_Text]:
        events = log_events(self._client, self._groups[function], start=window.start_ms, end=window.end_ms)
        return [_Text(function, event["timestamp"], event["message"]) for event in events]


class InsightsLogs:
    """Has CloudWatch Logs Insights look. An answer that is full is asked for again in halves of its time."""

    def __init__(self, client: Any, groups: Mapping[str, str], clock: Clock, *, most: int = _MOST) -> None:
        self._client = client
        self._groups = groups
        self._clock = clock
        self._most = most

    def find(self, terms: Collection[str], window: Window) -> list[Line]:
        with asking_logs():
            there = self._there()
            if not there:
                return []
            texts = [text for some in _batches(sorted(terms)) for text in self._texts(some, window, there)]
        return _lines(texts, terms)

    def _there(self) -> dict[str, str]:
        """Log group -> function, of those that there are."""
        functions = {group: function for function, group in self._groups.items()}
        pages = self._client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=_prefix(functions))
        names = [group["logGroupName"] for page in pages for group in page["logGroups"]]
        return {name: functions[name] for name in names if name in functions}

    def _texts(self, terms: Collection[str], window: Window, there: Mapping[str, str]) -> Iterator[_Text]:
        rows = self._rows(_query(terms, self._most), window, list(there))
        if len(rows) < self._most or window.seconds <= 1:
            yield from (_text_of(row, there) for row in rows)
            return
        middle = window.start + timedelta(seconds=window.seconds // 2)
        yield from self._texts(terms, Window(start=window.start, end=middle), there)
        yield from self._texts(terms, Window(start=middle, end=window.end), there)

    def _rows(self, query: str, window: Window, groups: list[str]) -> list[dict[str, str]]:
        started = self._client.start_query(
            logGroupNames=groups,
            startTime=window.start_ms // 1000,
            endTime=window.end_ms // 1000 + 1,
            queryString=query,
            limit=self._most,
        )
        while True:
            answer = self._client.get_query_results(queryId=started["queryId"])
            if answer["status"] == "Complete":
                return [{cell["field"]: cell.get("value", "") for cell in row} for row in answer["results"]]
            if answer["status"] in _ENDED_BADLY:
                raise CannotAsk(f"Logs Insights: the query ended as {answer['status']}; ask about less: --since 1h")
            self._clock.sleep(_POLL_SECONDS)


def log_source(target: Target, clock: Clock, kind: Kind = "auto") -> LogSource:
    """The way that fits the stage, or the one that is asked for. Raises CannotAsk."""
    plain = kind == "filter" or (kind == "auto" and target.stage.name in _WITHOUT_INSIGHTS)
    client = target.client("logs")
    return FilteredLogs(client, target.log_groups) if plain else InsightsLogs(client, target.log_groups, clock)


@contextmanager
def asking_logs() -> Iterator[None]:
    """Raises CannotAsk for botocore's errors."""
    try:
        yield
    except ClientError as error:
        raise CannotAsk(
            f"CloudWatch Logs refuses: {error}; it needs logs:FilterLogEvents, DescribeLogGroups, StartQuery and "
            "GetQueryResults"
        ) from error
    except BotoCoreError as error:
        raise CannotAsk(
            f"CloudWatch Logs cannot be asked: {error}; see --profile, --region and --endpoint-url"
        ) from error


def _lines(texts: Iterable[_Text], terms: Collection[str]) -> list[Line]:
    wanted = [written for term in terms for written in _written(term)]
    found = {text for text in texts if any(term in text.text for term in wanted)}
    told = (lines_in(text.text, function=text.function, at=text.at) for text in sorted(found, key=lambda text: text.at))
    # One that tells of many events was found by one of them.
    return [line for lines in told for line in lines if len(lines) == 1 or any(map(line.says, terms))]


def _written(term: str) -> set[str]:
    """A text as it may stand in a line's JSON."""
    return {json.dumps(term, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}


def _query(terms: Collection[str], most: int) -> str:
    quoted = [f'@message like "{_escaped(written)}"' for term in terms for written in sorted(_written(term))]
    return f"fields @timestamp, @message, @log | filter {' or '.join(quoted)} | sort @timestamp asc | limit {most}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _text_of(row: Mapping[str, str], there: Mapping[str, str]) -> _Text:
    """`@log` is `account:group`, and of emulators the group alone."""
    group = row.get("@log", "").rpartition(":")[2]
    return _Text(there.get(group, group), _at(row["@timestamp"]), row["@message"])


def _at(text: str) -> int:
    """`2026-05-20 14:30:00.123` in UTC, and of emulators the milliseconds that it stands for."""
    if text.isdecimal():
        return int(text)
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def _batches(terms: list[str]) -> Iterator[list[str]]:
    left = iter(terms)
    while some := list(islice(left, _TERMS)):
        yield some


def _prefix(names: Iterable[str]) -> str:
    """What all the names start with."""
    first, last = min(names), max(names)
    return first[: next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]
