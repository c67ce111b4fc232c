"""What the contract's own functions do with a payload or an event that they are given."""

from __future__ import annotations

from typing import Final

from mypy.nodes import CallExpr, FuncDef, MemberExpr, NameExpr, TypeInfo, Var
from mypy.types import Instance, get_proper_type

from contracts.readers.models import EVENT, fields, method
from contracts.readers.walk import Walk

#: Stands for all fields, in place of a field's name.
WHOLE: Final = ""
NOTHING: Final[frozenset[str]] = frozenset()
#: What an event says of itself, beside its data. `model_copy` gives another event.
_ATTRIBUTES: Final = frozenset(
    {"specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema", "extensions"}
    | {"model_copy"}
)

_Above = frozenset[FuncDef]


def used_by(function: FuncDef, position: int, above: _Above = frozenset()) -> frozenset[str]:
    """The fields that a function uses of its argument in this place; WHOLE for all of them."""
    if function in above:
        return NOTHING
    if position >= len(function.arguments):
        return frozenset({WHOLE})
    parameter = function.arguments[position].variable
    visitor = _Uses(parameter, above | {function})
    visitor.visit(function.body)
    info = _declared(function, parameter)
    named = [attribute(info, name, above | {function}) if info else {WHOLE} for name in visitor.names]
    return visitor.used.union(*named)


def attribute(info: TypeInfo, name: str, above: _Above = frozenset()) -> frozenset[str]:
    """The fields that an attribute of this class stands for: itself, or those that a property or method uses."""
    if info.fullname == EVENT and name in _ATTRIBUTES:
        return NOTHING
    if name in fields(info):
        return frozenset({WHOLE if info.fullname == EVENT else name})
    if function := method(info, name):
        return NOTHING if function.is_static or function.is_class else used_by(function, 0, above)
    symbol = info.get(name)
    return NOTHING if symbol and isinstance(symbol.node, Var) else frozenset({WHOLE})


def _declared(function: FuncDef, parameter: Var) -> TypeInfo | None:
    if function.info and parameter is function.arguments[0].variable:
        return function.info
    type_ = get_proper_type(parameter.type) if parameter.type else None
    return type_.type if isinstance(type_, Instance) else None


class _Uses(Walk):
    """The names asked of one parameter, and what follows from its other uses."""

    def __init__(self, parameter: Var, above: _Above) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.used: frozenset[str] = NOTHING
        self._parameter = parameter
        self._above = above

    def visit_member_expr(self, o: MemberExpr) -> None:
        if isinstance(o.expr, NameExpr) and o.expr.node is self._parameter:
            self.names.add(o.name)
        else:
            self.children(o)

    def visit_call_expr(self, o: CallExpr) -> None:
        self.visit(o.callee)
        for position, argument in enumerate(o.args):
            if isinstance(argument, NameExpr) and argument.node is self._parameter:
                self.used |= self._by_callee(o, position)
            else:
                self.visit(argument)

    def _by_callee(self, call: CallExpr, position: int) -> frozenset[str]:
        if not isinstance(call.callee, NameExpr):
            return frozenset({WHOLE})
        if isinstance(call.callee.node, FuncDef):
            return used_by(call.callee.node, place_of(call, position, call.callee.node), self._above)
        return NOTHING if call.callee.fullname in ("builtins.type", "builtins.isinstance") else frozenset({WHOLE})

    def visit_name_expr(self, o: NameExpr) -> None:
        if o.node is self._parameter:
            self.used |= {WHOLE}


def place_of(call: CallExpr, position: int, function: FuncDef, *, bound: bool = False) -> int:
    """Which of the function's parameters an argument of the call is; past the last where nobody can say."""
    name = call.arg_names[position]
    if name is not None:
        return next((i for i, n in enumerate(function.arg_names) if n == name), len(function.arguments))
    plain = all(kind.is_positional() and not kind.is_star() for kind in call.arg_kinds[: position + 1])
    return position + bound if plain else len(function.arguments)
