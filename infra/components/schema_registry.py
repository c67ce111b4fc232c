"""Glue's schema registry: every release is a version there, and AWS itself refuses one that breaks an earlier one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from aws_cdk import RemovalPolicy, aws_glue
from constructs import Construct
from fastavro.schema import to_parsing_canonical_form

from contracts.releases import Release, Released
from infra.components.function import removal_policy
from infra.config import StageConfig
from runtime.contract import registry_name, schema_name

#: Avro's rules for reader and writer are what Glue applies to these. It knows JSON Schema only up to draft 7, and
#: refuses there what is safe (docs/decisions/0015).
_FORMAT: Final = "AVRO"


class SchemaRegistry(Construct):
    """One schema for each type and version, one schema version for each release of it."""

    def __init__(self, scope: Construct, construct_id: str, *, histories: Released, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.resource = aws_glue.CfnRegistry(
            self, "Registry", name=registry_name(stage.name), description="What Breakwater's events look like"
        )
        self.resource.apply_removal_policy(removal_policy(stage))
        for (type_, version), history in histories.items():
            self._add(schema_name(type_, version), distinct(history), stage)

    def _add(self, name: str, releases: Sequence[Release], stage: StageConfig) -> None:
        first, *later = releases
        schema = _schema(self, name, registry=self.resource.attr_arn, first=first, newest=releases[-1])
        schema.apply_removal_policy(removal_policy(stage))
        previous: aws_glue.CfnSchema | aws_glue.CfnSchemaVersion = schema
        for release in later:
            version = _version(self, f"{name}.r{release.revision}", schema=schema.attr_arn, release=release)
            version.add_resource_dependency(previous)  # Glue numbers them as they come
            previous = version


def distinct(history: Sequence[Release]) -> Sequence[Release]:
    """The releases that Avro can tell apart: each schema once, where it first was.

    Glue compares canonical forms, and a second version of the same form cannot be created. In its form neither
    documentation nor defaults count, nor do JSON Schema's bounds and patterns, of which Avro knows nothing.
    """
    first: dict[str, Release] = {}
    for release in history:
        first.setdefault(to_parsing_canonical_form(dict(release.avro)), release)
    return tuple(first.values())


def _schema(scope: Construct, name: str, *, registry: str, first: Release, newest: Release) -> aws_glue.CfnSchema:
    """The schema with its first version, whose text CloudFormation can never change."""
    compatibility = newest.compatibility.replace("_TRANSITIVE", "_ALL")
    return aws_glue.CfnSchema(
        scope,
        name,
        name=name,
        registry=aws_glue.CfnSchema.RegistryProperty(arn=registry),
        data_format=_FORMAT,
        compatibility=compatibility,
        schema_definition=_text(first),
        description=_description(name, newest),
        checkpoint_version=_checkpoint(newest),
    )


def _checkpoint(newest: Release) -> aws_glue.CfnSchema.SchemaVersionProperty:
    """From which version on Glue compares. A change of the mode must name it, too.

    All of them in a transitive mode. Else the one that is the latest while the next is still to come: the changed
    description has CloudFormation set it anew before each new version.
    """
    if newest.compatibility.is_transitive:
        return aws_glue.CfnSchema.SchemaVersionProperty(version_number=1)
    return aws_glue.CfnSchema.SchemaVersionProperty(is_latest=True)


def _description(name: str, newest: Release) -> str:
    return name if newest.compatibility.is_transitive else f"{name}, release {newest.revision}"


def _version(scope: Construct, construct_id: str, *, schema: str, release: Release) -> aws_glue.CfnSchemaVersion:
    """One version. It goes with its schema and not before: what was written by it may still be read.

    One whose creation was rolled back is let go, or the next deployment would find it in its way.
    """
    version = aws_glue.CfnSchemaVersion(
        scope,
        construct_id,
        schema=aws_glue.CfnSchemaVersion.SchemaProperty(schema_arn=schema),
        schema_definition=_text(release),
    )
    version.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
    return version


def _text(release: Release) -> str:
    return json.dumps(release.avro, separators=(",", ":"), ensure_ascii=False)
