"""Can a reader with one Avro schema read all that was written with another?

By the schema resolution of the Apache Avro 1.12 specification, with names of rules that Avro users know:

| rule | the reader |
|---|---|
| `TYPE_MISMATCH` | has another type, to which the writer's cannot be promoted |
| `NAME_MISMATCH` | calls the record, enum or fixed otherwise, and has no alias for it |
| `FIXED_SIZE_MISMATCH` | has a fixed of another size |
| `MISSING_ENUM_SYMBOLS` | lacks symbols of the writer's enum, and its enum has no default |
| `MISSING_UNION_BRANCH` | has a union without a branch for what the writer writes |
| `READER_FIELD_MISSING_DEFAULT_VALUE` | has a field that the writer does not write, and no default for it |
| `LOGICAL_TYPE_MISMATCH` | decodes the same bytes, but takes them for something else: seconds for days |
| `AMBIGUOUS_ALIAS` | has one field for two of the writer's |

The last two are ours. Avro's resolution lets other logical types pass (all but decimals of other digits), and changes
the meaning of what was written. A reader without the writer's logical type is fine: it reads the plain type. A reader
that adds one cannot be sure that the writer meant it. Of two writer's fields that the reader knows as one, by name and
by alias, the specification does not say which is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from contracts.compatibility.avro_parser import below, parsed
from contracts.compatibility.avro_types import (
    PROMOTIONS,
    Array,
    Enum,
    Field,
    Fixed,
    Logical,
    Map,
    Named,
    Primitive,
    Record,
    Type,
    Union,
    told,
    types_in,
    unqualified,
)
from contracts.compatibility.verdict import Finding, Schema


def findings(*, writer: Schema, reader: Schema) -> list[Finding]:
    """Why data of the writer's schema cannot all be read with the reader's; empty when they can.

    What is wrong with a named type is told once, where the type first occurs. Raises InvalidAvroSchema (see
    contracts.compatibility.avro_parser) for what is not an Avro schema.
    """
    written = parsed(writer, called="the writer's schema")
    read = parsed(reader, called="the reader's schema")
    if writer == reader:
        return []  # no resolution, which by unqualified names may take one branch of a union for another
    return list(_Resolution(_aliases_in(read)).resolve("", written, read))


def _aliases_in(type_: Type) -> dict[str, str]:
    """By alias, the full name of the type that has it."""
    named = (inner for inner in types_in(type_) if isinstance(inner, Named))
    return {alias: inner.name for inner in named for alias in inner.aliases}


class _Resolution:
    """`renamed`: the specification has aliases rewrite the writer's schema, from former name to the reader's name."""

    def __init__(self, renamed: Mapping[str, str]) -> None:
        self._renamed = renamed
        self._met: set[tuple[Type, Type]] = set()

    def resolve(self, path: str, writer: Type, reader: Type) -> Iterator[Finding]:
        if isinstance(writer, Union):
            for branch in writer.branches:
                yield from self.resolve(path, branch, reader)
        elif isinstance(reader, Union):
            yield from self._in_union(path, writer, reader)
        elif (mismatch := self._mismatch(path, writer, reader)) is not None:
            yield mismatch
        elif (writer, reader) not in self._met:
            self._met.add((writer, reader))
            yield from self._in_match(path, writer, reader)

    def _in_union(self, path: str, writer: Type, reader: Union) -> Iterator[Finding]:
        """The first branch that matches is the one, even if a later one would do better."""
        branch = next((branch for branch in reader.branches if self._match(writer, branch)), None)
        if branch is None:
            change = f"has no branch in {told(reader)} for {told(writer)}, which the writer may write"
            yield Finding(path=path, rule="MISSING_UNION_BRANCH", change=change)
        else:
            yield from self.resolve(path, writer, branch)

    def _match(self, writer: Type, reader: Type) -> bool:
        """The specification's "to match": it looks into arrays and maps, but not into records and unions."""
        match writer, reader:
            case (Union(), _) | (_, Union()):
                return True
            case (Array(items=w), Array(items=r)) | (Map(values=w), Map(values=r)):
                return self._match(w, r)
            case _:
                return self._mismatch("", writer, reader) is None

    def _mismatch(self, path: str, writer: Type, reader: Type) -> Finding | None:
        """Of two types that are no unions, seen from outside."""
        if isinstance(writer, Primitive) and isinstance(reader, Primitive):
            fit = writer.name == reader.name or reader.name in PROMOTIONS[writer.name]
            return None if fit else _type_mismatch(path, writer, reader)
        if type(writer) is not type(reader):
            return _type_mismatch(path, writer, reader)
        if isinstance(writer, Named) and isinstance(reader, Named):
            return self._name_mismatch(path, writer, reader) or _size_mismatch(path, writer, reader)
        return None

    def _name_mismatch(self, path: str, writer: Named, reader: Named) -> Finding | None:
        name = self._renamed.get(writer.name, writer.name)
        if unqualified(name) == reader.unqualified:
            return None
        change = f"calls `{reader.name}` what the writer calls `{writer.name}`, with no alias for it"
        return Finding(path=path, rule="NAME_MISMATCH", change=change)

    def _in_match(self, path: str, writer: Type, reader: Type) -> Iterator[Finding]:
        match writer, reader:
            case (Array(items=w), Array(items=r)):
                yield from self.resolve(f"{path}[]", w, r)
            case (Map(values=w), Map(values=r)):
                yield from self.resolve(f"{path}{{}}", w, r)
            case (Record(), Record()):
                for field in reader.fields.values():
                    yield from self._in_field(below(path, field.name), writer, field)
            case (Enum(), Enum()):
                yield from _missing_symbols(path, writer, reader)
            case (Primitive() | Fixed(), Primitive() | Fixed()):
                yield from _logical_mismatch(path, writer.logical, reader.logical)

    def _in_field(self, path: str, writer: Record, field: Field) -> Iterator[Finding]:
        sources = [writer.fields[name] for name in dict.fromkeys((field.name, *field.aliases)) if name in writer.fields]
        match sources:
            case [source]:
                yield from self.resolve(path, source.type, field.type)
            case [] if not field.default:
                change = f"requires `{field.name}`, which the writer does not write, and has no default for it"
                yield Finding(path=path, rule="READER_FIELD_MISSING_DEFAULT_VALUE", change=change)
            case [one, other, *_]:
                change = f"has one field for the writer's `{one.name}` and `{other.name}`; which is read is not defined"
                yield Finding(path=path, rule="AMBIGUOUS_ALIAS", change=change, certain=False)


