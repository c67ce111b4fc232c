"""A contract as frozen dataclasses of the standard library."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator
from textwrap import dedent, indent
from typing import Final

from contracts.authoring.words import described
from contracts.generate.names import class_name, part_name
from contracts.shapes import Contract, Member, Model, Shape

_TAKEN: Final = frozenset(("extra", "to_dict", "from_dict", "TYPE", "VERSION", "DATASCHEMA"))
_SCALARS: Final = {"text": "str", "integer": "int", "number": "float", "flag": "bool", "null": "None"}


def class_sources(contract: Contract) -> Iterator[str]:
    """The classes of one contract, those that others are made of first."""
    for part in contract.parts:
        yield _class(contract, part, part_name(contract, part.name), identity="", checks="")
    identity = f"""
        TYPE: ClassVar[str] = {contract.type!r}
        VERSION: ClassVar[int] = {contract.version}
        DATASCHEMA: ClassVar[str] = {contract.urn!r}
        """
    checks = """
        def __post_init__(self) -> None:
            check(SCHEMAS[self.DATASCHEMA], self.to_dict())
        """
    yield _class(contract, contract.root, class_name(contract), identity=identity, checks=checks)


def _class(contract: Contract, model: Model, name: str, *, identity: str, checks: str) -> str:
    members = sorted(model.members, key=lambda member: not member.required)
    checked = ("        check(SCHEMAS[cls.DATASCHEMA], data)",) if identity else ()
    parts = (
        "@dataclass(frozen=True, slots=True, kw_only=True)",
        f"class {name}:",
        indent(_docstring(contract, model), "    "),
        indent(dedent(identity), "    "),
        *(f"    {attribute_name(member)}: {_annotation(contract, member)}" for member in members),
        "    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False)",
        indent(dedent(checks), "    "),
        "    @classmethod",
        "    def from_dict(cls, data: Mapping[str, Any]) -> Self:",
        *checked,
        f"        known: set[str] = {_set(member.name for member in members)}",
        "        return cls(",
        *(f"            {attribute_name(member)}={_read(contract, member)}," for member in members),
        "            extra={name: value for name, value in data.items() if name not in known},",
        "        )",
        "",
        "    def to_dict(self) -> dict[str, Any]:",
        "        data: dict[str, Any] = {",
        *(f"            {member.name!r}: {_written(member)}," for member in members if not _may_be_left_out(member)),
        "        }",
        *(line for member in members if _may_be_left_out(member) for line in _written_if_there(member)),
        "        return {**self.extra, **data}",
        "",
    )
    return "\n".join(parts)


def _docstring(contract: Contract, model: Model) -> str:
    about = " ".join(model.description.split()) or f"Inside {class_name(contract)}."
    fields = "\n".join(
        f"{attribute_name(m)}: {'; '.join(filter(None, (m.description, described(m.shape))))}" for m in model.members
    )
    text = f"{about}\n\n{fields}".replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{text}\n"""  # noqa: E501' if fields else f'"""{text}"""'


def attribute_name(member: Member) -> str:
    """The field's name, where Python and the class leave it free."""
    name = member.name if member.name.isidentifier() else "".join(c if c.isalnum() else "_" for c in member.name)
    return f"{name}_" if keyword.iskeyword(name) or name in _TAKEN else name


def _annotation(contract: Contract, member: Member) -> str:
    type_ = _type(contract, member.shape)
    if member.required:
        return f"{type_} | None" if member.nullable and member.shape.kind != "any" else type_
    return f"{type_} = ()" if _is_plain_list(member) else f"{type_} | None = None"


def _is_plain_list(member: Member) -> bool:
    """What is optional and not nullable, and a list: left out, it is empty."""
    return member.shape.kind == "list" and not member.nullable


def _may_be_left_out(member: Member) -> bool:
    return not member.required and not _is_plain_list(member)


def _type(contract: Contract, shape: Shape) -> str:
    match shape.kind:
        case "object":
            return part_name(contract, shape.name)
        case "list":
            return f"tuple[{_type(contract, shape.inner[0])}, ...]"
        case "map":
            return f"Mapping[str, {_type(contract, shape.inner[0])}]"
        case "union":
            return " | ".join(dict.fromkeys(_union_member(contract, inner) for inner in shape.inner))
        case "any":
            return "Any"
        case _:
            return _scalar(shape)


def _union_member(contract: Contract, shape: Shape) -> str:
    """An object that may be something else stays as it came: nothing says which class it would be."""
    return "Any" if shape.inner or shape.kind == "object" else _type(contract, shape)


def _scalar(shape: Shape) -> str:
    keywords = shape.keywords
    values = [keywords["const"]] if "const" in keywords else keywords.get("enum")
    return f"Literal[{', '.join(map(repr, values))}]" if values else _SCALARS[shape.kind]


def _read(contract: Contract, member: Member) -> str:
    if member.required and not member.nullable:
        return _decoded(contract, member.shape, f"data[{member.name!r}]")
    if _is_plain_list(member):
        return _decoded(contract, member.shape, f"data.get({member.name!r}, ())")
    got = f"data.get({member.name!r})"
    decoded = _decoded(contract, member.shape, f"data[{member.name!r}]")
    return got if decoded.startswith("data[") else f"None if {got} is None else {decoded}"


def _decoded(contract: Contract, shape: Shape, value: str) -> str:
    match shape.kind:
        case "object":
            return f"{part_name(contract, shape.name)}.from_dict({value})"
        case "list":
            item = _decoded(contract, shape.inner[0], "item")
            return f"tuple({value})" if item == "item" else f"tuple({item} for item in {value})"
        case "map":
            item = _decoded(contract, shape.inner[0], "item")
            return value if item == "item" else f"{{name: {item} for name, item in {value}.items()}}"
        case _:
            return value


def _written(member: Member) -> str:
    attribute = f"self.{attribute_name(member)}"
    encoded = _encoded(member.shape, attribute)
    nullable = member.required and member.nullable and encoded != attribute
    return f"None if {attribute} is None else {encoded}" if nullable else encoded


def _written_if_there(member: Member) -> Iterator[str]:
    attribute = f"self.{attribute_name(member)}"
    yield f"        if {attribute} is not None:"
    yield f"            data[{member.name!r}] = {_encoded(member.shape, attribute)}"


def _encoded(shape: Shape, value: str) -> str:
    match shape.kind:
        case "object":
            return f"{value}.to_dict()"
        case "list":
            item = _encoded(shape.inner[0], "item")
            return f"list({value})" if item == "item" else f"[{item} for item in {value}]"
        case "map":
            item = _encoded(shape.inner[0], "item")
            return f"dict({value})" if item == "item" else f"{{name: {item} for name, item in {value}.items()}}"
        case _:
            return value


def _set(names: Iterable[str]) -> str:
    listed = ", ".join(map(repr, names))
    return f"{{{listed}}}" if listed else "set()"
