"""EventBridge's schema registry: the events as the console and the toolkits' code bindings show them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from aws_cdk import aws_eventschemas
from constructs import Construct

from contracts.releases import Released
from infra.components.event_openapi import openapi
from infra.components.relations import BrokenRelation
from infra.config import StageConfig
from runtime.contract import registry_name, schema_name

#: Characters of one document. How many registries, schemas and versions there may be is for Service Quotas to say;
#: we use one registry a stage and one schema for each type and version.
_MAX_CHARACTERS: Final = 100_000


class EventSchemaRegistry(Construct):
    """One schema for each type and version, of its newest release. EventBridge judges none of them.

    `sources` says who sends an event type; a type that is not in it is sent by others.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        histories: Released,
        sources: Mapping[str, str],
        stage: StageConfig,
    ) -> None:
        super().__init__(scope, construct_id)
        self.resource = aws_eventschemas.CfnRegistry(
            self,
            "Registry",
            registry_name=registry_name(stage.name),
            description="Breakwater's events, as they are on the bus",
        )
        for (type_, version), history in histories.items():
            name = schema_name(type_, version)
            document = openapi(history[-1].json_schema, type_=type_, version=version, source=sources.get(type_))
            schema = aws_eventschemas.CfnSchema(
                self,
                name,
                registry_name=registry_name(stage.name),
                schema_name=name,
                type="OpenApi3",
                content=_text(name, document),
                description=str(history[-1].json_schema.get("description", ""))[:256],
            )
            schema.add_resource_dependency(self.resource)


def _text(name: str, document: Mapping[str, object]) -> str:
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    if len(text) > _MAX_CHARACTERS:
        raise BrokenRelation(f"{name} has {len(text)} characters as OpenAPI, EventBridge takes {_MAX_CHARACTERS}")
    return text
