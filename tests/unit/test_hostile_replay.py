"""Fuzzing's seeds, and every input that once found something, hold what the targets promise."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.mutation import mutated
from tests.fuzz.replay import files_of
from tests.fuzz.targets import TARGETS
from tests.unit.memory_builders import dice

FINDINGS = [(target, path) for target in TARGETS for path in files_of(target)]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_holds_for_its_seeds(target: str) -> None:
    for data in TARGETS[target].seeds():
        TARGETS[target].run(data)


@pytest.mark.parametrize(("target", "path"), FINDINGS, ids=lambda part: getattr(part, "name", part))
def test_what_was_found_once_holds_now(target: str, path: Path) -> None:
    TARGETS[target].run(path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_holds_for_mutations_of_its_seeds(target: str) -> None:
    fixed = dice(1)
    for data in TARGETS[target].seeds():
        TARGETS[target].run(mutated(data, fixed) or b"")
