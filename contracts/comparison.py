"""One version of one type beside its releases: which pairs of schemas must fit, and whether they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from contracts.compatibility.verdict import Direction, Finding, Mode, Schema
from contracts.languages import Language
from contracts.releases import Release
from events.catalog import Payload


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Can `reader` read all that `writer` writes? One of the two is a release's schema, the other is today's."""

    language: Language
    direction: Direction
    release: Release
    writer: Schema
    reader: Schema

    @cached_property
    def findings(self) -> list[Finding]:
        return self.language.findings(writer=self.writer, reader=self.reader)

    @cached_property
    def counterexample(self) -> Any | None:
        """The proof beside the rules, which knows nothing of them."""
        return self.language.counterexample(writer=self.writer, reader=self.reader)

    @property
    def is_missed(self) -> bool:
        """The rules find nothing, and a document is refused all the same: they are wrong."""
        return not self.findings and self.counterexample is not None

    @property
    def is_unwitnessed(self) -> bool:
        """The rules are certain, and no document was found that is refused."""
        return any(finding.certain for finding in self.findings) and self.counterexample is None

    def __str__(self) -> str:
        return f"{self.language.name}, {self.direction}, {self.release}"


def comparisons(
    model: type[Payload], history: Sequence[Release], languages: Sequence[Language]
) -> Iterator[Comparison]:
    """Every pair that the mode asks for and that is not the same schema twice."""
    for language in languages:
        today = language.schema_of(model)
        for release, direction in _asked_for(model.compatibility, history):
            then = getattr(release, language.name)
            if then != today:
                writer, reader = (then, today) if direction == "backward" else (today, then)
                yield Comparison(language=language, direction=direction, release=release, writer=writer, reader=reader)


def is_weaker(mode: Mode, than: Mode) -> bool:
    """`mode` does not ask for all that the other asks for."""
    lost = set(than.directions) - set(mode.directions)
    return bool(lost) or (than.is_transitive and not mode.is_transitive)


def _asked_for(mode: Mode, history: Sequence[Release]) -> list[tuple[Release, Direction]]:
    """A mode that is weaker than the released one counts once it is released: until then, both are asked for."""
    pairs = [
        (release, direction)
        for each in (mode, history[-1].compatibility)
        for release in (history if each.is_transitive else history[-1:])
        for direction in each.directions
    ]
    return [pair for number, pair in enumerate(pairs) if pair not in pairs[:number]]
