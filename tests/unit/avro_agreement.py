"""Do the rules and fastavro agree on random evolutions? `python -m tests.unit.avro_agreement 10000`

Each evolution is judged both ways. What fastavro does otherwise is in KNOWN, one by one, each with the smallest schemas
that show it. There the specification stands.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from contracts.compatibility.avro import findings
from contracts.compatibility.avro_parser import parsed
from contracts.compatibility.avro_proof import Counterexample, counterexample
from contracts.compatibility.avro_types import Named, types_in, unqualified
from contracts.compatibility.verdict import Finding
from tests.unit.avro_evolutions import evolutions
from tests.unit.avro_table import enum, field, fixed, logical, record

TRIES = 30


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One direction of one evolution, as the rules and fastavro see it."""

    writer: Any
    reader: Any
    findings: list[Finding]
    found: Counterexample | None

    @property
    def agrees(self) -> bool:
        return (not self.findings) == (self.found is None)


def reading(*, writer: Any, reader: Any) -> Reading:
    return Reading(
        writer=writer,
        reader=reader,
        findings=findings(writer=writer, reader=reader),
        found=counterexample(writer=writer, reader=reader, tries=TRIES),
    )


@dataclass(frozen=True, kw_only=True)
class Known:
    """`reads` and `refuses` is what fastavro does where the rules say the opposite."""

    why: str
    fastavro: Literal["reads", "refuses"]
    writer: Any
    reader: Any


_R = record("R", field("a"))

KNOWN: dict[str, Known] = {
    "logical types": Known(
        why="Avro resolves the types below and lets the meaning change; the rule is ours. Decimals of other digits do "
        "not match by the specification, but fastavro takes the writer's digits.",
        fastavro="reads",
        writer=logical("long", "timestamp-millis"),
        reader=logical("long", "timestamp-micros"),
    ),
    "ambiguous aliases": Known(
        why="Of two writer's fields for one reader's, fastavro takes the one that comes last before the reader's own "
        "name, and fails with a KeyError if that comes first. The specification does not say; the rule is ours.",
        fastavro="reads",
        writer=record("R", field("a"), field("b")),
        reader=record("R", field("b", aliases=["a"])),
    ),
    "kinds of named types, read": Known(
        why="fastavro compares the names of two named types, not their kinds, and takes a fixed's bytes for a symbol.",
        fastavro="reads",
        writer=fixed("N", 1),
        reader=enum("N", "A"),
    ),
    "kinds of named types, refused": Known(
        why="For the same reason it takes a union's record for the enum of that name that comes later.",
        fastavro="refuses",
        writer=enum("x.N", "A"),
        reader=[record("y.N"), enum("x.N", "A")],
    ),
    "namespaces of aliases": Known(
        why="An alias without a namespace is one in the namespace of its type. fastavro takes it for any namespace.",
        fastavro="reads",
        writer=record("x.R", field("a")),
        reader=record("y.S", field("a"), aliases=["R"]),
    ),
    "bytes that are no text": Known(
        why="Bytes may be promoted to a string. fastavro decodes them as strict UTF-8, which not all bytes are; "
        "the specification says nothing of the others.",
        fastavro="refuses",
        writer="bytes",
        reader="string",
    ),
    "a reference read by a definition in a union": Known(
        why="The writer's second mention of a type is a name, the reader's first a definition, inside a union: "
        "fastavro looks the definition up as if it were a name: TypeError.",
        fastavro="refuses",
        writer=record("T", field("x", _R), field("y", "R")),
        reader=record("T", field("y", ["null", _R])),
    ),
}


def explanation(read: Reading) -> str | None:
    """The name in KNOWN of why the two disagree. Each finding that fastavro lets pass must have its reason."""
    if read.found is not None:
        return _of_error(read, read.found.error)
    reasons = [_of_finding(read, finding) for finding in read.findings]
    return None if None in reasons else reasons[-1]


def _of_error(read: Reading, error: Exception) -> str | None:
    match error:
        case UnicodeDecodeError():
            return "bytes that are no text"
        case TypeError() if "unhashable type: 'dict'" in str(error):
            return "a reference read by a definition in a union"
        case KeyError(args=("symbols" | "fields" | "size",)) if _twins(read, lambda w, r: type(w) is not type(r)):
            return "kinds of named types, refused"
    return None


def _of_finding(read: Reading, finding: Finding) -> str | None:
    match finding.rule:
        case "LOGICAL_TYPE_MISMATCH":
            return "logical types"
        case "AMBIGUOUS_ALIAS":
            return "ambiguous aliases"
        case "NAME_MISMATCH" | "MISSING_UNION_BRANCH" if _twins(read, _is_alias_elsewhere):
            return "namespaces of aliases"
        case "TYPE_MISMATCH" | "MISSING_UNION_BRANCH" if re.search(r" (fixed `|an array|a map)", finding.change):
            return "kinds of named types, read" if _twins(read, lambda w, r: type(w) is not type(r)) else None
    return None


def _twins(read: Reading, differ: Callable[[Named, Named], bool]) -> bool:
    """Whether a named type of the writer's has the name or an alias of one of the reader's, and they `differ`."""
    return any(
        unqualified(w.name) in {unqualified(name) for name in (r.name, *r.aliases)} and differ(w, r)
        for w in _named(read.writer)
        for r in _named(read.reader)
    )


def _is_alias_elsewhere(writer: Named, reader: Named) -> bool:
    return writer.unqualified in map(unqualified, reader.aliases) and writer.name not in reader.aliases


def _named(schema: Any) -> Iterator[Named]:
    return (type_ for type_ in types_in(parsed(schema)) if isinstance(type_, Named))


def survey(*, seed: int, count: int) -> tuple[Counter[str], list[Reading]]:
    """How the readings of `count` evolutions went, and those that nothing explains."""
    tally: Counter[str] = Counter()
    unexplained = []
    for evolution in islice(evolutions(seed), count):
        for writer, reader in ((evolution.old, evolution.new), (evolution.new, evolution.old)):
            read = reading(writer=writer, reader=reader)
            reason = None if read.agrees else explanation(read)
            if read.agrees:
                tally["agree: fits" if read.found is None else "agree: does not fit"] += 1
            elif reason is None:
                unexplained.append(read)
            else:
                tally[f"known: {reason}"] += 1
    return tally, unexplained


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.unit.avro_agreement", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=10_000, help="evolutions, each read both ways")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    tally, unexplained = survey(seed=asked.seed, count=asked.count)
    for what, readings in sorted(tally.items()):
        print(f"{readings:7}  {what}")  # noqa: T201 - a command line prints
    print(f"{len(unexplained):7}  unexplained")  # noqa: T201
    for read in unexplained[:10]:
        print(f"writer {json.dumps(read.writer)}\nreader {json.dumps(read.reader)}\n  {read.findings} {read.found}")  # noqa: T201
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
