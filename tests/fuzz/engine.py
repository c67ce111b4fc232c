"""One target under libFuzzer: `python -m tests.fuzz.engine TARGET [libFuzzer's arguments]`. Does not return."""

from __future__ import annotations

import logging
import sys
from random import Random

import atheris

with atheris.instrument_imports(include=["events", "runtime", "functions"]):
    from tests.fuzz.mutation import mutated
    from tests.fuzz.targets import TARGETS


def _mutated(data: bytes, max_size: int, seed: int) -> bytes:
    """Half of the time by libFuzzer, which knows bytes, and half of the time by us, who know JSON."""
    dice = Random(seed)  # noqa: S311 - libFuzzer's own seed
    changed = mutated(data, dice) if dice.random() < 0.5 else None
    return atheris.Mutate(data, max_size) if changed is None else changed[:max_size]


def main(target: str, *options: str) -> None:
    logging.disable()
    atheris.Setup(["fuzz", *options], TARGETS[target].run, custom_mutator=_mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
