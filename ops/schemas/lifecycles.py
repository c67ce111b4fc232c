"""The versions of the catalog held to the rules of a version's life (contracts.lifecycle), by this project's facts."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Final

from contracts.company import SERVICES, producers_of
from contracts.lifecycle import LifecycleProblem, Users, problems
from events.catalog import CATALOG, NEWEST
from infra.components.relations import Retention
from infra.config import STAGES
from ops import derived

_CODE: Final = derived.ROOT / "functions"


def lifecycle_problems(*, today: date) -> list[LifecycleProblem]:
    return problems(CATALOG, today=today, longest_way=_longest_way(), emitters=_emitters(), readers=naming(_CODE))


def _longest_way() -> float:
    """Of the stage that keeps events longest, in days."""
    consumers = [consumer for service in SERVICES for consumer in service.consumers]
    return max(Retention.of(stage, consumers).longest_way for stage in STAGES.values())


def _emitters() -> Users:
    """Who sends a type sends its newest version; older ones go along with it by themselves."""
    return {(t, model.version): [s.name for s in producers_of(t)] for t, model in NEWEST.items()}


def naming(folder: Path) -> Users:
    """The files in which a version's model is named: to read it, or to send it."""
    words = {file: set(re.findall(r"\w+", file.read_text(encoding="utf-8"))) for file in folder.rglob("*.py")}
    return {
        key: [derived.name(file) for file, found in words.items() if model.__name__ in found]
        for key, model in CATALOG.items()
    }
