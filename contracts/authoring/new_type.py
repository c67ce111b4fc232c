"""A new event type's model, written into the catalog."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from contracts.authoring.kinds import FieldSpec
from contracts.authoring.source import classes, formatted, inserted, names, value_in, with_imports

CATALOG_FILE: Final = "events/catalog.py"

#: EventBridge's, for a detail type.
_LONGEST_TYPE: Final = 128
_TYPE: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){2,}", re.ASCII)
_RESERVED: Final = "aws."
_FIRST_IN_CATALOG: Final = "_models"


class BadType(ValueError):
    """An event type cannot be had as it is asked for; the message says why, and what to do."""


def refuse_bad_type(type_: str, source: str) -> None:
    """Raises BadType for a name that no type may have, and for a type that the catalog's source has."""
    if type_.startswith(_RESERVED):
        raise BadType(f"{type_}: what begins with {_RESERVED} is AWS's")
    if not _TYPE.fullmatch(type_) or len(type_) > _LONGEST_TYPE:
        raise BadType(
            f"{type_}: a type is who.what.happened, in the past, such as billing.invoice.paid: three or more words of "
            f"small letters, digits and _, with dots between, {_LONGEST_TYPE} characters at most"
        )
    if type_ in _places(source):
        raise BadType(
            f"{type_} is in the catalog: edit its class in {CATALOG_FILE} for a change that hurts nobody, "
            f"or `python -m ops schemas bump {type_}` for its next version"
        )
    if class_name(type_) in names(source):
        raise BadType(f"{type_} would be the class {class_name(type_)}, and {CATALOG_FILE} has that name already")


def class_name(type_: str) -> str:
    """`BillingInvoicePaymentFailed` of `billing.invoice.payment_failed`."""
    return "".join(word.capitalize() for word in re.split(r"[._]", type_))


def with_new_type(
    source: str,
    type_: str,
    *,
    doc: str = "",
    fields: Sequence[FieldSpec] = (),
    parts: Mapping[str, Sequence[FieldSpec]] | None = None,
) -> str:
    """The catalog's source with the type's model, after those of the same service. Raises BadType."""
    refuse_bad_type(type_, source)
    if twice := [name for name, count in Counter(spec.name for spec in fields).items() if count > 1]:
        raise BadType(f"{', '.join(twice)}: each field once")
    specs = [spec for each in (*(parts or {}).values(), fields) for spec in each]
    imports = {pair for spec in specs for pair in spec.imports}
    models = [_class(name, "Open", "", (), each) for name, each in (parts or {}).items()]
    models.append(_class(class_name(type_), "Payload", doc, [f'type = "{type_}"'], fields))
    placed = inserted(source, _line_for(type_, source), "\n\n" + "\n\n".join(models))
    return formatted(with_imports(placed, imports), name=CATALOG_FILE)


def _class(name: str, base: str, doc: str, variables: Sequence[str], fields: Sequence[FieldSpec]) -> str:
    docstring = [_docstring(doc), ""] if doc else []
    body = [*docstring, *variables, "", *(spec.line for spec in fields)]
    lines = "\n".join(f"    {line}".rstrip() for line in body)
    return f"class {name}({base}):\n{lines if any(body) else '    pass'}\n"


def _docstring(doc: str) -> str:
    text = " ".join(doc.split()).replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{text}"""' if not text.endswith('"') else f'"""{text} """'


def _places(source: str) -> dict[str, int]:
    """Every type in the source, and the line where its last model ends."""
    found: dict[str, int] = {}
    for class_ in classes(source).values():
        if (assigned := value_in(class_, "type")) is not None:
            found[str(getattr(assigned.value, "value", ""))] = class_.end_lineno or class_.lineno
    return found


def _line_for(type_: str, source: str) -> int:
    """After the last model whose type shares most words with it; the first has to be the same."""
    words = type_.split(".")
    shared = {known: _common(words, known.split(".")) for known in _places(source)}
    best = max(shared.values(), default=0)
    places = _places(source)
    return max(places[known] for known, count in shared.items() if count == best) if best else max(places.values())


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