def _type_mismatch(path: str, writer: Type, reader: Type) -> Finding:
    return Finding(path=path, rule="TYPE_MISMATCH", change=f"wants {told(reader)} where the writer has {told(writer)}")


def _size_mismatch(path: str, writer: Named, reader: Named) -> Finding | None:
    if not isinstance(writer, Fixed) or not isinstance(reader, Fixed) or writer.size == reader.size:
        return None
    change = f"wants {reader.size} bytes in fixed `{reader.unqualified}`, where the writer has {writer.size}"
    return Finding(path=path, rule="FIXED_SIZE_MISMATCH", change=change)


def _missing_symbols(path: str, writer: Enum, reader: Enum) -> Iterator[Finding]:
    missing = [f"`{symbol}`" for symbol in writer.symbols if symbol not in reader.symbols]
    if missing and reader.default is None:
        change = f"does not know {', '.join(missing)} of enum `{writer.unqualified}`, and has no default symbol"
        yield Finding(path=path, rule="MISSING_ENUM_SYMBOLS", change=change)


_PLAIN: Final = "no logical type"


def _logical_mismatch(path: str, writer: Logical | None, reader: Logical | None) -> Iterator[Finding]:
    if reader is not None and writer != reader:
        change = f"takes for {reader} what the writer writes as {writer or _PLAIN}"
        yield Finding(path=path, rule="LOGICAL_TYPE_MISMATCH", change=change, certain=writer is not None)
