"""Whose code a call runs, and whose values an expression may hold."""

from __future__ import annotations

from typing import Final

from mypy.nodes import Decorator, Expression, FuncDef, MemberExpr, NameExpr, TypeInfo
from mypy.types import AnyType, Instance, ProperType, TypeOfAny, UnionType, get_proper_type

from contracts.readers.program import PACKAGES

#: What looks at a value without passing it on. `partial` calls what is typed; `getattr` is looked at by itself.
_LOOKS: Final = frozenset(
    {f"builtins.{name}" for name in ("isinstance", "issubclass", "type", "len", "bool", "id", "getattr", "hasattr")}
    | {"functools.partial", "typing.cast"}
)
#: Any that no payload can get into without having been passed on to somebody else's code first.
_FOREIGN: Final = TypeOfAny.from_unimported_type


def may_be_ours(type_: ProperType | None) -> bool:
    """Whether a value of no known type may be a payload: not one that somebody else's code gave."""
    if isinstance(type_, UnionType):
        return any(may_be_ours(get_proper_type(item)) for item in type_.items)
    while isinstance(type_, AnyType) and type_.source_any is not None:
        type_ = type_.source_any
    if isinstance(type_, Instance):
        return type_.type.fullname == "builtins.object"
    return isinstance(type_, AnyType) and type_.type_of_any != _FOREIGN


def is_contract(function: FuncDef) -> bool:
    return function.fullname.startswith("events.")


def _node(callee: Expression) -> object:
    node = callee.node if isinstance(callee, NameExpr | MemberExpr) else None
    return node.func if isinstance(node, Decorator) else node


def is_ours(callee: Expression) -> bool:
    node = _node(callee)
    return isinstance(node, FuncDef | TypeInfo) and node.fullname.partition(".")[0] in PACKAGES


def is_variable(callee: Expression) -> bool:
    """A function that came in as a value: typed by those who took it, who are looked at as well."""
    return not isinstance(_node(callee), FuncDef | TypeInfo) and not isinstance(callee, MemberExpr)


def only_looks(callee: Expression) -> bool:
    return isinstance(callee, NameExpr | MemberExpr) and callee.fullname in _LOOKS
