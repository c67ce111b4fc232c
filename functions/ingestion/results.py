"""The answers to a file: one result when all of it is done, and reject files with the lines at fault."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from events.envelope import Problem
from functions.ingestion.manifest import INCOMING, REJECTS, RESULTS
from functions.ingestion.ports import FileRef, Progress
from functions.ingestion.readers import KEPT_BYTES, Line

_MAX_PROBLEMS: Final = 10
_MAX_TEXT: Final = 300


def result_key(file: FileRef) -> str:
    """Where the result is found: beside those of the other versions that were put under this key, the latest only."""
    return f"{RESULTS}{file.key.removeprefix(INCOMING)}.json"


def reject_key(file: FileRef, number: int) -> str:
    """Where the n-th reject file is found, from 1. Each version has its own."""
    return f"{REJECTS}{file.key.removeprefix(INCOMING)}/{file.revision}/part-{number:05}.ndjson"


def result(file: FileRef, reached: Progress, *, complete: bool) -> bytes:
    """`complete` says that all lines were read; `lines` and `bytes` are what was, blank and rejected lines included."""
    return _json(
        {
            "file": file.key,
            "etag": file.etag,
            "version": file.version,
            "complete": complete,
            "accepted": reached.accepted,
            "rejected": reached.rejected,
            "lines": reached.line,
            "bytes": reached.offset,
            "reject_files": [reject_key(file, n + 1) for n in range(reached.reject_files)],
        }
    )


def rejection(line: Line, problems: Sequence[Problem]) -> bytes:
    """One line of a reject file. The problems of a plain record are named as its columns are."""
    named = [
        {"field": _cut(p.field.removeprefix("data.")), "message": _cut(p.message)} for p in problems[:_MAX_PROBLEMS]
    ]
    told = {
        "line": line.number,
        "reason": _cut("; ".join(f"{p['field']}: {p['message']}" for p in named)),
        "problems": named,
        "record": line.text[:KEPT_BYTES].decode(errors="replace"),
    }
    return _json(told) + b"\n"


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")
