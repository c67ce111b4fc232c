"""What Jinja templates read of the payloads that they are given: `templates/<event type>/*.j2`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from jinja2 import Environment, nodes
from jinja2.meta import find_referenced_templates

from contracts.readers.reading import How, Place

SUFFIX: Final = ".j2"

#: The places that an expression or a name may stand for.
Places = frozenset[Place]
#: line, place, how
Found = Iterator[tuple[int, Place, How]]

#: Filters and tests that look at a value without showing it whole, or give its elements.
_LOOKS: Final = frozenset({"length", "count"})
_ELEMENTS: Final = frozenset({"first", "last", "sort", "reverse", "list", "random"})


def folders(service: Path) -> Iterator[tuple[str, Path]]:
    """Every folder with templates below a service, and its name: an event type, if it is one."""
    for folder in sorted({path.parent for path in service.rglob(f"*{SUFFIX}")}):
        yield folder.name, folder


def uses(folder: Path, names: Mapping[str, Places]) -> Iterator[tuple[Path, int, Place, How]]:
    """What the folder's templates, and those that they extend, include or import, use of the named payloads."""
    pending, seen = sorted(folder.glob(f"*{SUFFIX}")), set[Path]()
    while pending:
        path = pending.pop(0)
        if path in seen:
            continue
        seen.add(path)
        tree = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
        yield from ((path, *found) for found in _Scope(dict(names)).block(tree.body))
        pending += [folder.parent / name for name in _others(tree) if (folder.parent / name).exists()]


def _others(tree: nodes.Template) -> Iterator[str]:
    return (name for name in find_referenced_templates(tree) if name is not None)


class _Scope:
    def __init__(self, names: dict[str, Places]) -> None:
        self._names = names

    def block(self, body: Iterable[nodes.Node]) -> Found:
        for node in body:
            yield from self._node(node)

    def _node(self, node: nodes.Node) -> Found:
        if isinstance(node, nodes.For):
            self._bind(node.target, frozenset(p.under("[]") for p in self._places(node.iter)))
            yield from self._looked_at(node.iter)
            yield from self.block([*node.body, *node.else_, *([node.test] if node.test else [])])
        elif isinstance(node, nodes.Assign):
            self._bind(node.target, self._places(node.node))
            yield from self._looked_at(node.node)
        elif isinstance(node, nodes.With):
            for target, value in zip(node.targets, node.values, strict=True):
                self._bind(target, self._places(value))
                yield from self._looked_at(value)
            yield from self.block(node.body)
        elif isinstance(node, nodes.If):
            yield from self._looked_at(node.test)
            yield from self.block([*node.body, *node.elif_, *node.else_])
        elif isinstance(node, nodes.Expr):
            yield from self._shown(node)
        else:
            yield from self.block(node.iter_child_nodes())

    def _bind(self, target: nodes.Node, places: Places) -> None:
        if isinstance(target, nodes.Name):
            self._names[target.name] = places

    def _places(self, node: nodes.Node | None) -> Places:
        match node:
            case nodes.Name():
                return self._names.get(node.name, frozenset())
            case nodes.Getattr():
                return frozenset(place.under(node.attr) for place in self._places(node.node))
            case nodes.Getitem():
                return frozenset(_item(place, node.arg) for place in self._places(node.node))
            case nodes.Filter(name=name) if name in _ELEMENTS:
                one = name in ("first", "last", "random")
                return frozenset(place.under("[]") if one else place for place in self._places(node.node))
            case nodes.CondExpr() | nodes.Or() | nodes.And():
                return frozenset[Place]().union(*(self._places(child) for child in node.iter_child_nodes()))
            case _:
                return frozenset()

    def _looked_at(self, node: nodes.Node) -> Found:
        """Its truth is tested, or its elements are taken: that passes nothing on."""
        match node:
            case nodes.Name():
                return
            case nodes.Getattr() | nodes.Getitem():
                yield from self._step(node)
            case nodes.Not() | nodes.And() | nodes.Or() | nodes.Test():
                for child in node.iter_child_nodes():
                    yield from self._looked_at(child)
            case nodes.Filter(name=name) if name in _LOOKS | _ELEMENTS and node.node is not None:
                yield from self._looked_at(node.node)
            case _:
                yield from self._shown(node)

    def _shown(self, node: nodes.Node) -> Found:
        match node:
            case nodes.Name():
                yield from ((node.lineno, place, "passes on whole") for place in self._places(node))
            case nodes.Getattr() | nodes.Getitem():
                yield from self._step(node)
            case nodes.Test():
                yield from self._looked_at(node)
            case nodes.Filter(name=name) if name in _LOOKS and node.node is not None:
                yield from self._looked_at(node.node)
            case _:
                for child in node.iter_child_nodes():
                    yield from self._node(child)

    def _step(self, node: nodes.Getattr | nodes.Getitem) -> Found:
        how: How = "passes on whole" if isinstance(node, nodes.Getitem) and _is_computed(node) else "reads"
        places = self._places(node.node) if how == "passes on whole" else self._places(node)
        yield from ((node.lineno, place, how) for place in places)
        yield from self._looked_at(node.node)
        if isinstance(node, nodes.Getitem):
            yield from self._node(node.arg)


def _item(place: Place, key: nodes.Node) -> Place:
    if isinstance(key, nodes.Slice):
        return place
    return place.under(key.value if isinstance(key, nodes.Const) and isinstance(key.value, str) else "[]")


def _is_computed(node: nodes.Getitem) -> bool:
    return not isinstance(node.arg, nodes.Const | nodes.Slice)
