"""The fields of a JSON Schema, by their paths: `lines[].amount`, `labels{}` for a map's values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from contracts.compatibility.verdict import Schema

#: Said beside a schema, without a bearing on what fits it.
_NOTES: Final = frozenset({"title", "description", "examples", "default", "deprecated", "$comment"})


@dataclass(frozen=True, slots=True)
class Field:
    """`schema` is without `null`, references and notes; `nullable` tells of the first."""

    schema: Mapping[str, Any]
    required: bool
    nullable: bool


def fields_of(schema: Schema) -> dict[str, Field]:
    """Every field that the schema names, outer ones first."""
    return dict(_walk(schema, schema, "", ()))


def parent_of(path: str) -> str:
    """The path of the object that has the field; "" for the payload itself."""
    return path.rpartition(".")[0]


def _walk(node: Schema, root: Schema, path: str, seen: tuple[str, ...]) -> Iterator[tuple[str, Field]]:
    for branch, inside in _branches(node, root, seen):
        required = branch.get("required", ())
        for name, child in branch.get("properties", {}).items():
            here = f"{path}.{name}" if path else name
            yield here, _field(child, root, inside, required=name in required)
            yield from _walk(child, root, here, inside)
        for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
            child = branch.get(keyword)
            if isinstance(child, dict):
                yield path + mark, _field(child, root, inside, required=True)
                yield from _walk(child, root, path + mark, inside)


def _field(node: Schema, root: Schema, seen: tuple[str, ...], *, required: bool) -> Field:
    branches = [branch for branch, _ in _branches(node, root, seen)]
    rest = [_plain(branch) for branch in branches if branch.get("type") != "null"]
    schema = rest[0] if len(rest) == 1 else {"anyOf": rest}
    return Field(schema, required, nullable=len(rest) < len(branches))


def _branches(node: Schema, root: Schema, seen: tuple[str, ...]) -> Iterator[tuple[Mapping[str, Any], tuple[str, ...]]]:
    """The alternatives that `node` comes to, references followed; one that leads to itself ends there."""
    if not isinstance(node, dict):
        return
    reference = node.get("$ref")
    if isinstance(reference, str):
        if reference not in seen:
            yield from _branches(_resolved(reference, root), root, (*seen, reference))
    elif alternatives := node.get("anyOf") or node.get("oneOf"):
        for alternative in alternatives:
            yield from _branches(alternative, root, seen)
    else:
        yield node, seen


def _resolved(reference: str, root: Schema) -> Schema:
    node = root
    for step in reference.removeprefix("#").split("/")[1:]:
        node = node[step.replace("~1", "/").replace("~0", "~")]
    return node


def _plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {keyword: value for keyword, value in schema.items() if keyword not in _NOTES}
