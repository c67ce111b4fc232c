"""A stage as it is deployed, on moto: schemas on Glue, and what services say of themselves on Parameter Store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from moto.core.responses import ActionResult
from moto.glue.models import glue_backends
from moto.glue.responses import GlueResponse

from contracts.avro import avro_of
from contracts.company import SERVICES
from events.catalog import CATALOG
from events.payload import Payload
from runtime.contract import Contract, contract_of, contracts_path, registry_name, schema_name

STAGE = "dev"


def let_moto_list_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto keeps schemas and their versions, and has no calls that list them: these ask what it keeps."""

    def list_schemas(self: GlueResponse) -> ActionResult:
        registry = self.glue_backend.get_registry(self._get_param("RegistryId"))
        schemas = self.glue_backend.registries[registry["RegistryName"]].schemas.values()
        return ActionResult({"Schemas": [{"SchemaName": schema.schema_name} for schema in schemas]})

    def list_schema_versions(self: GlueResponse) -> ActionResult:
        wanted = self._get_param("SchemaId")
        schema = self.glue_backend.registries[wanted["RegistryName"]].schemas[wanted["SchemaName"]]
        return ActionResult({"Schemas": [version.as_dict() for version in schema.schema_versions.values()]})

    monkeypatch.setattr(GlueResponse, "list_schemas", list_schemas, raising=False)
    monkeypatch.setattr(GlueResponse, "list_schema_versions", list_schema_versions, raising=False)


class LiveStage:
    """Everything as this repository has it, until a test says otherwise."""

    def __init__(self) -> None:
        self._glue, self._ssm = boto3.client("glue"), boto3.client("ssm")

    def register_everything(self, *, but: type[Payload] | None = None, mode: str = "FULL_ALL") -> None:
        self._glue.create_registry(RegistryName=registry_name(STAGE))
        for model in CATALOG.values():
            if model is not but:
                self.register(model, avro_of(model), mode=mode)

    def register(self, model: type[Payload], *definitions: Mapping[str, Any], mode: str = "FULL_ALL") -> None:
        """A schema with these versions, the first of them the oldest."""
        self.register_as(schema_name(model.type, model.version), *definitions, mode=mode)

    def register_as(self, name: str, *definitions: Mapping[str, Any], mode: str = "FULL_ALL") -> None:
        first, *later = (json.dumps(definition) for definition in definitions)
        self._glue.create_schema(
            RegistryId={"RegistryName": registry_name(STAGE)},
            SchemaName=name,
            DataFormat="AVRO",
            Compatibility=mode,
            SchemaDefinition=first,
        )
        for definition in later:
            self._glue.register_schema_version(
                SchemaId={"RegistryName": registry_name(STAGE), "SchemaName": name}, SchemaDefinition=definition
            )

    def refuse_latest(self, model: type[Payload]) -> None:
        """As Glue does with an incompatible version: it keeps its number, and is none."""
        (backend,) = (backends["us-east-1"] for backends in glue_backends.values() if "us-east-1" in backends)
        schema = backend.registries[registry_name(STAGE)].schemas[schema_name(model.type, model.version)]
        list(schema.schema_versions.values())[-1].schema_version_status = "FAILURE"

    def deploy_everything(self, **instead: Contract) -> None:
        for service in SERVICES:
            self.deploy(service.name, instead.get(service.name, contract_of(service)))

    def deploy(self, service: str, contract: Contract) -> None:
        name = f"{contracts_path(STAGE)}/{service}"
        self._ssm.put_parameter(Name=name, Value=contract.to_json(), Type="String", Overwrite=True)


def with_field(definition: Mapping[str, Any], **field: Any) -> dict[str, Any]:
    """The same record with one more field at its end."""
    return {**definition, "fields": [*definition["fields"], field]}


def without_field(definition: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {**definition, "fields": [field for field in definition["fields"] if field["name"] != name]}
