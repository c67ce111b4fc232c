"""Where events, payloads and their JSON go: from the handlers' parameters through variables, calls and attributes.

One set of values for each variable, whatever the order of the statements: more than can be, never less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from mypy.nodes import (
    AssignmentExpr,
    AwaitExpr,
    CallExpr,
    CastExpr,
    ConditionalExpr,
    Decorator,
    DictExpr,
    DictionaryComprehension,
    Expression,
    FuncDef,
    GeneratorExpr,
    IndexExpr,
    IntExpr,
    ListComprehension,
    ListExpr,
    MemberExpr,
    NameExpr,
    OpExpr,
    SetComprehension,
    SetExpr,
    SliceExpr,
    StarExpr,
    StrExpr,
    SymbolNode,
    TupleExpr,
    TypeInfo,
)
from mypy.types import Instance, ProperType, TupleType, TypeType, UnionType, get_proper_type

from contracts.readers.models import Models
from contracts.readers.program import Program
from contracts.readers.reading import Place


class Event(NamedTuple):
    """The event that a consumer is given, or several of them."""


class Json(NamedTuple):
    """Plain data from a place in a payload."""

    place: Place


class Thing(NamedTuple):
    """An object of a model that is only known by its base: which model it is."""

    model: str


class Kind(NamedTuple):
    """A model class itself."""

    model: str


Value = Event | Json | Thing | Kind
Values = frozenset[Value]
NOTHING: Final[Values] = frozenset()

#: Methods of a payload that give its JSON, and functions that give back what they get, or its elements.
AS_DATA: Final = frozenset({"to_data", "model_dump"})
SAME: Final = frozenset(
    {f"builtins.{name}" for name in ("dict", "list", "tuple", "set", "sorted", "reversed", "iter", "next", "filter")}
    | {"copy.copy", "copy.deepcopy", "types.MappingProxyType"}
)
ADDS: Final = frozenset({"append", "add", "extend", "insert", "appendleft"})


class Flow:
    """The values of variables, and of what functions return; filled by `contracts.readers.binding`."""

    def __init__(self, program: Program, models: Models) -> None:
        self.program = program
        self.models = models
        self.known: dict[SymbolNode, set[Value]] = {}

    def put(self, node: SymbolNode | None, values: Iterable[Value]) -> bool:
        """Whether that is news."""
        if node is None or not (values := set(values)):
            return False
        known = self.known.setdefault(node, set())
        before = len(known)
        known |= values
        return len(known) > before

    def values(self, expression: Expression) -> Values:
        found = frozenset(self._values(expression))
        return found or frozenset(self._by_type(self.program.type_of(expression)))

    def things(self, expression: Expression) -> tuple[TypeInfo, ...]:
        """The models that the expression's value is itself; a base only where nothing more is known."""
        narrow: list[TypeInfo] = []
        for info in self.models.at(self.program.type_of(expression)):
            found = [] if self.models.is_concrete(info) else [self.models.named(m) for m in self._models(expression)]
            better = [model for model in found if model is not None and info in model.mro]
            narrow += better or [info]
        return tuple(dict.fromkeys(narrow))

    def _models(self, expression: Expression) -> list[str]:
        return [value.model for value in self._values(expression) if isinstance(value, Thing)]

    def places(self, expression: Expression) -> frozenset[Place]:
        return frozenset(place for info in self.things(expression) for place in self.models.places(info))

    def json(self, expression: Expression) -> frozenset[Place]:
        """Where the JSON comes from that the expression gives, if it does."""
        return frozenset(value.place for value in self._values(expression) if isinstance(value, Json))

    def _by_type(self, type_: ProperType | None) -> Iterator[Value]:
        """Bound to a variable, even a base must be remembered, or the variable's other values would hide it."""
        for info in self.models.at(type_):
            yield Thing(info.fullname)
        if isinstance(type_, TypeType) and isinstance(type_.item, Instance) and self.models.places(type_.item.type):
            yield Kind(type_.item.type.fullname)

    def _values(self, e: Expression) -> Iterator[Value]:  # noqa: C901, PLR0912 - one case for each form of expression
        match e:
            case NameExpr():
                yield from self._of_name(e)
            case MemberExpr():
                yield from self._of_member(e)
            case CallExpr():
                yield from self._of_call(e)
            case IndexExpr():
                yield from self.element(e.base, key_of(e.index))
            case OpExpr(op="and" | "or" | "+" | "|"):
                yield from self.values(e.left) | self.values(e.right)
            case ConditionalExpr():
                yield from self.values(e.if_expr) | self.values(e.else_expr)
            case AssignmentExpr():
                yield from self.values(e.value)
            case AwaitExpr() | CastExpr() | StarExpr():
                yield from self.values(e.expr)
            case ListExpr() | TupleExpr() | SetExpr():
                for item in e.items:
                    yield from self.values(item)
            case DictExpr():
                for _, item in e.items:
                    yield from self.values(item)
            case GeneratorExpr():
                yield from self.values(e.left_expr)
            case ListComprehension() | SetComprehension():
                yield from self.values(e.generator)
            case DictionaryComprehension():
                yield from self.values(e.value)
            case _:
                pass

    def _of_name(self, e: NameExpr) -> Iterator[Value]:
        if isinstance(e.node, TypeInfo) and self.models.places(e.node):
            yield Kind(e.node.fullname)
        if e.node is not None and not isinstance(e.node, FuncDef):
            yield from self.known.get(e.node, ())

    def _of_member(self, e: MemberExpr) -> Iterator[Value]:
        if e.name == "data" and Event() in self.values(e.expr):
            yield from map(Json, self.models.everywhere)
        for node in attributes(self.program.type_of(e.expr), e):
            if not isinstance(node, FuncDef) or node.is_property:
                yield from self.known.get(node, ())

    def _of_call(self, e: CallExpr) -> Iterator[Value]:
        callee = e.callee
        if isinstance(callee, MemberExpr):
            yield from self._of_method(e, callee)
        if isinstance(callee, NameExpr) and callee.fullname in SAME:
            for argument in e.args:
                yield from self.values(argument)
        yield from (Thing(value.model) for value in self._kinds(callee))
        for function in functions(self, callee):
            yield from self.known.get(function, ())

    def _of_method(self, e: CallExpr, callee: MemberExpr) -> Iterator[Value]:
        if callee.name in AS_DATA:
            yield from map(Json, self.places(callee.expr))
        elif callee.name in ("get", "pop", "setdefault") and e.args:
            yield from self.element(callee.expr, key_of(e.args[0]))
        elif callee.name in ("copy", "model_copy", "values"):
            yield from self.values(callee.expr)
        elif callee.name.startswith("model_validate"):
            yield from (Thing(value.model) for value in self._kinds(callee.expr))

    def _kinds(self, e: Expression) -> list[Kind]:
        return [value for value in self.values(e) if isinstance(value, Kind)]

    def element(self, container: Expression, key: str | int | None) -> Iterator[Value]:
        """What is in a container, under a key if there is one and it is known."""
        for value in self.values(container):
            if isinstance(value, Json):
                yield Json(value.place.under(key if isinstance(key, str) else "[]"))
            else:
                yield value


