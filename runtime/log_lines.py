"""Powertools' JSON log lines, made with less work: the same keys and values in the same order.

Most lines are a word with members. For each of them Powertools and logging walk the stack, look up thread and process,
ask of each member whether it is reserved, try to read the word as JSON, and set up a JSON encoder. Here that is done
once, or not at all where nobody sees it. Any other line is Powertools' own. Members are values that JSON has.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Mapping
from itertools import islice
from types import CodeType
from typing import Any, Final, NamedTuple

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from pydantic_core import to_json

#: Attributes that each record begins with; what is said of this one thing comes after them.
_BLANK: Final[Mapping[str, Any]] = dict(vars(logging.LogRecord("", logging.INFO, "", 0, "", (), None)))
_COMMON: Final = len(_BLANK)
_ATTRIBUTES: Final = frozenset(_BLANK) | {"message", "asctime"}
#: Words that are JSON by themselves: Powertools would log what they stand for.
_JSON_WORDS: Final = frozenset(("true", "false", "null", "NaN", "Infinity"))
_MILLION: Final = 1_000_000
#: Characters of a timestamp before its milliseconds: 2026-05-20T14:30:00.
_TO_MILLIS: Final = 20


class LineLogger(Logger):
    """Powertools' logger, for lines that are mostly a word with `extra` members."""

    def __init__(self) -> None:
        super().__init__(logger_formatter=LineFormatter())

    def listens(self, level: int) -> bool:
        """Whether lines of this level go anywhere: where they do not, nobody need make them."""
        return self._logger.isEnabledFor(level)

    def info(
        self,
        msg: object,
        *args: object,
        exc_info: Any = None,
        extra: Mapping[str, object] | None = None,
        **options: Any,
    ) -> None:
        """See Logger.info."""
        if not self._logger.isEnabledFor(logging.INFO):
            return
        if args or exc_info or options or not extra or not _ATTRIBUTES.isdisjoint(extra):
            super().info(msg, *args, exc_info=exc_info, extra=extra, stacklevel=3, **options)
            return
        caller = sys._getframe(1)  # noqa: SLF001 - as logging itself finds out who logs
        self._logger.handle(_Line(self._logger.name, msg, extra, caller.f_code, caller.f_lineno))


class _Line(logging.LogRecord):
    """A record without what logging would look up for it, and no line tells: thread, process and module.

    `extra` is what stands among its attributes, too, by itself.
    """

    __slots__ = ("extra",)

    def __init__(self, name: str, msg: object, extra: Mapping[str, object], code: CodeType, lineno: int) -> None:
        now = time.time_ns()
        attributes = vars(self)
        attributes.update(_BLANK)
        attributes["name"], attributes["msg"] = name, msg
        attributes["pathname"], attributes["funcName"], attributes["lineno"] = code.co_filename, code.co_name, lineno
        attributes["created"], attributes["msecs"] = now / 1_000_000_000, now // 1_000_000 % 1_000
        attributes.update(extra)
        self.extra = extra


class _Second(NamedTuple):
    """One second, and what stands in its timestamps before and after the milliseconds."""

    number: int
    before: str
    after: str


class LineFormatter(LambdaPowertoolsFormatter):
    """For loggers with Powertools' default keys; more may be appended."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}
        super().__init__(use_rfc3339=True)
        self._second = _Second(0, "", "")

    def append_keys(self, **additional_keys: Any) -> None:
        self._kept = {}
        super().append_keys(**additional_keys)

    def remove_keys(self, keys: Iterable[str]) -> None:
        self._kept = {}
        super().remove_keys(keys)

    def clear_state(self) -> None:
        self._kept = {}
        super().clear_state()

    def _keep(self) -> dict[str, Any]:
        """The keys that stand in every line, beside those that each line has of its own."""
        own = self.log_record_order
        self._kept = {name: v for name, v in self.log_format.items() if v is not None and name not in own}
        return self._kept

    def format(self, record: logging.LogRecord) -> str:
        return self.serialize(self._line(record)) if self._is_usual(record) else super().format(record)

    def serialize(self, log: Any) -> str:
        """As one line of JSON. Raises what json raises for what is none."""
        if self.json_indent is not None:
            return super().serialize(log)
        try:
            return to_json(log, fallback=self.json_default).decode()
        except ValueError:  # half a character
            return super().serialize(log)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        """As Powertools'. Most lines are written in the same second as the one before."""
        seconds = int(record.created)
        micros = round((record.created - seconds) * 1_000_000)
        if micros >= _MILLION:
            return super().formatTime(record, datefmt)
        if seconds != self._second.number:
            text = super().formatTime(record, datefmt)
            self._second = _Second(seconds, text[:_TO_MILLIS], text[_TO_MILLIS + 3 :])
        return f"{self._second.before}{micros // 1_000:03}{self._second.after}"

    def _is_usual(self, record: logging.LogRecord) -> bool:
        """A word, without arguments, an exception, or keys of a thread's own."""
        word = record.msg
        is_word = type(word) is str and word.isidentifier() and word not in _JSON_WORDS
        return is_word and not record.args and not record.exc_info and not self.thread_safe_get_current_keys()

    def _line(self, record: logging.LogRecord) -> Any:
        line: dict[str, Any] = {
            "level": record.levelname,
            "location": f"{record.funcName}:{record.lineno}",
            "message": record.msg,
            "timestamp": self.formatTime(record),
        }
        line |= self._kept or self._keep()
        line |= {name: value for name, value in _extra(record) if value is not None}
        if (trace := self._get_latest_trace_id()) is not None:
            line["xray_trace_id"] = trace
        return line


def _extra(record: logging.LogRecord) -> Iterable[tuple[str, object]]:
    return record.extra.items() if isinstance(record, _Line) else islice(vars(record).items(), _COMMON, None)
