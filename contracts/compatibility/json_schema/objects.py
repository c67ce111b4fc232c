"""Objects: which properties may, must and must not be there, and what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from jsonschema_rs import CanonicalSchema, canonical

from contracts.compatibility.json_schema import algebra
from contracts.compatibility.json_schema.automaton import Undecided, example
from contracts.compatibility.json_schema.numbers import Bound
from contracts.compatibility.json_schema.views import Branch, Objects, branches
from contracts.compatibility.json_schema.words import described, quoted, uncertain, under, unproven
from contracts.compatibility.verdict import Finding

#: Compares the schemas of one place in the document: (writer, reader, path).
Descend = Callable[[CanonicalSchema, CanonicalSchema, str], list[Finding]]

_ANYTHING: Final = algebra.schema(value=True)
_NOTHING: Final = algebra.schema(value=False)
_ANY_NAME: Final = algebra.schema({"type": "string"})
_MOST = Bound(keyword="MAX_PROPERTIES", named="number of properties", is_upper=True)
_LEAST = Bound(keyword="MIN_PROPERTIES", named="number of properties", is_upper=False)


@dataclass(frozen=True, slots=True)
class Content:
    """What one schema of objects says of each property."""

    view: Objects

    @property
    def name_kinds(self) -> tuple[Branch, ...]:
        """The names there may be, counted out or described."""
        return branches(self.view.property_names or _ANY_NAME)

    @property
    def allowed_names(self) -> frozenset[str] | None:
        """The only names there may be; None where they cannot be counted."""
        return self._counted if all(kind.values is not None for kind in self.name_kinds) else None

    @property
    def _counted(self) -> frozenset[str]:
        return frozenset(str(value) for kind in self.name_kinds for value in kind.values or ())

    @property
    def mentioned(self) -> frozenset[str]:
        return frozenset((*self.view.properties, *self.view.required)) | self._counted

    def allows(self, name: str) -> bool:
        return self.view.property_names is None or algebra.covers(self.view.property_names, algebra.const(name))

    def covers_by_pattern(self, name: str) -> bool:
        return any(matches(pattern, name) for pattern in self.view.pattern_properties)

    def of(self, name: str) -> CanonicalSchema | None:
        """What the property holds; None where that has no canonical form."""
        if not self.allows(name):
            return _NOTHING
        own = self.view.properties.get(name)
        by_pattern = [schema for pattern, schema in self.view.pattern_properties.items() if matches(pattern, name)]
        parts = [*([own] if own else []), *by_pattern]
        return algebra.intersection(parts or [self.rest])

    @property
    def rest(self) -> CanonicalSchema:
        return self.view.additional_properties or _ANYTHING

    @property
    def least(self) -> int:
        return max(self.view.min_properties or 0, len(self.view.required))

    @property
    def most(self) -> int | None:
        known = (self.view.max_properties, len(self.allowed_names) if self.allowed_names is not None else None)
        return min((bound for bound in known if bound is not None), default=None)


@lru_cache(maxsize=1024)
def matches(pattern: str, name: str) -> bool:
    return algebra.covers(algebra.schema({"type": "string", "pattern": pattern}), algebra.const(name))


def objects(
    writer: Objects, reader: Objects, *, path: str, whole: CanonicalSchema, descend: Descend
) -> Iterator[Finding]:
    old, new = Content(writer), Content(reader)
    yield from _required(old, new, path=path)
    for name, found in _named(old, new, path=path, descend=descend):
        present = algebra.schema({"type": "object", "required": [name]})
        yield from found if not found or algebra.is_possible(whole, present) else uncertain(found)
    if old.allowed_names is None:
        yield from _names(old, new, path=path, descend=descend)
        yield from _others(old, new, path=path, descend=descend)
    yield from _LEAST.findings(old.least or None, reader.min_properties, path=path)
    yield from _MOST.findings(old.most, reader.max_properties, path=path)
    if reader.violations:
        yield unproven(path, "NOT_TYPE_EXTENDED", "asks that some property does not fit a schema")


def _required(old: Content, new: Content, *, path: str) -> Iterator[Finding]:
    for name in new.view.required:
        if name in old.view.required:
            continue
        if name in old.mentioned:
            change = f"requires `{name}`, which the writer may leave out"
            yield Finding(path=under(path, name), rule="REQUIRED_ATTRIBUTE_ADDED", change=change)
        else:
            change = f"requires `{name}`, which the writer does not name"
            yield Finding(path=under(path, name), rule="REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", change=change)


def _named(old: Content, new: Content, *, path: str, descend: Descend) -> Iterator[tuple[str, list[Finding]]]:
    for name in sorted(old.mentioned | new.mentioned):
        writes, reads = old.of(name), new.of(name)
        at = under(path, name)
        if writes is None or reads is None:
            change = f"says of `{name}` what cannot be compared"
            yield name, [unproven(at, "COMBINED_TYPE_CHANGED", change)]
        elif not algebra.is_empty(writes):
            yield name, list(_property(old, new, name, at=at, found=descend(writes, reads, at)))


def _property(old: Content, new: Content, name: str, *, at: str, found: list[Finding]) -> Iterator[Finding]:
    rule, change = _content_rule(old, new, name)
    if found and rule:
        yield Finding(path=at, rule=rule, change=change, certain=any(finding.certain for finding in found))
    else:
        yield from found


def _content_rule(old: Content, new: Content, name: str) -> tuple[str, str]:
    """Where only one of them names the property; empty where both do."""
    writes = old.of(name)
    if not new.allows(name) and old.allowed_names is None and name not in old.mentioned:
        return "", ""  # told once, of all names
    if not new.allows(name):
        return "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", f"takes no `{name}`, which the writer may write"
    if name not in old.mentioned and name in new.view.properties and not old.covers_by_pattern(name):
        rest = described(writes) if writes else "something else"
        if old.view.additional_properties is None:
            rule = "PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"
        else:
            rule = "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"
        return rule, f"takes only {described(new.view.properties[name])} as `{name}`, where the writer may write {rest}"
    if name in old.view.properties and name not in new.mentioned and new.view.additional_properties is not None:
        rule = "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"
        return rule, f"does not name `{name}`, and takes only {described(new.rest)} as what it does not name"
    return "", ""


def _names(old: Content, new: Content, *, path: str, descend: Descend) -> Iterator[Finding]:
    """Names that the writer may invent."""
    writes, reads = old.view.property_names or _ANY_NAME, new.view.property_names
    if reads is None or algebra.covers(reads, writes):
        return
    if new.allowed_names is not None:
        change = (
            f"takes no properties beyond {quoted(sorted(new.allowed_names))}" if new.allowed_names else "takes none"
        )
        yield Finding(path=path, rule="ADDITIONAL_PROPERTIES_REMOVED", change=change)
        return
    found = descend(writes, reads, path)
    if found:
        certain = any(finding.certain for finding in found)
        change = f"takes fewer names of properties: {found[0].change}"
        yield Finding(path=path, rule="PROPERTY_NAMES_NARROWED", change=change, certain=certain)


def _others(old: Content, new: Content, *, path: str, descend: Descend) -> Iterator[Finding]:
    """What the properties hold whose names the writer may invent, by the pattern that matches them."""
    at = f"{path}{{}}"
    for source, writes in _sources(old):
        for target, reads in _sources(new):
            if reads != _ANYTHING and _may_meet(old, new, source, target):
                yield from _narrowed(descend(writes, reads, at), at, source=source, target=target)


def _narrowed(found: list[Finding], at: str, *, source: str | None, target: str | None) -> Iterator[Finding]:
    if source == target:
        yield from found
    elif found:
        named = f"what matches {target}" if target is not None else "what it does not name"
        rule = "ADDITIONAL_PROPERTIES_NARROWED" if target is None else "PATTERN_PROPERTIES_NARROWED"
        certain = source is None and target is not None and any(finding.certain for finding in found)
        yield Finding(path=at, rule=rule, change=f"narrows {named}: {found[0].change}", certain=certain)


def _sources(content: Content) -> list[tuple[str | None, CanonicalSchema]]:
    """(pattern, schema) of the properties that are not named; None is the pattern of those that match none."""
    return [*content.view.pattern_properties.items(), (None, content.rest)]


def _may_meet(old: Content, new: Content, source: str | None, target: str | None) -> bool:
    """Some name is not named, and falls under both."""
    matching = [pattern for pattern in (source, target) if pattern is not None]
    excluding = [*(old.view.pattern_properties if source is None else ())]
    excluding += [*(new.view.pattern_properties if target is None else ())]
    kinds = [kind for kind in old.name_kinds if kind.values is None]
    return any(_is_name(kind.view, matching, excluding) for kind in kinds)


def _is_name(kind: object, matching: list[str], excluding: list[str]) -> bool:
    """Some name of this kind matches all of the one and none of the other; True where that is not known."""
    if isinstance(kind, canonical.StringView):
        matching, excluding = [*matching, *kind.patterns], [*excluding, *kind.excluded_patterns]
    try:
        return example(tuple(dict.fromkeys(matching)), excluding=tuple(dict.fromkeys(excluding))) is not None
    except Undecided:
        return not set(matching) & set(excluding)
