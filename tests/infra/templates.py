"""Reading synthesised templates: what is in them, and what belongs together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from functions.billing.manifest import SERVICE as BILLING
from functions.ingestion.manifest import SERVICE as INGESTION
from functions.notification.manifest import SERVICE as NOTIFICATION

STAGES = ("embedded", "dev", "prod")
SERVICES = {"Ingestion": INGESTION, "Billing": BILLING, "Notification": NOTIFICATION}
#: Stage -> its stacks. The emulator has no registry to put contracts in.
STACKS = {stage: ("Bus", *(() if stage == "embedded" else ("Contracts",)), *SERVICES) for stage in STAGES}

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Template:
    """One stack's template."""

    path: Path

    @cached_property
    def body(self) -> Mapping[str, Any]:
        return json.loads(self.path.read_text())

    def of_type(self, kind: str) -> dict[str, Properties]:
        """Properties by logical id."""
        found = self.body["Resources"].items()
        return {name: resource.get("Properties", {}) for name, resource in found if resource["Type"] == kind}

    def named(self, kind: str, **wanted: Any) -> tuple[str, Properties]:
        """The one resource that has these properties."""
        ((name, properties),) = (
            (name, properties)
            for name, properties in self.of_type(kind).items()
            if all(properties.get(key) == value for key, value in wanted.items())
        )
        return name, properties

    def mapping_of(self, function: str) -> Properties:
        """The event source mapping that feeds the function with that logical id."""
        return self.named("AWS::Lambda::EventSourceMapping", FunctionName={"Ref": function})[1]

    def statements_of(self, function: str) -> list[Properties]:
        """What the function's role may do."""
        role = self.of_type("AWS::Lambda::Function")[function]["Role"]["Fn::GetAtt"][0]
        return [
            statement
            for policy in self.of_type("AWS::IAM::Policy").values()
            if {"Ref": role} in policy["Roles"]
            for statement in policy["PolicyDocument"]["Statement"]
        ]


@dataclass(frozen=True)
class Assembly:
    """One stage's cloud assembly."""

    stage: str
    path: Path

    @cached_property
    def stacks(self) -> Mapping[str, Template]:
        return {stack: Template(self.path / f"{stack}.template.json") for stack in STACKS[self.stage]}

    def name(self, resource: str) -> str:
        return f"breakwater-{self.stage}-{resource}"

    def consumers(self) -> Iterator[tuple[Template, Any]]:
        for stack, service in SERVICES.items():
            for consumer in service.consumers:
                yield self.stacks[stack], consumer

    def functions(self) -> Iterator[tuple[Template, Any, str, Properties]]:
        """Each function of the manifests, with its logical id and properties."""
        for stack, service in SERVICES.items():
            template = self.stacks[stack]
            for spec in service.functions:
                logical_id, properties = template.named("AWS::Lambda::Function", FunctionName=self.name(spec.name))
                yield template, spec, logical_id, properties

    def policies(self) -> Iterator[tuple[str, Properties]]:
        """Every statement of every identity policy, with the place where it stands."""
        for stack, template in self.stacks.items():
            for name, policy in template.of_type("AWS::IAM::Policy").items():
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield f"{stack}/{name}", statement


def listed(value: Any) -> list[Any]:
    """IAM's one-or-many."""
    return value if isinstance(value, list) else [value]


def actions_on(statements: list[Properties], resource: Any) -> set[str]:
    return {action for s in statements if resource in listed(s["Resource"]) for action in listed(s["Action"])}


def arn(logical_id: str) -> Properties:
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def of_any_bucket(pattern: Properties) -> Properties:
    """A rule's pattern as its manifest has it: without the bucket, which is the stage's own."""
    if "bucket" not in pattern.get("detail", {}):
        return pattern
    return {**pattern, "detail": {name: value for name, value in pattern["detail"].items() if name != "bucket"}}


def walk(node: Any) -> Iterator[Any]:
    """Every value in a template, containers first."""
    yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from walk(child)
