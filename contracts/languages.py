"""The schema languages that a contract is written in, and what each has to say of two of its schemas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from contracts.avro import avro_of
from contracts.compatibility import avro, avro_proof, json_schema, proof
from contracts.compatibility.json_schema import Policy
from contracts.compatibility.verdict import Finding, Schema
from contracts.json_schema import schema_of
from events.catalog import Payload

#: The proof is the same in every run: what one person sees, everybody sees.
_SEED: Final = 1
_TRIES: Final = 200


class Findings(Protocol):
    def __call__(self, *, writer: Schema, reader: Schema) -> list[Finding]: ...


class Counterexample(Protocol):
    def __call__(self, *, writer: Schema, reader: Schema) -> Any | None:
        """A document that the writer's schema writes and the reader's cannot read; None when none was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """`findings` are its rules' and prove that all is well; `counterexample` is found by trying, and proves a break."""

    name: Literal["json_schema", "avro"]
    schema_of: Callable[[type[Payload]], Schema]
    findings: Findings
    counterexample: Counterexample


def _document(*, writer: Schema, reader: Schema) -> Any | None:
    return proof.counterexample(writer=writer, reader=reader, policy=Policy.LENIENT, seed=_SEED, tries=_TRIES)


def _datum(*, writer: Schema, reader: Schema) -> Any | None:
    found = avro_proof.counterexample(writer=writer, reader=reader, seed=_SEED, tries=_TRIES)
    return None if found is None else found.datum


#: The first is the wire's own: the others tell only what it does not know.
LANGUAGES: Final = (
    Language(
        name="json_schema",
        schema_of=schema_of,
        findings=json_schema.findings,
        counterexample=_document,
    ),
    Language(name="avro", schema_of=avro_of, findings=avro.findings, counterexample=_datum),
)
