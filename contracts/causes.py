"""Many findings, few causes: one verdict for each field that was changed, whoever found it and however often."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from contracts.changes import Change, change_at, renames
from contracts.comparison import Comparison
from contracts.compatibility.verdict import Direction, Finding
from contracts.fields import Field, fields_of
from contracts.json_schema import schema_of
from contracts.releases import Release
from contracts.verdicts import HurtBy, Verdict, data_of, named, new_version, old_data, old_readers
from events.catalog import Payload

Fields = Mapping[str, Field]
Seen = tuple[Comparison, Finding]


def causes(
    model: type[Payload], history: Sequence[Release], pairs: Sequence[Comparison], hurt_by: HurtBy
) -> Iterator[Verdict]:
    """A verdict for each field at which the rules found something, and for each that went and is still read."""
    today = fields_of(schema_of(model))
    seen = _by_path(pairs, today)
    for path, there in seen.items():
        yield _verdict(_Cause(model=model, path=path, seen=there, today=today), hurt_by)
    if pairs:
        yield from _still_read(model, history[-1], today, hurt_by, told=set(seen))


def _by_path(pairs: Sequence[Comparison], today: Fields) -> dict[str, list[Seen]]:
    """A field and what looks like its new name are one cause, told at the old name."""
    found: dict[str, list[Seen]] = defaultdict(list)
    for pair in pairs:
        if pair.findings:
            heirs = {b: a for a, b in renames(fields_of(pair.release.json_schema), today).items()}
            for finding in pair.findings:
                found[heirs.get(finding.path, finding.path)].append((pair, finding))
    return found


@dataclass(frozen=True, kw_only=True)
class _Cause:
    model: type[Payload]
    path: str
    seen: Sequence[Seen]
    today: Fields

    @cached_property
    def releases(self) -> list[Release]:
        """Oldest first."""
        unique = {pair.release.revision: pair.release for pair, _ in self.seen}
        return [unique[revision] for revision in sorted(unique)]

    @property
    def directions(self) -> tuple[Direction, ...]:
        return tuple(sorted({pair.direction for pair, _ in self.seen}))

    @property
    def found(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(f"{pair.language.name}: {finding.rule}" for pair, finding in self.seen))

    @property
    def change(self) -> Change:
        """What became of the field since the newest release that it does not fit."""
        before = fields_of(self.releases[-1].json_schema)
        return change_at(self.path, before, self.today) or self._as_found

    @property
    def _as_found(self) -> Change:
        pair, finding = self.seen[0]
        reader = "today's" if pair.direction == "backward" else "the released"
        words = f"{reader} {pair.language.name} {finding.change}"
        return Change(rule=finding.rule, words=words, advice="undo it")


def _verdict(cause: _Cause, hurt_by: HurtBy) -> Verdict:
    change, model = cause.change, cause.model
    return Verdict(
        type=model.type,
        version=model.version,
        path=data_of(cause.path),
        rule=change.rule,
        change=change.words,
        directions=cause.directions,
        hurts="; and ".join(_hurts(cause, hurt_by)),
        advice=f"{change.advice}, or {new_version(model.type)}",
        releases=tuple(release.revision for release in cause.releases),
        release=named(cause.releases),
        found=cause.found,
    )


def _hurts(cause: _Cause, hurt_by: HurtBy) -> Iterator[str]:
    if "forward" in cause.directions:
        yield old_readers(cause.model, hurt_by(cause.model.type, cause.model.version, cause.path))
    if "backward" in cause.directions:
        yield old_data(cause.model)


def _still_read(
    model: type[Payload], last: Release, today: Fields, hurt_by: HurtBy, *, told: set[str]
) -> Iterator[Verdict]:
    """An optional field may go, as far as schemas can tell; but not while our own code or rules still name it."""
    before = fields_of(last.json_schema)
    for path in _gone(before, today, told):
        change = change_at(path, before, today)
        if change and (readers := hurt_by(model.type, model.version, path, by_name=True)):
            yield Verdict(
                type=model.type,
                version=model.version,
                path=data_of(path),
                rule="REMOVED_FIELD_IN_USE",
                change=change.words,
                directions=("forward",),
                hurts=f"what still uses it: {readers}",
                advice=f"{change.advice}, or first take it out of what uses it",
                releases=(last.revision,),
                release=str(last),
            )


def _gone(before: Fields, today: Fields, told: set[str]) -> list[str]:
    """The outermost fields that went: what was inside them goes without saying."""
    gone = [path for path in before if path not in today]
    return [
        path
        for path in gone
        if path not in told and not any(path.startswith((f"{p}.", f"{p}[", f"{p}{{")) for p in gone)
    ]
