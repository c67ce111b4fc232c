"""Who really reads what: inferred from the services' code, templates and rules; nothing is declared by hand.

    program      the code as mypy sees it, and what each entry point reaches
    models       the catalog's classes: where in which payload their objects are
    flow         where events, payloads and their JSON go; filled by binding
    uses         every use of them, with its place; templates and rules have theirs
    inference    a consumer's readings: the uses that its entry point reaches, of the types that its rules pick

In doubt a use counts: what is handed to somebody else's code is passed on whole, and an attribute of a value without
a type may be a field of that name. Not seen is what mypy takes to be unreachable, `exec` and the like, and what the
contract's and the runtime's own code does with JSON. An HTTP API is no consumer: its events go on to one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from contracts.company import SERVICES
from contracts.readers.cache import CACHE, remembered
from contracts.readers.hurt import hurt_by
from contracts.readers.reading import ROOT, Facts, How, Reading, UnreadableSource
from contracts.readers.rules import matches
from runtime.manifest import Service

__all__ = ["Facts", "How", "Reading", "UnreadableSource", "facts", "hurt_by", "readings"]


def readings(
    services: Sequence[Service] = SERVICES, root: Path = ROOT, *, cache: Path | None = CACHE
) -> tuple[Reading, ...]:
    """Every part of a payload that a consumer depends on, with the place in the code, a template or a manifest.

    Raises UnreadableSource for code that does not parse. What was inferred is remembered in `cache` for as long as
    the code stays the same.
    """
    return tuple(sorted({*facts(services, root, cache=cache).readings, *matches(services, root)}))


def facts(services: Sequence[Service] = SERVICES, root: Path = ROOT, *, cache: Path | None = CACHE) -> Facts:
    """What the code alone says. See readings."""
    return remembered(services, root, cache)
