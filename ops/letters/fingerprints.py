"""What failures have in common: an error without what differs from case to case."""

from __future__ import annotations

import hashlib
import re
from typing import Final

_LONGEST: Final = 300
#: Replaced one after the other: what is quoted, when, which, how many.
_MASKS: Final = (
    (re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:[Zz]|[+-]\d\d:?\d\d)?)?"), "<time>"),
    (re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`"), "<value>"),
    (re.compile(r"\barn:[\w:/.*$+=,@-]+"), "<arn>"),
    (re.compile(r"\b(?:https?|s3)://\S+"), "<url>"),
    (re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"(?<![\w.])[-+]?\d+(?:[.,]\d+)*(?![\w])"), "<n>"),
    (re.compile(r"\b(?=\w*\d)[\w]{4,}(?:-\w+)*\b"), "<id>"),
)
_RUNS: Final = re.compile(r"\s+")


def masked(error: str) -> str:
    """The error with times, values, ids and numbers masked, on one line.

    `customer 'ada' has no invoice inv_17 of 4900` becomes `customer <value> has no invoice <id> of <n>`.
    """
    text = error[: 4 * _LONGEST]
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return _RUNS.sub(" ", text).strip()[:_LONGEST]


def fingerprint(*, place: str, event_type: str, reason: str, error: str) -> str:
    """The name of the group of all letters of this kind: eight hexadecimal digits, the same everywhere."""
    kind = "\n".join((place, event_type, reason, masked(error)))
    return hashlib.sha256(kind.encode()).hexdigest()[:8]
