"""What was done to a field, in a developer's words, and how to do it so that nobody is hurt.

The rules say that two schemas do not fit. Why is easier to see from what became of the field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

from contracts.fields import Field, parent_of

Fields = Mapping[str, Field]

#: Told as values that come and go, or not told where the field is: what is inside has paths of its own.
_TOLD_APART: Final = frozenset({"enum", "const", "properties", "required", "items", "additionalProperties", "anyOf"})
_CAPITAL: Final = re.compile(r"([A-Z])")
_UPPER: Final = frozenset({"maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties"})
_LOWER: Final = frozenset({"minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`rule` names it for scripts: `PROPERTY_REMOVED`. `words` go on after the field's name: "removes it".

    `advice` is an imperative, beside that of a new version.
    """

    rule: str
    words: str
    advice: str


def change_at(path: str, old: Fields, new: Fields) -> Change | None:
    """What became of the field from `old` to `new`; None when nothing is to be seen there."""
    name = path.rpartition(".")[2]
    before, after = old.get(path), new.get(path)
    if before and after:
        return _changed(name, before, after)
    if before:
        return _removed(path, name, old, new)
    return _added(name) if after and after.required else None


def renames(old: Fields, new: Fields) -> dict[str, str]:
    """Fields that went, and the new ones beside them that look like them: of the same schema, closest by name."""
    gone = [path for path in old if path not in new]
    come = [path for path in new if path not in old]
    pairs = [(_likeness(a, b), a, b) for a in gone for b in come if _alike(a, b, old, new)]
    found: dict[str, str] = {}
    for _, a, b in sorted(pairs, reverse=True):
        if a not in found and b not in found.values():
            found[a] = b
    return found


def _alike(a: str, b: str, old: Fields, new: Fields) -> bool:
    return parent_of(a) == parent_of(b) and old[a].schema == new[b].schema


def _likeness(a: str, b: str) -> float:
    return SequenceMatcher(a=a, b=b, autojunk=False).ratio()


def _added(name: str) -> Change:
    return Change(
        rule="REQUIRED_PROPERTY_ADDED",
        words="adds it as a required field",
        advice=f"make `{name}` optional (`| None = None`)",
    )


def _removed(path: str, name: str, old: Fields, new: Fields) -> Change:
    heir = renames(old, new).get(path)
    if heir is None:
        return Change(rule="PROPERTY_REMOVED", words="removes it", advice=f"keep `{name}` and fill it as before")
    other = heir.rpartition(".")[2]
    return Change(
        rule="PROPERTY_RENAMED",
        words=f"removes it; it looks like a rename of `{name}` to `{other}`",
        advice=f"keep `{name}`, add `{other}` as an optional field (`| None = None`) and fill both",
    )


def _changed(name: str, before: Field, after: Field) -> Change | None:
    steps = list(_steps(name, before, after))
    if not steps:
        return None
    rules, words = (", ".join(parts) for parts in zip(*((step.rule, step.words) for step in steps), strict=True))
    return Change(rule=rules, words=words, advice=steps[0].advice)


def _steps(name: str, before: Field, after: Field) -> Iterator[Change]:
    for step in (_type, _presence, _null, _values, _keywords):
        yield from step(name, before, after)


def _type(name: str, before: Field, after: Field) -> Iterator[Change]:
    old, new = (_type_of(field.schema) for field in (before, after))
    if old != new:
        beside = f"keep `{name}` as {_article(old)} and add an optional field of the new type beside it"
        yield Change(rule="TYPE_CHANGED", words=f"changes its type from {old} to {new}", advice=beside)


def _presence(name: str, before: Field, after: Field) -> Iterator[Change]:
    if after.required and not before.required:
        yield Change(
            rule="PROPERTY_MADE_REQUIRED",
            words="makes it required",
            advice=f"leave `{name}` optional (`| None = None`)",
        )
    elif before.required and not after.required:
        yield Change(
            rule="PROPERTY_MADE_OPTIONAL",
            words="makes it optional",
            advice=f"keep `{name}` required and fill it as before",
        )


def _null(name: str, before: Field, after: Field) -> Iterator[Change]:
    # A model's optional field takes null as well: then its presence says it all.
    if before.required != after.required or before.nullable == after.nullable:
        return
    if after.nullable:
        yield Change(rule="NULL_ADDED", words="takes null", advice=_widen(name))
    else:
        yield Change(rule="NULL_REMOVED", words="takes null no more", advice=_narrow(name))


def _values(name: str, before: Field, after: Field) -> Iterator[Change]:
    old, new = (_values_of(field.schema) for field in (before, after))
    if old and new:
        if gone := _list(value for value in old if value not in new):
            yield Change(
                rule="ENUM_NARROWED", words=f"takes {gone} out of its values", advice=f"keep {gone} among the values"
            )
        if come := _list(value for value in new if value not in old):
            yield Change(rule="ENUM_EXTENDED", words=f"adds {come} to its values", advice=_widen(name))
    elif new:
        yield Change(rule="ENUM_ADDED", words=f"takes only {_list(new)}", advice=_narrow(name))
    elif old:
        words = f"takes any value, no more only {_list(old)}"
        yield Change(rule="ENUM_REMOVED", words=words, advice=_widen(name))


def _keywords(name: str, before: Field, after: Field) -> Iterator[Change]:
    if _type_of(before.schema) != _type_of(after.schema):
        return  # what applies to the one type says nothing about the other
    for keyword in sorted((before.schema.keys() | after.schema.keys()) - _TOLD_APART - {"type"}):
        old, new = before.schema.get(keyword), after.schema.get(keyword)
        if old != new:
            yield _moved(name, keyword, old, new)


def _moved(name: str, keyword: str, old: Any, new: Any) -> Change:
    rule = _CAPITAL.sub(r"_\1", keyword).upper()
    if old is None:
        return Change(rule=f"{rule}_ADDED", words=f"adds {keyword} {_text(new)}", advice=_narrow(name))
    if new is None:
        return Change(rule=f"{rule}_REMOVED", words=f"drops {keyword} {_text(old)}", advice=_widen(name))
    way = f"{keyword} from {_text(old)} to {_text(new)}"
    if keyword not in _UPPER | _LOWER:
        return Change(rule=f"{rule}_CHANGED", words=f"changes {way}", advice=_narrow(name))
    wider = (new > old) == (keyword in _UPPER)
    return Change(
        rule=f"{rule}_{'INCREASED' if new > old else 'DECREASED'}",
        words=f"{'raises' if new > old else 'lowers'} {way}",
        advice=_widen(name) if wider else _narrow(name),
    )


def _narrow(name: str) -> str:
    return f"let `{name}` take what it took, and put the stricter rule where the value is made"


def _widen(name: str) -> str:
    return f"leave `{name}` as it is and add an optional field (`| None = None`) for what is new"


def _type_of(schema: Mapping[str, Any]) -> str:
    if alternatives := schema.get("anyOf"):
        return " or ".join(_type_of(alternative) for alternative in alternatives)
    type_ = schema.get("type", "any")
    if type_ == "string" and schema.get("format") == "date-time":
        return "date-time"
    return " or ".join(type_) if isinstance(type_, list) else str(type_)


def _article(type_: str) -> str:
    return f"{'an' if type_[0] in 'aeiou' else 'a'} {type_}"


def _values_of(schema: Mapping[str, Any]) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values = schema.get("enum")
    return values if isinstance(values, list) else None


def _list(values: Iterable[Any]) -> str:
    return ", ".join(_text(value) for value in values)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
