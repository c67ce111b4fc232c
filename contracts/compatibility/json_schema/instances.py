"""Documents of a schema, made by a seed: at its bounds and beside them, each branch, each optional property or none.

They aim at what tells schemas apart rather than at what is likely. A validator keeps the aim honest: only documents
that it finds valid are given out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any, Final

import jsonschema_rs
from jsonschema_rs import CanonicalSchema, canonical

from contracts.compatibility.json_schema import algebra
from contracts.compatibility.json_schema.automaton import Undecided, example
from contracts.compatibility.json_schema.neighbours import number_of
from contracts.compatibility.json_schema.views import Arrays, Branch, Objects, Strings, branches
from contracts.compatibility.verdict import Schema

Validity = Callable[[Any], bool]

_MOST_DEPTH: Final = 6
_MOST_ELEMENTS: Final = 40
_MOST_LENGTH: Final = 3_000
_MOST_OF_PATTERN: Final = 12
_MOST_STEPS: Final = 500
_TRIES_A_DOCUMENT: Final = 6
_LETTERS: Final = "abcxyzABC019_-. é"
_NAMES: Final = ("other", "x-other", "a", "b", "c", "1")
_OF_FORMAT: Final = {
    "date": ("2026-05-20", "1999-12-31"),
    "date-time": ("2026-05-20T14:30:00Z", "1999-12-31T23:59:59.5+02:00"),
    "duration": ("P1D", "PT5M"),
    "email": ("ada@example.com", "bob@example.com", "x-d@abc.example"),
    "hostname": ("example.com", "a"),
    "idn-email": ("ada@example.com",),
    "idn-hostname": ("example.com",),
    "ipv4": ("192.0.2.1", "10.0.0.255"),
    "ipv6": ("2001:db8::1",),
    "iri": ("https://example.com/a",),
    "iri-reference": ("/a",),
    "json-pointer": ("/a/b", ""),
    "regex": ("^a$",),
    "relative-json-pointer": ("1/a",),
    "time": ("14:30:00Z", "23:59:59.5+02:00"),
    "uri": ("https://example.com/a", "urn:a:b"),
    "uri-reference": ("/a", "https://example.com/a"),
    "uri-template": ("/a/{b}",),
    "uuid": ("0190b2a4-7c1e-7000-8000-000000000001", "00000000-0000-4000-8000-000000000000"),
}


class Nothing(Exception):
    """No value was found here."""


def validity(schema: Schema) -> Validity:
    """Whether a document is valid by the schema, formats that validators know included."""
    return jsonschema_rs.validator_for(schema, validate_formats=True, offline=True).is_valid


def documents(schema: Schema, *, seed: int, count: int) -> list[Any]:
    """Up to `count` different documents that are valid by the schema; fewer where it has no more, or none is found."""
    return list(made(algebra.canonical_of(algebra.checked(schema)), validity(schema), rng=Random(seed), count=count))  # noqa: S311 - repeatable


def made(schema: CanonicalSchema, is_valid: Validity, *, rng: Random, count: int) -> Iterator[Any]:
    seen: set[str] = set()
    maker = Maker(rng)
    for _ in range(count * _TRIES_A_DOCUMENT):
        try:
            document = maker.value(schema)
        except Nothing:
            continue
        text = json.dumps(document, sort_keys=True, default=float)
        if text not in seen and is_valid(document):
            seen.add(text)
            yield document
            if len(seen) == count:
                return


@dataclass(slots=True)
class Maker:
    rng: Random
    depth: int = 0

    def value(self, schema: CanonicalSchema) -> Any:
        """Raises Nothing."""
        choices = branches(schema)
        if not choices:
            raise Nothing
        if self.depth >= _MOST_DEPTH:
            choices = tuple(b for b in choices if b.type not in ("array", "object")) or choices
        if self.depth >= 2 * _MOST_DEPTH:
            raise Nothing
        self.depth += 1
        try:
            return self._of(self.rng.choice(choices))
        finally:
            self.depth -= 1

    def _of(self, branch: Branch) -> Any:
        if branch.values is not None:
            return self.rng.choice(branch.values)
        match branch.type:
            case "string":
                return self.string(branch.view)  # type: ignore[arg-type]
            case "number":
                return _found(number_of(branch.view, self.rng))  # type: ignore[arg-type]
            case "array":
                return self.array(branch.view)  # type: ignore[arg-type]
            case "object":
                return self.record(branch.view)  # type: ignore[arg-type]
            case _:
                raise Nothing

    def string(self, view: Strings) -> str:
        if view.formats:
            return self.rng.choice(_OF_FORMAT.get(view.formats[0], ("?", "", "abc")))
        least, most = view.min_length or 0, view.max_length
        lengths = [least, least, least + 1, least + self.rng.randint(0, 8), *([most, most - 1] if most else [])]
        length = max(least, min(self.rng.choice(lengths), most if most is not None else _MOST_LENGTH, _MOST_LENGTH))
        if not view.patterns and not view.excluded_patterns:
            return "".join(self.rng.choices(_LETTERS, k=length))
        patterns, excluded = tuple(view.patterns), tuple(view.excluded_patterns)
        found = _matching(patterns, excluded, length, most) if length <= least + _MOST_OF_PATTERN else None
        found = _matching(patterns, excluded, least, most) if found is None else found
        if found is None:
            raise Nothing
        return found

    def array(self, view: Arrays) -> list[Any]:
        wanted = [demand for demand in view.contains for _ in range(_least(demand))]
        least = max(view.min_items or 0, len(wanted))
        most = view.max_items if view.max_items is not None else least + 3
        lengths = (
            least,
            min(most, least + 1),
            min(most, max(least, self.rng.randint(0, 3))),
            min(most, least + 3),
            most,
        )
        length = min(self.rng.choice(lengths), _MOST_ELEMENTS) if self.depth < _MOST_DEPTH else least
        held = dict(zip(self.rng.sample(range(length), min(length, len(wanted))), wanted, strict=False))
        elements: list[Any] = []
        for position in range(max(length, view.min_items or 0)):
            elements.append(self._element(view, position, held.get(position), elements))
        return elements

    def _element(self, view: Arrays, position: int, demand: canonical.ContainsView | None, before: list[Any]) -> Any:
        tuple_ = view.prefix_items
        own = tuple_[position] if position < len(tuple_) else view.items
        schema = _all([one for one in (own, demand and demand.schema) if one is not None])
        differ = view.distinctness == canonical.Distinctness.ALL_DISTINCT
        if not differ and before and self.rng.random() < 0.3 and algebra.covers(schema, algebra.const(before[-1])):  # noqa: PLR2004
            return before[-1]
        for _ in range(8 if differ else 1):
            value = self.value(schema)
            if not differ or value not in before:
                return value
        raise Nothing

    def record(self, view: Objects) -> dict[str, Any]:
        names, spare = self._names(view)
        made: dict[str, Any] = {}
        for name in (*names, *spare):
            if name in spare and len(made) >= (view.min_properties or 0):
                break
            try:
                made[name] = self.value(_property(view, name))
            except Nothing:
                if name in view.required:
                    raise
        for violation in view.violations:
            name, schema = self._violating(view, violation)
            made[name] = self.value(schema)
        return made

    def _violating(self, view: Objects, violation: Any) -> tuple[str, CanonicalSchema]:
        """A name and a schema of the value with which an object breaks what it must break."""
        match violation:
            case canonical.PatternValueFailsView(pattern, schema):
                name = self.rng.choice(
                    [n for n in (*view.properties, *_examples(pattern)) if _matches(pattern, n)] or [""]
                )
                return name, _all([_property(view, name), _negated(schema)])
            case canonical.NameFailsView(schema):
                return self.string_of(_negated(schema)), _property(view, "")
            case canonical.UndeclaredValueFailsView(names, patterns, schema):
                free = [n for n in (*view.properties, *self._invented(view)) if n not in names]
                free = [n for n in free if not any(_matches(pattern, n) for pattern in patterns)]
                if not free:
                    raise Nothing
                name = self.rng.choice(free)
                return name, _all([_property(view, name), _negated(schema)])
            case _:
                raise Nothing

    def string_of(self, schema: CanonicalSchema) -> str:
        strings = algebra.intersection([schema, algebra.schema({"type": "string"})])
        if strings is None:
            raise Nothing
        return str(self.value(strings))

    def _names(self, view: Objects) -> tuple[list[str], list[str]]:
        """Those that are to be there, and those that can be added where there are too few."""
        known = list(dict.fromkeys((*view.properties, *_counted(view.property_names))))
        optional = [name for name in known if name not in view.required]
        if self.depth >= _MOST_DEPTH:
            optional = []
        share = self.rng.choice((0, 0.5, 0.5, 1))
        names = [*view.required, *(name for name in optional if self.rng.random() < share)]
        invented = [name for name in self._invented(view) if name not in names]
        if not _counted(view.property_names) and invented and self.rng.random() < 0.5:  # noqa: PLR2004
            names.append(self.rng.choice(invented))
        return names, [name for name in dict.fromkeys((*optional, *invented)) if name not in names]

    def _invented(self, view: Objects) -> list[str]:
        if _counted(view.property_names):
            return []
        by_pattern = [
            _matching((pattern,), (), length, None) for pattern in view.pattern_properties for length in (0, 3)
        ]
        names = [name for name in (*by_pattern, *_NAMES) if name is not None]
        if view.property_names is not None:
            names = [name for name in names if algebra.covers(view.property_names, algebra.const(name))]
            names = list(dict.fromkeys((*names, *self._some_of(view.property_names))))
        return names

    def _some_of(self, names: CanonicalSchema) -> list[str]:
        try:
            return [str(self.value(names)) for _ in range(3)]
        except Nothing:
            return []


def _found(value: Any) -> Any:
    if value is None:
        raise Nothing
    return value


def _least(demand: canonical.ContainsView) -> int:
    return 1 if demand.min_contains is None else demand.min_contains


def _property(view: Objects, name: str) -> CanonicalSchema:
    own = view.properties.get(name)
    parts = [own] if own is not None else []
    parts += [schema for pattern, schema in view.pattern_properties.items() if _matches(pattern, name)]
    return _all(parts or [view.additional_properties or algebra.schema(value=True)])


def _all(parts: list[CanonicalSchema]) -> CanonicalSchema:
    whole = algebra.intersection(parts)
    if whole is None:
        raise Nothing
    return whole


def _negated(schema: CanonicalSchema) -> CanonicalSchema:
    try:
        return schema.negate()
    except canonical.CanonicalizationError as error:
        raise Nothing from error


@lru_cache(maxsize=4096)
def _matches(pattern: str, name: str) -> bool:
    return algebra.covers(algebra.schema({"type": "string", "pattern": pattern}), algebra.const(name))


def _examples(pattern: str) -> list[str]:
    found = (_matching((pattern,), (), length, None) for length in (0, 3))
    return [name for name in found if name is not None]


def _counted(names: CanonicalSchema | None) -> list[str]:
    match names and names.view():
        case canonical.EnumView(values):
            return [str(value) for value in values]
        case canonical.ConstView(value):
            return [str(value)]
        case _:
            return []


@lru_cache(maxsize=4096)
def _matching(patterns: tuple[str, ...], excluded: tuple[str, ...], low: int, high: int | None) -> str | None:
    try:
        return example(patterns, excluding=excluded, low=low, high=high, generous=False, most_steps=_MOST_STEPS)
    except Undecided:
        return None
