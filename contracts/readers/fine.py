"""Where JSON may stand without leaving our sight."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from mypy.nodes import (
    AssignmentExpr,
    AssignmentStmt,
    CallExpr,
    ComparisonExpr,
    ConditionalExpr,
    DictExpr,
    Expression,
    ExpressionStmt,
    ForStmt,
    FuncDef,
    GeneratorExpr,
    IfStmt,
    Import,
    ImportFrom,
    IndexExpr,
    ListComprehension,
    ListExpr,
    MatchStmt,
    MemberExpr,
    MypyFile,
    NameExpr,
    OpExpr,
    ReturnStmt,
    StarExpr,
    TupleExpr,
    TypeInfo,
    UnaryExpr,
    WhileStmt,
)

from contracts.readers.binding import Targets
from contracts.readers.flow import ADDS, AS_DATA, SAME, Flow, key_of
from contracts.readers.walk import Walk

_LOOKS: Final = frozenset(f"builtins.{name}" for name in ("isinstance", "len", "bool", "type"))


class Fine(Walk):
    """Marks as `fine`, on the way down, what is bound to a name, looked up by a literal key, or only tested."""

    def __init__(self, flow: Flow, targets: Targets) -> None:
        super().__init__()
        self.flow = flow
        self.targets = targets
        self.fine: set[Expression] = set()
        self._function: FuncDef | None = None

    def mark(self, *expressions: Expression | None) -> None:
        for e in expressions:
            if e is not None:
                self.fine.add(e)
                self.mark(*_parts(e))

    def visit_func_def(self, o: FuncDef) -> None:
        outer, self._function = self._function, o
        self.children(o)
        self._function = outer

    def visit_assignment_stmt(self, o: AssignmentStmt) -> None:
        self.mark(o.rvalue, *o.lvalues)
        self.children(o)

    def visit_assignment_expr(self, o: AssignmentExpr) -> None:
        self.mark(o.value, o.target)
        self.children(o)

    def visit_return_stmt(self, o: ReturnStmt) -> None:
        if self._function is not None and self._function not in self.targets.escaping:
            self.mark(o.expr)
        self.children(o)

    def visit_expression_stmt(self, o: ExpressionStmt) -> None:
        self.mark(o.expr)
        self.children(o)

    def visit_if_stmt(self, o: IfStmt) -> None:
        self.mark(*o.expr)
        self.children(o)

    def visit_while_stmt(self, o: WhileStmt) -> None:
        self.mark(o.expr)
        self.children(o)

    def visit_unary_expr(self, o: UnaryExpr) -> None:
        if o.op == "not":
            self.mark(o.expr)
        self.children(o)

    def visit_conditional_expr(self, o: ConditionalExpr) -> None:
        self.mark(o.cond)
        self.children(o)

    def visit_match_stmt(self, o: MatchStmt) -> None:
        self.mark(o.subject)
        self.children(o)

    def visit_for_stmt(self, o: ForStmt) -> None:
        self._mark_loop(o.expr, o.index)
        self.children(o)

    def visit_generator_expr(self, o: GeneratorExpr) -> None:
        for index, sequence, conditions in zip(o.indices, o.sequences, o.condlists, strict=True):
            self._mark_loop(sequence, index)
            self.mark(*conditions)
        self.children(o)

    def _mark_loop(self, sequence: Expression, index: Expression) -> None:
        """The elements of a list go on by themselves; to go through an object is to see all that is in it."""
        self.mark(index)
        if not any(not place.path for place in self.flow.json(sequence)):
            self.mark(sequence)

    def visit_comparison_expr(self, o: ComparisonExpr) -> None:
        for i, operator in enumerate(o.operators):
            left, right = o.operands[i : i + 2]
            if operator in ("is", "is not") or (operator in ("in", "not in") and key_of(left) is not None):
                self.mark(left, right)
        self.children(o)

    def visit_index_expr(self, o: IndexExpr) -> None:
        if key_of(o.index) is not None:
            self.mark(o.base)
        self.children(o)

    def visit_call_expr(self, o: CallExpr) -> None:
        callee = o.callee
        if isinstance(callee, MemberExpr):
            literal = callee.name in ("get", "pop") and bool(o.args) and key_of(o.args[0]) is not None
            self.mark(callee.expr if literal or callee.name in AS_DATA or callee.name in ADDS else None)
            self.mark(*(o.args if callee.name in ADDS else ()))
        names = isinstance(callee, NameExpr | MemberExpr) and callee.fullname in _LOOKS
        kept = isinstance(callee, NameExpr) and callee.fullname in SAME and o in self.fine
        if names or kept or any(self.targets.of(callee)) or _is_class_of_ours(callee):
            self.mark(*o.args)
        self.children(o)

    @staticmethod
    @cache
    def imports(file: MypyFile) -> frozenset[str]:
        """The modules that a file imports, by their first name."""
        found: set[str] = set()
        for statement in file.defs:
            if isinstance(statement, Import):
                found |= {name.partition(".")[0] for name, _ in statement.ids}
            elif isinstance(statement, ImportFrom):
                found.add(statement.id.partition(".")[0])
        return frozenset(found)


def _is_class_of_ours(callee: Expression) -> bool:
    node = callee.node if isinstance(callee, NameExpr | MemberExpr) else None
    return isinstance(node, TypeInfo) and node.fullname.startswith("functions.")


#: Where the parts are that stand where the whole stands.
_PARTS: Final[Mapping[type[Expression], tuple[str, ...]]] = {
    TupleExpr: ("items",),
    ListExpr: ("items",),
    ConditionalExpr: ("if_expr", "else_expr"),
    AssignmentExpr: ("value",),
    StarExpr: ("expr",),
    ListComprehension: ("generator",),
    GeneratorExpr: ("left_expr",),
}


def _parts(e: Expression) -> list[Expression]:
    if isinstance(e, DictExpr):
        return [value for key, value in e.items if key is not None]
    if isinstance(e, OpExpr):
        return [e.left, e.right] if e.op in ("and", "or") else []
    found = [getattr(e, name) for name in _PARTS.get(type(e), ())]
    return [part for value in found for part in (value if isinstance(value, list) else [value])]
