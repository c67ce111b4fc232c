"""Everything about one version of an event type, for a person or a script."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, TypedDict

from contracts.authoring.lookup import versions_of
from contracts.authoring.words import described
from contracts.company import Route, consumers_of, producers_of
from contracts.examples import event_example
from contracts.shapes import Contract, Model
from events.catalog import CATALOG, NEWEST
from events.versions import Active, Deprecated, Lifecycle, Mode, Retired

_ROOT: Final = Path(__file__).parents[2]
_ELSEWHERE: Final = "other systems"
_READS: Final = {
    "backward": "what was written before can be read",
    "forward": "what is written now can be read by those who have not changed",
}


class Field(TypedDict):
    name: str
    required: bool
    holds: str
    description: str


class Explanation(TypedDict):
    """`where`s are paths from the project's root, with a line: `events/catalog.py:120`."""

    type: str
    version: int
    newest: int
    description: str
    model: str
    where: str
    files: list[str]
    fields: list[Field]
    parts: dict[str, list[Field]]
    sent_by: dict[str, str]
    read_by: dict[str, str]
    versions: dict[str, str]
    compatibility: str
    example: dict[str, object]


class Party(NamedTuple):
    name: str
    where: str


def explained(contract: Contract) -> Explanation:
    model = contract.model
    return Explanation(
        type=contract.type,
        version=contract.version,
        newest=NEWEST[contract.type].version,
        description=contract.root.description,
        model=model.__name__,
        where=f"{_relative(inspect.getfile(model))}:{inspect.getsourcelines(model)[1]}",
        files=_files(contract),
        fields=_fields(contract.root),
        parts={part.name: _fields(part) for part in contract.parts},
        sent_by=dict(_senders(contract)),
        read_by=dict(_readers(contract)),
        versions={f"v{v}": _life(CATALOG[contract.type, v].lifecycle) for v in versions_of(contract.type)},
        compatibility=f"{model.compatibility}: {_mode(model.compatibility)}",
        example=event_example(model),
    )


def _files(contract: Contract) -> list[str]:
    """What is derived from its model, and stands in files of its own."""
    found = (_ROOT / "events").glob(f"*/{contract.type}/v{contract.version}.*")
    return sorted(_relative(path) for path in found)


def _fields(model: Model) -> list[Field]:
    return [
        Field(name=m.name, required=m.required, holds=described(m.shape), description=m.description)
        for m in model.members
    ]


def _senders(contract: Contract) -> Iterator[Party]:
    for service in producers_of(contract.type):
        yield Party(service.name, mention(f"functions/{service.name}/manifest.py", f'"{contract.type}"', last=True))
    if contract.model.produced_elsewhere:
        yield Party(_ELSEWHERE, "")


def _readers(contract: Contract) -> Iterator[Party]:
    for route in consumers_of(contract.type):
        yield Party(f"{route.consumer.name} of {route.service.name}", ", ".join(_reading(route)))
    if contract.model.consumed_elsewhere:
        yield Party(_ELSEWHERE, "")


def _reading(route: Route) -> Iterator[str]:
    module, _, function = route.consumer.function.handler.rpartition(".")
    yield mention(f"{module.replace('.', '/')}.py", f"def {function}(")
    yield mention(f"functions/{route.service.name}/manifest.py", f'"{route.type}"')


def mention(path: str, text: str, *, last: bool = False) -> str:
    """The path with the number of a line that has the text, the first or the last, if one has."""
    lines = (_ROOT / path).read_text(encoding="utf-8").splitlines()
    numbers = [number for number, line in enumerate(lines, start=1) if text in line]
    return f"{path}:{numbers[-1 if last else 0]}" if numbers else path


def _life(life: Lifecycle) -> str:
    match life:
        case Active():
            return "active"
        case Deprecated(since=since, sunset=sunset):
            return f"deprecated since {since}, read until {sunset} at least"
        case Retired(on=on):
            return f"retired on {on}: it is refused"


def _mode(mode: Mode) -> str:
    if not mode.directions:
        return "its releases may differ in any way"
    scope = "every release" if mode.is_transitive else "the release before"
    return f"held against {scope}; {', and '.join(_READS[direction] for direction in mode.directions)}"


def _relative(path: str | Path) -> str:
    return str(Path(path).relative_to(_ROOT))


def in_words(explanation: Explanation) -> str:
    """The same for a terminal."""
    newest = "the newest" if explanation["version"] == explanation["newest"] else f"newest: v{explanation['newest']}"
    sections = {
        "fields": list(_table(explanation["fields"])),
        **{f"  in {name}": list(_table(fields)) for name, fields in explanation["parts"].items()},
        "sent by": [_party(*party) for party in explanation["sent_by"].items()] or ["nobody: it is not in a manifest"],
        "read by": [_party(*party) for party in explanation["read_by"].items()] or ["nobody here"],
        "versions": [f"{version}  {life}" for version, life in explanation["versions"].items()],
        "changes": [explanation["compatibility"]],
        "files": [explanation["where"], *explanation["files"]],
        "example": [json.dumps(explanation["example"], ensure_ascii=False)],
    }
    head = f"{explanation['type']} v{explanation['version']} ({newest}): {explanation['model']}"
    body = (f"{name}\n" + "\n".join(f"    {line}" for line in lines) for name, lines in sections.items())
    return "\n".join((head, *filter(None, [_one_line(explanation["description"])]), "", *body))


def _party(name: str, where: str) -> str:
    return f"{name}  {where}".rstrip()


def _table(fields: list[Field]) -> Iterator[str]:
    width = max((len(field["name"]) for field in fields), default=0)
    for field in fields:
        about = f" ({field['description']})" if field["description"] else ""
        yield f"{field['name']:<{width}}  {'required' if field['required'] else 'optional'}  {field['holds']}{about}"


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)
