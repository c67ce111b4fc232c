"""Who really reads what: inferred from the services' code, templates and rules; nothing is declared by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from contracts.company import SERVICES
from contracts.readers.cache import CACHE, remembered
from contracts.readers.hurt import hurt_by
from contracts.readers.reading import ROOT, Facts, How, Reading
from contracts.readers.rules import matches
from runtime.manifest import Service

__all__ = ["Facts", "How", "Reading", "facts", "hurt_by", "readings"]


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
