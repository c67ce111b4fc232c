"""The contracts of a stage, where AWS keeps them: services deploy after them, and refer to nothing in here."""

from __future__ import annotations

from typing import Final

from constructs import Construct

from contracts.releases import released
from events.catalog import CATALOG
from functions.billing import manifest as billing
from functions.ingestion import manifest as ingestion
from functions.notification import manifest as notification
from infra.components.event_schemas import EventSchemaRegistry
from infra.components.schema_registry import SchemaRegistry
from infra.config import StageConfig
from infra.stacks.stack import StageStack

_SOURCES: Final = {
    type_: manifest.SOURCE for manifest in (ingestion, billing, notification) for type_ in manifest.SERVICE.emits
}


def has_registry(stage: StageConfig) -> bool:
    """Whether there is anything to deploy: CloudFormation takes no stack without resources."""
    return stage.schema_registry or stage.event_schemas


class ContractsStack(StageStack):
    """What was never released is not there, and cannot have been sent.

    Glue keeps what has left the catalog, for it may still be read. Raises InvalidRelease.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id, stage=stage, description="Breakwater: the contracts of its events")
        histories = released()
        if stage.schema_registry:
            SchemaRegistry(self, "Glue", histories=histories, stage=stage)
        if stage.event_schemas:
            current = {key: history for key, history in histories.items() if key in CATALOG}
            EventSchemaRegistry(self, "EventBridge", histories=current, sources=_own_sources(), stage=stage)


def _own_sources() -> dict[str, str]:
    """A type that others send as well comes under their source, and has none of its own."""
    elsewhere = {type_ for (type_, _), model in CATALOG.items() if model.produced_elsewhere}
    return {type_: source for type_, source in _SOURCES.items() if type_ not in elsewhere}
