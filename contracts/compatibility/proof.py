"""Proof by instances: a document that the writer writes and the reader refuses, or none found.

    python -m contracts.compatibility.proof --evolutions 10000 --seed 1

holds the rules against instances over random evolutions of random schemas.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.compatibility.evolutions import evolution
from contracts.compatibility.json_schema import Policy, TooEntangled, findings, writes
from contracts.compatibility.json_schema.instances import documents
from contracts.compatibility.json_schema.search import differences
from contracts.compatibility.verdict import Schema

__all__: Final = ["counterexample", "counterexamples", "documents", "tally"]

_TRIES: Final = 32
_SEEDS_APART: Final = 1_000_000


def counterexample(*, writer: Schema, reader: Schema, policy: Policy, seed: int, tries: int) -> Any:
    """A document that `writer` writes and `reader` refuses; None where none is found.

    The same one for the same seed. A document that is null is not told apart from none: see `counterexamples`.
    """
    return next(counterexamples(writer=writer, reader=reader, policy=policy, seed=seed, tries=tries), None)


def counterexamples(*, writer: Schema, reader: Schema, policy: Policy, seed: int, tries: int) -> Iterator[Any]:
    return differences(writes(writer, policy), reader, seed=seed, tries=tries)


@dataclass(slots=True)
class Tally:
    """What the rules say of random evolutions, in both directions, beside what instances show."""

    proven: int = 0
    broken: int = 0  # certain, with a counterexample
    uncertain: int = 0
    incomparable: int = 0  # what is uncertain because a schema is too entangled
    missed: list[str] = field(default_factory=list)  # the rules find nothing, and there is a counterexample
    unexplained: list[str] = field(default_factory=list)  # certain, and none is found

    def add(self, writer: Schema, reader: Schema, policy: Policy, *, seed: int) -> None:
        try:
            found = findings(writer=writer, reader=reader, policy=policy)
            breaks = any(
                True for _ in counterexamples(writer=writer, reader=reader, policy=policy, seed=seed, tries=_TRIES)
            )
        except TooEntangled:
            self.incomparable += 1
            return
        certain = any(finding.certain for finding in found)
        if breaks and not found:
            self.missed.append(f"seed {seed} {policy}")
        elif certain and not breaks:
            self.unexplained.append(f"seed {seed} {policy}: {found[0].rule} {found[0].change}")
        self.proven += not found
        self.broken += certain and breaks
        self.uncertain += bool(found) and not certain

    @property
    def is_sound(self) -> bool:
        return not self.missed

    def __str__(self) -> str:
        lines = [
            f"fits, and no counterexample     {self.proven - len(self.missed):>7}",
            f"breaks, with a counterexample   {self.broken:>7}",
            f"not known, and so refused       {self.uncertain:>7}",
            f"not comparable, and so refused  {self.incomparable:>7}",
            f"said to break, none found       {len(self.unexplained):>7}",
            f"said to fit, but breaks         {len(self.missed):>7}",
        ]
        return "\n".join((*lines, *self.unexplained, *self.missed))


def tally(*, evolutions: int, seed: int) -> Tally:
    """Holds the rules against instances over this many random evolutions, each in both directions."""
    result = Tally()
    for number in range(seed * _SEEDS_APART, seed * _SEEDS_APART + evolutions):
        step = evolution(number)
        policy = Policy.STRICT if number % 4 == 0 else Policy.LENIENT
        result.add(step.old, step.new, policy, seed=number)
        result.add(step.new, step.old, policy, seed=number)
    return result


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m contracts.compatibility.proof",
        description="Holds the JSON Schema rules against instances, over random evolutions in both directions.",
        epilog="example: python -m contracts.compatibility.proof --evolutions 10000 --seed 1",
    )
    parser.add_argument("--evolutions", type=int, default=1_000, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="other evolutions for another seed (default: %(default)s)")
    asked = parser.parse_args(arguments)
    result = tally(evolutions=asked.evolutions, seed=asked.seed)
    sys.stdout.write(f"{asked.evolutions} evolutions, both directions\n{result}\n")
    return 0 if result.is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
