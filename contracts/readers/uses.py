"""Every place in the code where a payload is used: which part of it, and how."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mypy.nodes import (
    CallExpr,
    ComparisonExpr,
    Decorator,
    DictExpr,
    Expression,
    FuncDef,
    IndexExpr,
    ListExpr,
    MatchStmt,
    MemberExpr,
    MypyFile,
    NameExpr,
    Node,
    SetExpr,
    StrExpr,
    TypeInfo,
)
from mypy.patterns import AsPattern, ClassPattern, MappingPattern, OrPattern, SequencePattern
from mypy.types import AnyType, CallableType, Instance, ProperType, TypeOfAny, get_proper_type

from contracts.readers.binding import BUSINESS, Targets
from contracts.readers.fine import Fine
from contracts.readers.flow import AS_DATA, Event, Flow, Kind, functions, key_of
from contracts.readers.models import EVENT, fields
from contracts.readers.program import names_of
from contracts.readers.reading import How, Place, Use
from contracts.readers.summary import WHOLE, attribute, place_of, used_by
from contracts.readers.walk import children

#: What looks at a value without passing it on. `partial` calls what is typed; `getattr` is looked at by itself.
_LOOKS: Final = frozenset(
    {f"builtins.{name}" for name in ("isinstance", "issubclass", "type", "len", "bool", "id", "getattr", "hasattr")}
    | {"functools.partial", "typing.cast"}
)
#: Jinja's ways to fill a template: the templates say themselves what they read.
_RENDERS: Final = frozenset({"render", "render_async", "generate", "stream"})
_BY_NAME: Final = frozenset({"builtins.getattr", "builtins.hasattr"})
#: Any that no payload can get into without having been passed on to somebody else's code first.
_FOREIGN: Final = TypeOfAny.from_unimported_type


class Uses(Fine):
    """Visits files; `found` grows. `built` are the models that are made, or named only, with where.

    `given` are the payloads that templates get, with their names.
    """

    def __init__(self, flow: Flow, targets: Targets) -> None:
        super().__init__(flow, targets)
        self.found: list[Use] = []
        self.built: list[tuple[str, str, str, bool]] = []
        self.given: list[tuple[str, str, frozenset[Place]]] = []
        self._symbol = ""
        self._file: MypyFile

    def visit_mypy_file(self, o: MypyFile) -> None:
        self._file = o
        for statement in o.defs:
            self._symbol = next((f"{o.fullname}.{name}" for name in names_of(statement)), o.fullname)
            self.visit(statement)

    @property
    def _ours(self) -> bool:
        """The contract's and the runtime's own code is on everybody's way: only what it says of one model counts."""
        return self._file.fullname.startswith(BUSINESS)

    def _where(self, node: Node) -> str:
        return self.flow.program.where(self._file, node.line)

    def _use(self, node: Node, places: Iterable[Place], how: How) -> None:
        self.found += [Use(self._symbol, self._where(node), place, how) for place in places]

    def _use_fields(self, node: Node, places: Iterable[Place], names: Iterable[str]) -> None:
        places = list(places)
        for name in names:
            if name == WHOLE:
                self._use(node, places, "passes on whole")
            else:
                self._use(node, [place.under(name) for place in places], "reads")

    # Payloads as objects

    def visit_member_expr(self, o: MemberExpr) -> None:
        self._attribute(o, o.expr, o.name)
        self._json(o)
        self.children(o)

    def _attribute(self, node: Node, of: Expression, name: str) -> None:
        things = self.flow.things(of)
        for info in things:
            if name not in AS_DATA and (self._ours or self.flow.models.is_concrete(info)):
                self._attribute_of(node, info, name)
        if things or not self._ours:
            return
        if Event() in self.flow.values(of):
            self._attribute_of_event(node, name)
        elif _may_be_ours(self.flow.program.type_of(of)):
            self._use(node, (p for p in self.flow.models.all_places if p.path.rpartition(".")[2] == name), "reads")

    def _attribute_of(self, node: Node, info: TypeInfo, name: str) -> None:
        """A field that only some of a base's models have is read of those."""
        places = self.flow.models.places(info)
        having = [place for place in places if name in self.flow.models.fields_of(place)]
        self._use_fields(node, having or places, {name} if having else attribute(info, name))

    def _attribute_of_event(self, node: Node, name: str) -> None:
        event = self.flow.models.named(EVENT)
        if event is not None and name != "data" and WHOLE in attribute(event, name):
            self._use(node, self.flow.models.everywhere, "passes on whole")

    def visit_call_expr(self, o: CallExpr) -> None:
        if isinstance(o.callee, NameExpr) and o.callee.fullname in _BY_NAME:
            self._by_name(o)
        if isinstance(o.callee, NameExpr | MemberExpr) and o.callee.fullname == "operator.attrgetter":
            names = {a.value for a in o.args if isinstance(a, StrExpr)}
            self._use(o, (p for p in self.flow.models.all_places if p.path.rpartition(".")[2] in names), "reads")
        self._build(o)
        if self._ours:
            self._check(o)
            self._hand_on(o)
            self._get(o)
            self._json(o)
        super().visit_call_expr(o)

    def _by_name(self, o: CallExpr) -> None:
        name = key_of(o.args[1]) if len(o.args) > 1 else None
        if isinstance(name, str):
            self._attribute(o, o.args[0], name)
        elif things := self.flow.things(o.args[0]):
            for info in things:
                self._use(o, self.flow.models.places(info), "passes on whole")

    def visit_comparison_expr(self, o: ComparisonExpr) -> None:
        for i, operator in enumerate(o.operators):
            left, right = o.operands[i : i + 2]
            if operator in ("==", "!="):
                self._use(o, self._within(left) | self._within(right), "passes on whole")
            elif operator in ("in", "not in") and isinstance(key := key_of(left), str):
                self._use(o, self._json_places(right, key), "reads")
        super().visit_comparison_expr(o)

    def _within(self, e: Expression) -> frozenset[Place]:
        if not self._ours:
            return frozenset()
        if self.flow.models.at(self.flow.program.type_of(e)):
            return self.flow.places(e)
        within = self.flow.models.within(self.flow.program.type_of(e))
        return frozenset(place for info in within for place in self.flow.models.places(info))

    # Calls

    def _check(self, o: CallExpr) -> None:
        """A function of the contract that makes a payload of the event that came in refuses what does not fit."""
        takes_event = any(Event() in self.flow.values(argument) for argument in o.args)
        if takes_event and any(_is_contract(f) for f in functions(self.flow, o.callee)):
            models = self.flow.models.at(self.flow.program.type_of(o))
            self._use(o, (place for info in models for place in self.flow.models.places(info)), "checks")

    def _hand_on(self, o: CallExpr) -> None:
        if self._renders and isinstance(o.callee, MemberExpr) and o.callee.name in _RENDERS:
            for name, argument in zip(o.arg_names, o.args, strict=True):
                self._give(name or "", argument)
            return
        for position, argument in enumerate(o.args):
            places = self._within(argument)
            is_event = Event() in self.flow.values(argument)
            if places or is_event:
                used = self._used_by_callee(o, position, is_event=is_event)
                self._use_fields(o, places or self.flow.models.everywhere, used)

    def _used_by_callee(self, o: CallExpr, position: int, *, is_event: bool) -> frozenset[str]:
        contract = [f for f in functions(self.flow, o.callee) if _is_contract(f)]
        if contract:
            makes_payload = is_event and self.flow.models.at(self.flow.program.type_of(o))
            used = (used_by(f, place_of(o, position, f, bound=bool(f.info))) for f in contract)
            return frozenset() if makes_payload else frozenset[str]().union(*used)
        if is_event or _is_ours(o.callee) or _looks(o.callee):
            return frozenset()
        return frozenset() if self._takes_models(o, position) else frozenset({WHOLE})

    def _takes_models(self, o: CallExpr, position: int) -> bool:
        """Whether what is called is typed as taking a model, and so has an eye on it itself."""
        callee = self.flow.program.type_of(o.callee)
        if not isinstance(callee, CallableType) or _is_variable(o.callee):
            return not isinstance(callee, AnyType)
        formal = callee.argument_by_name(name) if (name := o.arg_names[position]) else None
        formal = formal or callee.argument_by_position(position)
        return formal is not None and bool(self.flow.models.within(get_proper_type(formal.typ)))

    def _build(self, o: CallExpr) -> None:
        kinds = [v for v in self.flow.values(o.callee) if isinstance(v, Kind)]
        if isinstance(o.callee, MemberExpr) and o.callee.name.startswith("model_"):
            kinds = [v for v in self.flow.values(o.callee.expr) if isinstance(v, Kind)]
            self._revalidate(o, kinds)
        self._name(o, kinds, named=False)

    def _revalidate(self, o: CallExpr, kinds: list[Kind]) -> None:
        """JSON of a payload that becomes another model: the fields that this one knows are read."""
        names = {n for kind in kinds if (info := self.flow.models.named(kind.model)) for n in fields(info)}
        for argument in o.args:
            for place in self.flow.json(argument):
                known = self.flow.models.fields_of(place)
                self._use(o, [place.under(name) for name in names if name in known], "reads")

    def _name(self, node: Node, kinds: Iterable[Kind], *, named: bool) -> None:
        for kind in kinds:
            info = self.flow.models.named(kind.model)
            root = self.flow.models.root(info) if info else None
            if root and self._ours:
                self.built.append((self._file.fullname, root.type, self._where(node), named))

    # Payloads as JSON

    def _json_places(self, e: Expression, key: str) -> list[Place]:
        return [place.under(key) for place in self.flow.json(e)] if self._ours else []

    def _json(self, e: Expression) -> None:
        """JSON that goes anywhere but into a variable, a function of ours or a look-up leaves our sight."""
        if self._ours and e not in self.fine:
            self._use(e, (p for p in self.flow.json(e) if not self.flow.models.is_scalar(p)), "passes on whole")

    def _get(self, o: CallExpr) -> None:
        if isinstance(o.callee, MemberExpr) and o.callee.name in ("get", "pop") and o.args:
            key = key_of(o.args[0])
            if isinstance(key, str):
                self._use(o, self._json_places(o.callee.expr, key), "reads")

    def visit_index_expr(self, o: IndexExpr) -> None:
        key = key_of(o.index)
        if isinstance(key, str):
            self._use(o, self._json_places(o.base, key), "reads")
        self._json(o)
        super().visit_index_expr(o)

    def visit_name_expr(self, o: NameExpr) -> None:
        self._json(o)
        if isinstance(o.node, TypeInfo):
            self._name(o, [Kind(o.node.fullname)], named=True)

    # Displays and patterns

    def visit_dict_expr(self, o: DictExpr) -> None:
        for key, value in o.items:
            if isinstance(key, StrExpr) and self._renders:
                self._give(key.value, value)
            elif self._widens(o, value):
                self._use(value, self._within(value), "passes on whole")
        self.children(o)

    @property
    def _renders(self) -> bool:
        return "jinja2" in self.imports(self._file)

    def _give(self, name: str, value: Expression) -> None:
        if places := self._within(value):
            self.given.append((self._symbol, name, places))

    def visit_list_expr(self, o: ListExpr) -> None:
        self._items(o)
        self.children(o)

    def visit_set_expr(self, o: SetExpr) -> None:
        self._items(o)
        self.children(o)

    def _items(self, o: ListExpr | SetExpr) -> None:
        for item in o.items:
            if self._widens(o, item):
                self._use(item, self._within(item), "passes on whole")

    def _widens(self, display: Expression, item: Expression) -> bool:
        """Whether the display's type forgets that a model is in it."""
        within = self.flow.models.within
        return bool(within(self.flow.program.type_of(item))) and not within(self.flow.program.type_of(display))

    def visit_match_stmt(self, o: MatchStmt) -> None:
        for pattern in o.patterns:
            self._match(pattern, self.flow.json(o.subject) if self._ours else frozenset())
        super().visit_match_stmt(o)

    def _match(self, pattern: Node, places: Iterable[Place]) -> None:
        if isinstance(pattern, MappingPattern):
            for key, value in zip(pattern.keys, pattern.values, strict=True):
                if isinstance(name := key_of(key), str):
                    below = [place.under(name) for place in places]
                    self._use(key, below, "reads")
                    self._match(value, below)
            self._use(pattern, places if pattern.rest is not None else (), "passes on whole")
        elif isinstance(pattern, SequencePattern):
            for item in children(pattern):
                self._match(item, [place.under("[]") for place in places])
        elif isinstance(pattern, AsPattern | OrPattern):
            for item in children(pattern):
                self._match(item, places)

    def visit_class_pattern(self, o: ClassPattern) -> None:
        info = o.class_ref.node
        if isinstance(info, TypeInfo):
            for name in o.keyword_keys:
                self._use_fields(o, self.flow.models.places(info), attribute(info, name))
        self.children(o)


def _may_be_ours(type_: ProperType | None) -> bool:
    """Whether a value of no known type may be a payload: not one that somebody else's code gave."""
    while isinstance(type_, AnyType) and type_.source_any is not None:
        type_ = type_.source_any
    if isinstance(type_, Instance):
        return type_.type.fullname == "builtins.object"
    return isinstance(type_, AnyType) and type_.type_of_any != _FOREIGN


def _is_contract(function: FuncDef) -> bool:
    return function.fullname.startswith("events.")


def _node(callee: Expression) -> object:
    node = callee.node if isinstance(callee, NameExpr | MemberExpr) else None
    return node.func if isinstance(node, Decorator) else node


def _is_ours(callee: Expression) -> bool:
    node = _node(callee)
    return isinstance(node, FuncDef | TypeInfo) and node.fullname.partition(".")[0] in (
        "events",
        "runtime",
        "functions",
    )


def _is_variable(callee: Expression) -> bool:
    """A function that came in as a value: typed by those who took it, who are looked at as well."""
    return not isinstance(_node(callee), FuncDef | TypeInfo) and not isinstance(callee, MemberExpr)


def _looks(callee: Expression) -> bool:
    return isinstance(callee, NameExpr | MemberExpr) and callee.fullname in _LOOKS