def key_of(index: Expression) -> str | int | None:
    """A literal key; for a slice, or a key that is computed, None."""
    if isinstance(index, SliceExpr):
        return None
    return index.value if isinstance(index, StrExpr | IntExpr) else None


def attributes(type_: ProperType | None, e: MemberExpr) -> Iterator[SymbolNode]:
    """What an attribute is defined as, in each class that its object may be of."""
    if e.node is not None and not isinstance(e.node, TypeInfo):
        yield e.node
    for item in instances(type_):
        symbol = item.type.get(e.name)
        if symbol is not None and symbol.node is not None:
            yield symbol.node.func if isinstance(symbol.node, Decorator) else symbol.node


def instances(type_: ProperType | None) -> list[Instance]:
    if isinstance(type_, UnionType):
        return [i for item in type_.items for i in instances(get_proper_type(item))]
    if isinstance(type_, TupleType):
        return [type_.partial_fallback]
    return [type_] if isinstance(type_, Instance) else []


def functions(flow: Flow, callee: Expression) -> Iterator[FuncDef]:
    """The functions of ours that a call may run: for a method, also those of the classes that are used in its place."""
    if isinstance(callee, NameExpr | MemberExpr):
        node = callee.node.func if isinstance(callee.node, Decorator) else callee.node
        if isinstance(node, FuncDef):
            yield node
    if isinstance(callee, MemberExpr):
        for node in attributes(flow.program.type_of(callee.expr), callee):
            if isinstance(node, FuncDef) and not node.is_property:
                yield node
