"""The catalog's classes as mypy sees them: which payload a class is part of, where, and with which fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

from mypy.nodes import AssignmentStmt, Decorator, FuncDef, IntExpr, NameExpr, StrExpr, TypeInfo, Var
from mypy.types import Instance, ProperType, TupleType, Type, TypeType, UnionType, get_proper_type

from contracts.readers.program import Program
from contracts.readers.reading import Place

PAYLOAD: Final = "events.catalog.Payload"
EVENT: Final = "events.envelope.CloudEvent"

_CONTRACT: Final = "events."
_MAPS: Final = frozenset({"builtins.dict", "typing.Mapping", "typing.MutableMapping", "collections.abc.Mapping"})
_TEXTS: Final = frozenset({"builtins.str", "builtins.bytes"})


class Models:
    """Every payload model, the classes that are nested in one, and the bases they share."""

    def __init__(self, program: Program) -> None:
        self._classes = {
            info.fullname: info
            for module, file in program.files.items()
            if module.startswith(_CONTRACT)
            for symbol in file.names.values()
            if isinstance(info := symbol.node, TypeInfo) and info.module_name == module
        }

    @cached_property
    def _places(self) -> Mapping[str, frozenset[Place]]:
        """The places of exactly this class, subclasses left out."""
        found: dict[str, set[Place]] = {}
        for info in self._classes.values():
            if (place := _own_place(info)) is not None:
                self._put(info, place, found, above=())
        return {name: frozenset(places) for name, places in found.items()}

    def _put(self, info: TypeInfo, place: Place, found: dict[str, set[Place]], above: tuple[TypeInfo, ...]) -> None:
        found.setdefault(info.fullname, set()).add(place)
        for name, type_ in fields(info).items():
            for nested, path in self._nested(type_, place.under(name)):
                if nested not in above:
                    self._put(nested, path, found, (*above, info))

    def _nested(self, type_: Type | None, place: Place) -> Iterator[tuple[TypeInfo, Place]]:
        proper = None if type_ is None else get_proper_type(type_)
        if isinstance(proper, UnionType):
            for item in proper.items:
                yield from self._nested(item, place)
        elif isinstance(proper, TupleType):
            for item in proper.items:
                yield from self._nested(item, place.under("[]"))
        elif isinstance(proper, Instance):
            if proper.type.fullname in self._classes:
                yield proper.type, place
            step = "{}" if proper.type.fullname in _MAPS else "[]"
            for argument in proper.args:
                yield from self._nested(argument, place.under(step))

    def places(self, info: TypeInfo) -> frozenset[Place]:
        """Wherever an object of this class, or of one that is derived from it, can be in a payload.

        Of classes that are not the contract's, `object` among them, nothing is known.
        """
        if info.fullname not in self._classes:
            return frozenset()
        return frozenset(
            place for name, places in self._places.items() if info in self._classes[name].mro for place in places
        )

    @cached_property
    def everywhere(self) -> frozenset[Place]:
        """The root of every payload."""
        return self.places(self._classes[PAYLOAD]) if PAYLOAD in self._classes else frozenset()

    @cached_property
    def _fields(self) -> Mapping[Place, list[ProperType]]:
        """Every field there is, and its types."""
        found: dict[Place, list[ProperType]] = {}
        for name, places in self._places.items():
            for field, type_ in fields(self._classes[name]).items():
                for place in places:
                    found.setdefault(place.under(field), []).extend([get_proper_type(type_)] if type_ else [])
        return found

    @property
    def all_places(self) -> Iterable[Place]:
        return self._fields.keys()

    def fields_of(self, place: Place) -> frozenset[str]:
        return frozenset(
            n for name, places in self._places.items() if place in places for n in fields(self._classes[name])
        )

    def named(self, fullname: str) -> TypeInfo | None:
        return self._classes.get(fullname)

    def is_concrete(self, info: TypeInfo) -> bool:
        """Whether objects of this very class are in payloads, and not only of classes that are derived from it."""
        return info.fullname in self._places

    def root(self, info: TypeInfo) -> Place | None:
        """The place of a model that has a type of its own; None for its bases, and for what is nested."""
        return next((place for place in self._places.get(info.fullname, ()) if not place.path), None)

    def within(self, type_: ProperType | None) -> tuple[TypeInfo, ...]:
        """The models that a value of this type is, or is made of: an element's, a member's."""
        return tuple(info for info in _infos(type_) if self.places(info))

    def at(self, type_: ProperType | None) -> tuple[TypeInfo, ...]:
        """The models that a value of this type is itself."""
        items = type_.items if isinstance(type_, UnionType) else [type_]
        proper = [None if item is None else get_proper_type(item) for item in items]
        return tuple(p.type for p in proper if isinstance(p, Instance) and self.places(p.type))

    def is_scalar(self, place: Place) -> bool:
        """Whether nothing is below it, as far as the models say."""
        found = self._fields.get(place, [])
        return bool(found) and not any(self._holds_more(type_) for type_ in found)

    def _holds_more(self, type_: ProperType) -> bool:
        items = [get_proper_type(i) for i in type_.items] if isinstance(type_, UnionType) else [type_]
        return any(
            not isinstance(item, Instance) or bool(item.args) or item.type.fullname in self._classes
            for item in items
            if not isinstance(item, Instance) or item.type.fullname not in _TEXTS
            if str(item) != "None"
        )


def fields(info: TypeInfo) -> Mapping[str, Type | None]:
    """A model's fields with their types, inherited ones too."""
    found: dict[str, Type | None] = {}
    for base in reversed(info.mro):
        if base.module_name.startswith(_CONTRACT):
            found |= {
                name: s.node.type for name, s in base.names.items() if isinstance(s.node, Var) and _is_field(s.node)
            }
    return found


def _is_field(var: Var) -> bool:
    return not (var.is_inferred or var.is_classvar or var.is_property or var.name.startswith("_"))


def method(info: TypeInfo, name: str) -> FuncDef | None:
    """A method or property that the contract itself defines."""
    symbol = info.get(name)
    node = symbol.node if symbol else None
    found = node.func if isinstance(node, Decorator) else node
    return found if isinstance(found, FuncDef) and found.info.module_name.startswith(_CONTRACT) else None


def _own_place(info: TypeInfo) -> Place | None:
    """A class with a `type` of its own is in the catalog."""
    if not info.has_base(PAYLOAD) or "type" not in _constants(info):
        return None
    known: dict[str, str | int] = {}
    for base in reversed(info.mro):
        known |= _constants(base)
    return Place(str(known["type"]), int(known.get("version", 1)), "")


def _constants(info: TypeInfo) -> dict[str, str | int]:
    return {
        lvalue.name: statement.rvalue.value
        for statement in info.defn.defs.body
        if isinstance(statement, AssignmentStmt) and isinstance(statement.rvalue, StrExpr | IntExpr)
        for lvalue in statement.lvalues
        if isinstance(lvalue, NameExpr) and lvalue.name in ("type", "version")
    }


def _infos(type_: ProperType | None) -> Iterator[TypeInfo]:
    if isinstance(type_, UnionType | TupleType):
        for item in type_.items:
            yield from _infos(get_proper_type(item))
    elif isinstance(type_, Instance):
        yield type_.type
        for argument in type_.args:
            yield from _infos(get_proper_type(argument))
    elif isinstance(type_, TypeType):
        return
