"""Follows values through the services' code until nothing new turns up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from mypy.nodes import (
    AssignmentExpr,
    AssignmentStmt,
    CallExpr,
    Decorator,
    DictionaryComprehension,
    Expression,
    ForStmt,
    FuncDef,
    FuncItem,
    GeneratorExpr,
    IndexExpr,
    LambdaExpr,
    ListExpr,
    MatchStmt,
    MemberExpr,
    MypyFile,
    NameExpr,
    Node,
    ReturnStmt,
    StarExpr,
    TupleExpr,
    TypeInfo,
    WithStmt,
    YieldExpr,
)
from mypy.patterns import ClassPattern, MappingPattern, SequencePattern
from mypy.types import CallableType, ProperType, get_proper_type

from contracts.readers.flow import ADDS, Event, Flow, Json, Thing, Value, Values, functions, instances, key_of
from contracts.readers.models import EVENT
from contracts.readers.summary import place_of
from contracts.readers.walk import Walk, children

BUSINESS: Final = "functions."


class Targets:
    """Which functions a call may run, and which are called by others than those who name them."""

    def __init__(self, flow: Flow, files: Iterable[MypyFile]) -> None:
        self._flow = flow
        finder = _Finder(flow)
        for file in files:
            finder.visit(file)
        self.escaping: Final = frozenset(finder.escaping)
        self._methods: Mapping[str, list[FuncDef]] = finder.methods

    def of(self, callee: Expression) -> Iterator[FuncDef]:
        for function in functions(self._flow, callee):
            if function.fullname.startswith(BUSINESS):
                yield function
            if function.info:
                yield from (f for f in self._methods.get(function.name, ()) if _stands_in(f, function))


def _stands_in(candidate: FuncDef, function: FuncDef) -> bool:
    return candidate is not function and (function.info.is_protocol or function.info in candidate.info.mro)


class _Finder(Walk):
    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self._flow = flow
        self.escaping: set[FuncDef] = set()
        self.methods: dict[str, list[FuncDef]] = {}

    def visit_func_def(self, o: FuncDef) -> None:
        if o.info:
            self.methods.setdefault(o.name, []).append(o)
        self.children(o)

    def visit_decorator(self, o: Decorator) -> None:
        if o.decorators:  # those that mypy has no meaning of its own for, such as `property`
            self.escaping.add(o.func)
        self.children(o)

    def visit_call_expr(self, o: CallExpr) -> None:
        if isinstance(o.callee, MemberExpr):
            self.visit(o.callee.expr)
        elif not isinstance(o.callee, NameExpr):
            self.visit(o.callee)
        for argument in o.args:
            self.visit(argument)

    def visit_name_expr(self, o: NameExpr) -> None:
        self.escaping.update(functions(self._flow, o))

    def visit_member_expr(self, o: MemberExpr) -> None:
        self.escaping.update(functions(self._flow, o))
        self.children(o)


def follow(flow: Flow, files: Iterable[MypyFile]) -> Targets:
    """Fill `flow`; the calls' targets."""
    files = list(files)
    targets = Targets(flow, files)
    while True:
        visitor = _Binding(flow, targets)
        for file in files:
            visitor.visit(file)
        if not visitor.news:
            return targets


