"""The schema languages that a contract is written in, and what each has to say of two of its schemas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from contracts.compatibility.verdict import Finding, Schema
from events.catalog import Payload


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
