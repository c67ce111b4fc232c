"""The contract as a TypeScript package without dependencies.

`typescript/` holds the files that are the same for every catalog; here is what is made of the schemas.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template
from textwrap import dedent, indent
from typing import Any, Final

from contracts.authoring.words import described
from contracts.generate.names import class_name, function_name, part_name
from contracts.generate.package import Files, provenance, shown, static_files, type_table
from contracts.samples import samples
from contracts.shapes import Contract, Member, Model, Shape

_STATIC: Final = Path(__file__).with_name("typescript")
_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_SCALARS: Final = {"text": "string", "integer": "number", "number": "number", "flag": "boolean", "null": "null"}


def typescript_package(contracts: Sequence[Contract]) -> Files:
    """All files of the package; the same contracts give the same bytes."""
    header = f"// {provenance(contracts)}\n\n"
    static = static_files(_STATIC, (".ts", ".json"))
    made = {"src/events.ts": _events(contracts), "src/schemas.ts": _schemas(contracts)}
    sources = {path: header + text if path.endswith(".ts") else text for path, text in {**static, **made}.items()}
    return {**sources, "README.md": _readme(contracts)}


def _events(contracts: Sequence[Contract]) -> str:
    return "\n".join(
        (
            _IMPORTS.format(kinds="".join(f"  type {kind},\n" for kind in sorted(set(map(_event_kind, contracts))))),
            *(block for contract in contracts for block in _contract(contract)),
            _union(contracts),
            _PARSING,
        )
    )


_IMPORTS: Final = """\
import {{
  type AnyEvent,
  type Attributes,
{kinds}  InvalidEvent,
  type Problem,
  versionOf,
}} from "./envelope.js";
import {{ schemas }} from "./schemas.js";
import {{ problemsOf }} from "./validation.js";
"""


def _contract(contract: Contract) -> Iterator[str]:
    name = class_name(contract)
    for part in contract.parts:
        yield _interface(contract, part, part_name(contract, part.name))
    yield _interface(contract, contract.root, name)
    type_, urn = _literal(contract.type), _literal(contract.urn)
    yield dedent(f"""\
        export type {name}Event = {_event_kind(contract)}<
          {type_},
          {urn},
          {name}
        >;

        export function is{name}(event: AnyEvent): event is {name}Event {{
          return event.type === {type_} && versionOf(event) === {contract.version};
        }}

        export function {function_name(contract)}(event: Attributes & {{ readonly data: {name} }}): {name}Event {{
          return {{
            specversion: "1.0",
            type: {type_},
            dataschema: {urn},
            datacontenttype: "application/json",
            ...event,
          }};
        }}
        """)


def _event_kind(contract: Contract) -> str:
    return "FirstCloudEvent" if contract.version == 1 else "CloudEvent"


def _interface(contract: Contract, model: Model, name: str) -> str:
    members = "\n".join(_property(contract, member) for member in model.members)
    return f"{_comment(model.description)}export interface {name} {{\n{members}\n}}\n"


def _property(contract: Contract, member: Member) -> str:
    type_ = _type(contract, member.shape) + (" | null" if member.nullable and member.shape.kind != "any" else "")
    name = member.name if _IDENTIFIER.fullmatch(member.name) else _literal(member.name)
    about = "; ".join(filter(None, (member.description, described(member.shape))))
    line = f"readonly {name}{'' if member.required else '?'}: {type_};"
    return indent(f"{_comment(about)}{line}", "  ")


def _type(contract: Contract, shape: Shape) -> str:
    match shape.kind:
        case "object":
            return part_name(contract, shape.name)
        case "list":
            return f"readonly {_enclosed(contract, shape.inner[0])}[]"
        case "map":
            return f"Readonly<Record<string, {_type(contract, shape.inner[0])}>>"
        case "union":
            return " | ".join(dict.fromkeys(_enclosed(contract, inner) for inner in shape.inner))
        case "any":
            return "unknown"
        case _:
            return _scalar(shape)


def _enclosed(contract: Contract, shape: Shape) -> str:
    type_ = _type(contract, shape)
    return f"({type_})" if " " in type_ else type_


def _scalar(shape: Shape) -> str:
    keywords = shape.keywords
    values = [keywords["const"]] if "const" in keywords else keywords.get("enum")
    return " | ".join(map(_literal, values)) if values else _SCALARS[shape.kind]


def _union(contracts: Sequence[Contract]) -> str:
    names = "\n".join(f"  | {class_name(contract)}Event" for contract in contracts)
    comment = (
        "/** Every event there is: `type`, and `dataschema` where a type has several versions, tell them apart. */"
    )
    return f"{comment}\nexport type BreakwaterEvent =\n{names};\n"


_PARSING: Final = """\
/** What is wrong with the event's data, in the words of its schema; nothing when it fits. */
export function problemsIn(event: AnyEvent): readonly Problem[] {
  const schema = schemas[`urn:breakwater:schema:${event.type}:v${versionOf(event)}`];
  if (schema === undefined) {
    return [{ field: "type", message: `${event.type} v${versionOf(event)} is not in this package: generate it anew` }];
  }
  return problemsOf(schema, event.data);
}

/**
 * The event in a JSON text, or in a value that was read from one: a CloudEvent, or the EventBridge event it came in.
 * Fields that the contract does not know are carried along. Throws InvalidEvent, with every field that is at fault.
 */
export function parseEvent(raw: unknown): BreakwaterEvent {
  const event = unwrapped(typeof raw === "string" ? decoded(raw) : raw);
  const missing = ["id", "source", "type"].filter((name) => typeof event[name] !== "string" || event[name] === "");
  const problems = [
    ...(event["specversion"] === "1.0" ? [] : [{ field: "specversion", message: "must be 1.0" }]),
    ...missing.map((field) => ({ field, message: "must be text, and not empty" })),
  ];
  const wrong = problems.length > 0 ? problems : problemsIn(event as unknown as AnyEvent);
  if (wrong.length > 0) throw new InvalidEvent(wrong);
  return event as unknown as BreakwaterEvent;
}

function unwrapped(value: unknown): Record<string, unknown> {
  const event = members(value);
  const detail = event["detail"];
  return "detail-type" in event && typeof detail === "object" && detail !== null ? members(detail) : event;
}

function members(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InvalidEvent([{ field: "event", message: "must be a JSON object" }]);
  }
  return value as Record<string, unknown>;
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidEvent([{ field: "event", message: `is not JSON: ${String(error)}` }]);
  }
}
"""


def _schemas(contracts: Sequence[Contract]) -> str:
    by_urn = json.dumps({contract.urn: contract.schema for contract in contracts}, indent=2, ensure_ascii=False)
    return (
        'import type { Schema } from "./validation.js";\n\n'
        "/** The contract's JSON Schemas, by the URN that `dataschema` names. */\n"
        f"export const schemas: Readonly<Record<string, Schema>> = {by_urn};\n"
    )


def _comment(text: str) -> str:
    line = " ".join(text.split()).replace("*/", r"*\/")
    return f"/** {line} */\n" if line else ""


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _readme(contracts: Sequence[Contract]) -> str:
    one = shown(contracts)
    data = indent(json.dumps(next(samples(one, "valid")).data, indent=2, ensure_ascii=False), "  ").lstrip()
    return Template((_STATIC / "README.md").read_text(encoding="utf-8")).substitute(
        provenance=provenance(contracts),
        make=function_name(one),
        guard=f"is{class_name(one)}",
        type=one.type,
        data=data,
        table=type_table(contracts, {contract.urn: class_name(contract) for contract in contracts}),
    )
