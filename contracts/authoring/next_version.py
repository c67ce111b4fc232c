"""The next major version of a type, begun: its model beside the old one, and skeletons of the casts between them.

The new model begins as a copy, so everything runs as before. What is owed to the old version is written down where a
test holds it: examples of its events, each of which asks to be told what it is as the new version.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from contracts.authoring.new_type import CATALOG_FILE, BadType
from contracts.authoring.source import classes, formatted, inserted, names, replaced, text_of, value_in, with_imports
from contracts.samples import as_event, samples
from contracts.samples.sample import Sample
from contracts.shapes import Contract

UPCASTING_FILE: Final = "events/upcasting.py"
EXAMPLES_FOLDER: Final = "tests/unit/old_versions"

_EXAMPLES: Final = {
    "full": "every field is there",
    "least": "only what is required is there",
    "unknown-fields": "fields that no version knows yet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NextVersion:
    """`files` are paths from the project's root -> new contents. `shared` are models that both versions are made of."""

    version: int
    old_name: str
    upcaster: str
    downcaster: str
    files: Mapping[str, str | dict[str, Any]]
    shared: tuple[str, ...]


def next_version(contract: Contract, *, catalog: str, upcasting: str, since: date, sunset: date) -> NextVersion:
    """What the version after `contract`, the newest there is, needs, given both sources as they are. Raises BadType."""
    name, new = contract.model.__name__, contract.version + 1
    old_name = f"{name}V{contract.version}"
    _refuse(name, old_name, catalog, sunset=sunset, since=since)
    cast = re.sub(r"[^a-z0-9]+", "_", contract.type)
    up, down = f"_{cast}_{contract.version}_to_{new}", f"_{cast}_{new}_to_{contract.version}"
    casts = _Casts(type=contract.type, old=contract.version, up=up, down=down)
    return NextVersion(
        version=new,
        old_name=old_name,
        upcaster=casts.up,
        downcaster=casts.down,
        files={
            CATALOG_FILE: _with_version(catalog, name, old_name, new, since=since, sunset=sunset),
            UPCASTING_FILE: _with_casts(upcasting, casts),
            **dict(_examples(contract, casts)),
        },
        shared=tuple(part.name for part in contract.parts),
    )


def _refuse(name: str, old_name: str, catalog: str, *, since: date, sunset: date) -> None:
    if sunset <= since:
        raise BadType(f"the sunset {sunset} is not after {since}: old events must have time to arrive")
    if old_name in names(catalog):
        raise BadType(f"{CATALOG_FILE} has a {old_name} already: give that another name first")
    heirs = [c.name for c in classes(catalog).values() if name in map(ast.unparse, c.bases)]
    if heirs:
        raise BadType(f"{', '.join(heirs)} is made of {name}: let both be made of a class without a type first")


def _with_version(source: str, name: str, old_name: str, new: int, *, since: date, sunset: date) -> str:
    class_ = classes(source)[name]
    body = text_of(source, class_)
    life = f"Deprecated(since=date({_numbers(since)}), sunset=date({_numbers(sunset)}))"
    old = _with_variable(_named_as_before(_renamed(body, name, old_name), name), "lifecycle", life)
    both = f"{_with_variable(body, 'version', str(new))}\n\n\n{old}"
    imports = [("datetime", "date"), ("events.versions", "Deprecated"), ("pydantic", "ConfigDict")]
    return formatted(with_imports(replaced(source, class_, both), imports), name=CATALOG_FILE)


def _renamed(body: str, name: str, other: str) -> str:
    return body.replace(f"class {name}(", f"class {other}(", 1)


def _named_as_before(body: str, name: str) -> str:
    """In the contract the old version keeps its name: readers of Avro go by it."""
    (class_,) = classes(body).values()
    if value_in(class_, "model_config") is not None:
        return body
    return _with_variable(body, "model_config", f'ConfigDict(title="{name}")')


def _with_variable(body: str, name: str, value: str) -> str:
    """The class with one class variable set: where it was, or else below its type and its version."""
    (class_,) = classes(body).values()
    if (assigned := value_in(class_, name)) is not None:
        return replaced(body, assigned, f"    {name} = {value}").rstrip("\n")
    above = value_in(class_, "version") or value_in(class_, "type")
    return inserted(body, above.lineno if above else class_.lineno, f"    {name} = {value}").rstrip("\n")


def _numbers(day: date) -> str:
    return f"{day.year}, {day.month}, {day.day}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Casts:
    type: str
    old: int
    up: str
    down: str

    @property
    def to_do(self) -> str:
        return f"say here what this data is as v{self.old + 1}, then make {self.up} in {UPCASTING_FILE} say it too"


def _with_casts(source: str, casts: _Casts) -> str:
    old, new = casts.old, casts.old + 1
    skeletons = (
        f"def {casts.up}(v{old}: Data) -> Data:\n"
        f'    """To be written: what v{new} says differently. Until then all is copied, and tests fail."""\n'
        f"    return {{**v{old}}}\n\n\n"
        f"def {casts.down}(v{new}: Data) -> Data:\n"
        f'    """To be written: the way back, for readers of v{old}. Until then all is copied."""\n'
        f"    return {{**v{new}}}\n"
    )
    for table, function in (("UPCASTS", casts.up), ("DOWNCASTS", casts.down)):
        source = _registered(source, table, f'("{casts.type}", {old}): {function}')
    placed = inserted(source, _end_of_casts(source), f"\n\n{skeletons}")
    return formatted(placed, name=UPCASTING_FILE)


def _end_of_casts(source: str) -> int:
    """Where the last function before the tables ends, or whatever stands there."""
    body = ast.parse(source).body
    table = next(node for node in body if _is_table(node, "UPCASTS"))
    before = body[body.index(table) - 1]
    return before.end_lineno or before.lineno


def _registered(source: str, table: str, entry: str) -> str:
    node = next(node for node in ast.parse(source).body if _is_table(node, table))
    entries = next(each for each in ast.walk(node) if isinstance(each, ast.Dict))
    lines = source.splitlines()
    row, column = (entries.end_lineno or 1) - 1, (entries.end_col_offset or 1) - 1
    before = lines[row].encode()[:column].decode().rstrip().removesuffix(",")
    comma = "," if entries.keys else ""
    lines[row] = f"{before}{comma} {entry}{lines[row].encode()[column:].decode()}"
    return "\n".join(lines) + "\n"


def _is_table(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name


def _examples(contract: Contract, casts: _Casts) -> Iterator[tuple[str, dict[str, Any]]]:
    """Events of the old version as they are sent today, each with what it is to be, which nobody can know yet."""
    made = {sample.why: sample for sample in samples(contract, "edge")}
    for stem, why in _EXAMPLES.items():
        sample = made.get(why) or made[_EXAMPLES["full"]]
        path = f"{EXAMPLES_FOLDER}/{contract.type}/v{contract.version}/{stem}.json"
        yield path, {"event": _event(contract, sample, stem), "next": {"to do": casts.to_do}}


def _event(contract: Contract, sample: Sample, stem: str) -> dict[str, Any]:
    return as_event(contract, sample, seed=0, index=0) | {"id": f"{stem}-of-v{contract.version}"}
