"""The contract as a Python package that needs the standard library alone.

`python/` holds the modules that are the same for every catalog; here is what is made of the schemas.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from pprint import pformat
from string import Template
from typing import Any, Final

from contracts.authoring.source import formatted
from contracts.generate.names import class_name, part_name
from contracts.generate.package import Files, provenance, shown, static_files, type_table
from contracts.generate.python_classes import attribute_name, class_sources
from contracts.samples import samples
from contracts.shapes import Contract

_STATIC: Final = Path(__file__).with_name("python")
_PACKAGE: Final = "src/breakwater_events"


def python_package(contracts: Sequence[Contract]) -> Files:
    """All files of the package; the same contracts give the same bytes."""
    header = f"# {provenance(contracts)}\n\n"
    static = {path: text for path, text in static_files(_STATIC, (".py",)).items() if path != "__init__.py"}
    made = {"events.py": _events(contracts), "schemas.py": _schemas(contracts), "__init__.py": _init(contracts)}
    formed = {path: formatted(text, name=f"contracts/generate/python/{path}") for path, text in made.items()}
    sources = {f"{_PACKAGE}/{path}": header + text for path, text in {**static, **formed}.items()}
    return {**sources, f"{_PACKAGE}/py.typed": "", "pyproject.toml": _PROJECT, "README.md": _readme(contracts)}


_PROJECT: Final = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "breakwater-events"
version = "0.0.0"
description = "Breakwater's events: typed data, checks and a thin client"
requires-python = ">=3.11"
readme = "README.md"

[tool.setuptools.package-data]
breakwater_events = ["py.typed"]
"""


def _events(contracts: Sequence[Contract]) -> str:
    classes = [block for contract in contracts for block in class_sources(contract)]
    return "\n\n".join((_IMPORTS, *classes, _parsing(contracts)))


_IMPORTS: Final = '''\
"""Every event's data, one frozen class for each type and version.

An instance is valid: what does not fit raises InvalidEvent, naming the fields. Fields that a class does not know are
carried along in `extra`. Times are RFC 3339 texts, as they came.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from .envelope import Event, InvalidEvent, Problem, event_of, members_of, version_of
from .schemas import SCHEMAS
from .validation import check
'''


def _parsing(contracts: Sequence[Contract]) -> str:
    names = [class_name(contract) for contract in contracts]
    table = "\n".join(f"    ({c.type!r}, {c.version}): {class_name(c)}," for c in contracts)
    return f'''\
#: Every event's data there is: match on its class.
AnyData = {" | ".join(names)}

_CLASSES: Mapping[tuple[str, int], type[AnyData]] = {{
{table}
}}


def parse(raw: str | bytes | Mapping[str, Any]) -> Event[AnyData]:
    """The event in a JSON text, or in what was read from one: a CloudEvent, or the EventBridge event it came in.

    Raises InvalidEvent, with every field that is at fault.
    """
    members = members_of(raw)
    version = version_of(members)
    found = _CLASSES.get((members["type"], version))
    if found is None:
        message = f"{{members['type']}} v{{version}} is not in this package: generate it anew"
        raise InvalidEvent([Problem("type", message)])
    return event_of(members, found.from_dict(members.get("data", {{}})))
'''


def _schemas(contracts: Sequence[Contract]) -> str:
    by_urn: dict[str, Any] = {contract.urn: contract.schema for contract in contracts}
    return (
        '"""The contract\'s JSON Schemas, by the URN that `dataschema` names."""\n\n'
        "from collections.abc import Mapping\nfrom typing import Any\n\n"
        f"SCHEMAS: Mapping[str, Mapping[str, Any]] = {pformat(by_urn, width=110, sort_dicts=False)}\n"
    )


def _init(contracts: Sequence[Contract]) -> str:
    client = ("EventResult", "IngestionClient", "PublishError", "Unpublished", "put_events", "to_entry")
    envelope = ("Event", "InvalidEvent", "Problem", "derived_id")
    parts = [part_name(c, part.name) for c in contracts for part in c.parts]
    events = ("AnyData", "parse", *parts, *map(class_name, contracts))
    imports = (("client", client), ("envelope", envelope), ("events", events))
    lines = [f"from .{module} import {', '.join(names)}" for module, names in imports]
    everything = [name for _, names in imports for name in names]
    return '"""Breakwater\'s events."""\n\n' + "\n".join(lines) + f"\n\n__all__ = {sorted(everything)!r}\n"


def _readme(contracts: Sequence[Contract]) -> str:
    one = shown(contracts)
    return Template((_STATIC / "README.md").read_text(encoding="utf-8")).substitute(
        provenance=provenance(contracts),
        name=class_name(one),
        data=_construction(one),
        table=type_table(contracts, {contract.urn: class_name(contract) for contract in contracts}),
    )


def _construction(contract: Contract) -> str:
    data: dict[str, Any] = next(samples(contract, "valid")).data
    if contract.parts:
        return f"{class_name(contract)}.from_dict({data!r})"
    attributes = {member.name: attribute_name(member) for member in contract.root.members}
    fields = "".join(f"        {attributes[name]}={json.dumps(data[name], ensure_ascii=False)},\n" for name in data)
    return f"{class_name(contract)}(\n{fields}    )"
