"""Avro's grammar of names: letters, digits and underscores, and no digit first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def fitted(name: str) -> str:
    """`name` as Avro can spell it: other characters become underscores."""
    spelled = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return spelled if NAME.fullmatch(spelled) else f"_{spelled}"


def fitted_namespace(dotted: str) -> str:
    return ".".join(fitted(part) for part in dotted.split("."))


def are_distinct(names: Iterable[str]) -> bool:
    spelled = list(names)
    return len(set(spelled)) == len(spelled)
