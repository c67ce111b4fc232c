"""A sample, and the places in it that can be changed."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.shapes import Contract, Member, Model, Shape

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An event's `data`. `field` (`data.lines.0.amount`) is where it is special, `why` says how."""

    data: Any
    field: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One value in a payload: a field of an object at any depth, or an element of a list or a map (no `member`)."""

    path: Path
    shape: Shape
    value: Any
    member: Member | None = None


def places(contract: Contract, data: Mapping[str, Any]) -> Iterator[Place]:
    """Every place in the payload, from the root down."""
    return _fields(contract, contract.root, data, ())


def _fields(contract: Contract, model: Model, data: Mapping[str, Any], under: Path) -> Iterator[Place]:
    for member in model.members:
        if member.name in data:
            path, value = (*under, member.name), data[member.name]
            yield Place(path=path, shape=member.shape, value=value, member=member)
            yield from _inside(contract, member.shape, value, path)


def _inside(contract: Contract, shape: Shape, value: Any, path: Path) -> Iterator[Place]:
    match shape.kind:
        case "object":
            yield from _fields(contract, contract.part(shape.name), value, path)
        case "list":
            for index, item in enumerate(value[:1]):
                yield Place(path=(*path, index), shape=shape.inner[0], value=item)
                yield from _inside(contract, shape.inner[0], item, (*path, index))
        case "map":
            for key, item in list(value.items())[:1]:
                yield Place(path=(*path, key), shape=shape.inner[0], value=item)
                yield from _inside(contract, shape.inner[0], item, (*path, key))
        case _:
            pass


def changed(data: Any, path: Path, value: Any) -> Any:
    """A copy with another value at `path`."""
    whole = copy.deepcopy(data)
    _parent(whole, path)[path[-1]] = value
    return whole


def removed(data: Any, path: Path) -> Any:
    """A copy without what is at `path`."""
    whole = copy.deepcopy(data)
    del _parent(whole, path)[path[-1]]
    return whole


def _parent(whole: Any, path: Path) -> Any:
    for step in path[:-1]:
        whole = whole[step]
    return whole


def field(path: Path) -> str:
    return ".".join(("data", *map(str, path)))