class _Binding(Walk):
    def __init__(self, flow: Flow, targets: Targets) -> None:
        super().__init__()
        self.news = False
        self._flow = flow
        self._targets = targets
        self._function: FuncDef | None = None

    def _put(self, lvalue: Expression, values: Iterable[Value]) -> None:
        if isinstance(lvalue, NameExpr):
            self.news |= self._flow.put(lvalue.node, values)
        elif isinstance(lvalue, MemberExpr):
            for instance in instances(self._flow.program.type_of(lvalue.expr)):
                symbol = instance.type.get(lvalue.name)
                self.news |= self._flow.put(symbol.node if symbol else None, values)
        elif isinstance(lvalue, IndexExpr):
            self._put(lvalue.base, values)
        elif isinstance(lvalue, StarExpr):
            self._put(lvalue.expr, values)
        elif isinstance(lvalue, TupleExpr | ListExpr):
            for item in lvalue.items:
                self._put(item, values)

    def _put_elements(self, lvalue: Expression, container: Expression) -> None:
        self._put(lvalue, [*self._flow.element(container, None), *self._by_type(lvalue)])

    def _by_type(self, lvalue: Expression) -> list[Value]:
        return [Thing(info.fullname) for info in self._flow.models.at(self._flow.program.type_of(lvalue))]

    def visit_func_def(self, o: FuncDef) -> None:
        outer, self._function = self._function, o
        if o in self._targets.escaping:
            self._seed(o)
        self.children(o)
        self._function = outer

    def visit_lambda_expr(self, o: LambdaExpr) -> None:
        outer, self._function = self._function, None
        self._seed(o)
        self.children(o)
        self._function = outer

    def _seed(self, function: FuncItem) -> None:
        """Whoever calls it hands it what comes in."""
        type_ = get_proper_type(function.type) if function.type else None
        if isinstance(type_, CallableType):
            for argument, argument_type in zip(function.arguments, type_.arg_types, strict=False):
                self.news |= self._flow.put(argument.variable, self._incoming(get_proper_type(argument_type)))

    def _incoming(self, type_: ProperType) -> Iterator[Value]:
        if any(holds(instance, EVENT) for instance in instances(type_)):
            yield Event()
        yield from (Thing(info.fullname) for info in self._flow.models.within(type_))

    def visit_return_stmt(self, o: ReturnStmt) -> None:
        if o.expr is not None and self._function is not None:
            self.news |= self._flow.put(self._function, self._flow.values(o.expr))
        self.children(o)

    def visit_yield_expr(self, o: YieldExpr) -> None:
        if o.expr is not None and self._function is not None:
            self.news |= self._flow.put(self._function, self._flow.values(o.expr))
        self.children(o)

    def visit_assignment_stmt(self, o: AssignmentStmt) -> None:
        for lvalue in o.lvalues:
            self._assign(lvalue, o.rvalue)
        self.children(o)

    def _assign(self, lvalue: Expression, rvalue: Expression) -> None:
        if not isinstance(lvalue, TupleExpr | ListExpr):
            self._put(lvalue, self._flow.values(rvalue))
        elif isinstance(rvalue, TupleExpr | ListExpr) and len(rvalue.items) == len(lvalue.items):
            for one, other in zip(lvalue.items, rvalue.items, strict=True):
                self._assign(one, other)
        else:
            for item in lvalue.items:
                self._put_elements(item, rvalue)

    def visit_assignment_expr(self, o: AssignmentExpr) -> None:
        self._assign(o.target, o.value)
        self.children(o)

    def visit_for_stmt(self, o: ForStmt) -> None:
        self._put_elements(o.index, o.expr)
        self.children(o)

    def visit_generator_expr(self, o: GeneratorExpr) -> None:
        for index, sequence in zip(o.indices, o.sequences, strict=True):
            self._put_elements(index, sequence)
        self.children(o)

    def visit_dictionary_comprehension(self, o: DictionaryComprehension) -> None:
        for index, sequence in zip(o.indices, o.sequences, strict=True):
            self._put_elements(index, sequence)
        self.children(o)

    def visit_with_stmt(self, o: WithStmt) -> None:
        for target, expression in zip(o.target, o.expr, strict=True):
            if target is not None:
                self._put(target, [*self._flow.values(expression), *self._by_type(target)])
        self.children(o)

    def visit_match_stmt(self, o: MatchStmt) -> None:
        for pattern in o.patterns:
            self._match(pattern, self._flow.values(o.subject))
        self.children(o)

    def _match(self, pattern: Node, values: Values) -> None:
        if isinstance(pattern, MappingPattern):
            for key, value in zip(pattern.keys, pattern.values, strict=True):
                self._match(value, under(values, key_of(key)))
        elif isinstance(pattern, NameExpr):
            self._put(pattern, [*values, *self._by_type(pattern)])
        elif not isinstance(pattern, ClassPattern):
            below = under(values, None) if isinstance(pattern, SequencePattern) else values
            for child in children(pattern):
                self._match(child, below)

    def visit_call_expr(self, o: CallExpr) -> None:
        if isinstance(o.callee, MemberExpr) and o.callee.name in ADDS:
            for argument in o.args:
                self._put(o.callee.expr, self._flow.values(argument))
        for function in self._targets.of(o.callee):
            self._call(o, function, bound=bool(function.info) and not function.is_static)
        if isinstance(o.callee, NameExpr | MemberExpr) and isinstance(o.callee.node, TypeInfo):
            self._construct(o, o.callee.node)
        self.children(o)

    def _call(self, call: CallExpr, function: FuncDef, *, bound: bool) -> None:
        for position, argument in enumerate(call.args):
            place = place_of(call, position, function, bound=bound)
            places = [place] if place < len(function.arguments) else range(len(function.arguments))
            for where in places:
                self.news |= self._flow.put(function.arguments[where].variable, self._flow.values(argument))

    def _construct(self, call: CallExpr, info: TypeInfo) -> None:
        """A class without a constructor of its own (a dataclass, a named tuple) keeps its arguments as attributes."""
        symbol = info.names.get("__init__")
        if symbol is not None and isinstance(symbol.node, FuncDef) and not symbol.plugin_generated:
            self._call(call, symbol.node, bound=True)
            return
        type_ = self._flow.program.type_of(call.callee)
        names = type_.arg_names if isinstance(type_, CallableType) else []
        for position, argument in enumerate(call.args):
            name = call.arg_names[position] or (names[position] if position < len(names) else None)
            found = info.get(name) if name else None
            self.news |= self._flow.put(found.node if found else None, self._flow.values(argument))


def under(values: Values, key: str | int | None) -> Values:
    step = key if isinstance(key, str) else "[]"
    return frozenset(Json(value.place.under(step)) if isinstance(value, Json) else value for value in values)


def holds(type_: ProperType, fullname: str) -> bool:
    """Whether it is of this class, or is made of such."""
    return any(
        instance.type.has_base(fullname) or any(holds(get_proper_type(a), fullname) for a in instance.args)
        for instance in instances(type_)
    )
