"""What is deployed of the contracts: the schemas on Glue, and what each service says of itself on Parameter Store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from contracts.compatibility.avro_parser import parsed
from contracts.compatibility.verdict import Mode
from contracts.live import Key, LiveSchema
from runtime.contract import Contract, InvalidContract, contracts_path, registry_name, schema_key


class CannotAsk(Exception):
    """AWS did not answer as it would to somebody who may ask; the message says what to do."""


def live_schemas(glue: Any, stage: str) -> dict[Key, LiveSchema] | None:
    """Every schema of ours in the stage's registry; None when there is no such registry. Raises CannotAsk."""
    with _asking("Glue's schema registry", "glue:ListSchemas, ListSchemaVersions, GetSchema and GetSchemaVersion"):
        try:
            names = list(_schema_names(glue, registry_name(stage)))
        except glue.exceptions.EntityNotFoundException:
            return None
        ours = {key: name for name in names if (key := schema_key(name))}
        return {key: _schema(glue, registry_name(stage), name) for key, name in ours.items()}


def live_contracts(ssm: Any, stage: str) -> dict[str, Contract]:
    """Service -> its contract, for each that is deployed. Raises CannotAsk."""
    path = contracts_path(stage)
    with _asking("Parameter Store", "ssm:GetParametersByPath"):
        pages = list(ssm.get_paginator("get_parameters_by_path").paginate(Path=path))
    parameters = [parameter for page in pages for parameter in page["Parameters"]]
    try:
        return {p["Name"].removeprefix(f"{path}/"): Contract.parse(p["Value"]) for p in parameters}
    except InvalidContract as error:
        raise CannotAsk(
            f"something else than a contract lies under {path}: {error}. Deploy that service anew"
        ) from error


def _schema_names(glue: Any, registry: str) -> Iterator[str]:
    for page in glue.get_paginator("list_schemas").paginate(RegistryId={"RegistryName": registry}):
        yield from (schema["SchemaName"] for schema in page["Schemas"])


def _schema(glue: Any, registry: str, name: str) -> LiveSchema:
    """Without the versions that Glue refused, or has yet to judge."""
    schema_id = {"RegistryName": registry, "SchemaName": name}
    mode = glue.get_schema(SchemaId=schema_id)["Compatibility"].replace("_ALL", "_TRANSITIVE")
    pages = glue.get_paginator("list_schema_versions").paginate(SchemaId=schema_id)
    listed = [version for page in pages for version in page["Schemas"]]
    ids = {v["VersionNumber"]: v["SchemaVersionId"] for v in listed if v["Status"] == "AVAILABLE"}
    return LiveSchema(
        mode=Mode.NONE if mode == "DISABLED" else Mode(mode),
        versions={number: _definition(glue, ids[number], f"{name}, version {number}") for number in sorted(ids)},
    )


def _definition(glue: Any, version_id: str, called: str) -> Any:
    text = glue.get_schema_version(SchemaVersionId=version_id)["SchemaDefinition"]
    try:
        definition = json.loads(text)
        parsed(definition, called=called)
    except ValueError as error:
        raise CannotAsk(
            f"in the registry is something else than Avro ({called}): {error}. Delete that version"
        ) from error
    return definition


@contextmanager
def _asking(what: str, permissions: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        hint = f"it needs {permissions}" if "AccessDenied" in code else "are these the credentials of this account?"
        raise CannotAsk(f"{what} refuses: {error}; {hint}") from error
    except BotoCoreError as error:
        raise CannotAsk(f"{what} cannot be asked: {error}; see --profile, --region and --endpoint-url") from error
