"""What is done to generated packages, in whatever language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from typer.testing import CliRunner

from contracts.samples import KINDS, as_event, samples
from contracts.shapes import contracts
from events.catalog import CATALOG
from ops.__main__ import app


class Judged(NamedTuple):
    """An event, and the field that a reader has to name; "" for one that it has to accept."""

    event: dict[str, Any]
    field: str
    why: str


def generated(lang: str, out: Path, *options: str) -> Path:
    result = CliRunner().invoke(app, ["schemas", "generate", "--lang", lang, "--out", str(out), *options])
    assert result.exit_code == 0, result.output
    return out


def every_sample() -> Iterator[Judged]:
    """Of every type, version and kind, but for what a JSON Schema cannot say: which currencies there are."""
    for contract in contracts():
        for kind in KINDS:
            for index, sample in enumerate(samples(contract, kind)):
                if "currency of ISO 4217" not in sample.why:
                    event = as_event(contract, sample, seed=0, index=index)
                    yield Judged(event, sample.field if kind == "invalid" else "", sample.why)


def as_lines(judged: list[Judged]) -> str:
    """ASCII, one event a line."""
    return "".join(f"{json.dumps(each.event)}\n" for each in judged)


def code_blocks(readme: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", readme.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def names_of_all_types() -> set[str]:
    return {f"{''.join(w.capitalize() for w in re.split('[._]', type_))}V{version}" for type_, version in CATALOG}
