"""`python -m ops schemas diff --live`: this repository against what a stage has deployed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Annotated

import typer

from contracts.company import SERVICES
from contracts.compatibility import avro
from contracts.deployed import CannotAsk, live_contracts, live_schemas
from contracts.live import Difference, Key, Landscape, LocalSchema, schema_differences, service_differences
from contracts.releases import InvalidRelease, released
from events.catalog import CATALOG
from events.payload import Payload
from infra.config import DEFAULT_STAGE, StageConfig, stage_named
from ops.aws import AsJson, Aws, EndpointUrl, Profile, Region, Stage
from ops.schemas.artefacts import FOLDER
from ops.whom import explained
from runtime.contract import contract_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`notes` are about the comparison itself: what there was nothing to compare with."""

    differences: tuple[Difference, ...]
    notes: tuple[str, ...]

    @property
    def breaks(self) -> tuple[Difference, ...]:
        return tuple(difference for difference in self.differences if difference.breaks)

    def to_json(self) -> str:
        lines = [
            {"subject": d.subject, "state": d.state.value, "breaks": d.breaks, "what": d.what, "to_do": d.to_do}
            for d in self.differences
        ]
        return json.dumps({"breaks": bool(self.breaks), "differences": lines, "notes": self.notes}, indent=2)


def add_command(app: typer.Typer) -> None:
    @app.command(name="diff", epilog="Example: python -m ops schemas diff --live --stage dev")
    def diff(
        stage: Stage = DEFAULT_STAGE,
        live: Annotated[bool, typer.Option("--live", help="Compare with what is deployed.")] = False,
        as_json: AsJson = False,
        endpoint_url: EndpointUrl = None,
        profile: Profile = None,
        region: Region = None,
    ) -> None:
        """Compare this repository with what is deployed; exit with 1 when a deploy would break something there.

        Exits with 2 when the stage cannot be asked.
        """
        if not live:
            raise typer.BadParameter("say what to compare with: --live", param_hint="--live")
        with explained():
            aws = Aws(endpoint_url=endpoint_url, profile=profile, region=region)
            found = report(stage_named(stage), aws, {service.name for service in SERVICES})
        typer.echo(found.to_json()) if as_json else _tell(found)
        raise typer.Exit(1 if found.breaks else 0)


def report(stage: StageConfig, aws: Aws, deploying: Collection[str]) -> Report:
    """What deploying these services from this repository would meet. Raises CannotAsk."""
    registered = live_schemas(aws.client("glue"), stage.name) if stage.schema_registry else None
    deployed = live_contracts(aws.client("ssm"), stage.name)
    services = Landscape(
        here={service.name: contract_of(service) for service in SERVICES}, there=deployed, deploying=deploying
    )
    schemas = schema_differences(_local_schemas(), registered, avro.findings) if registered is not None else ()
    return Report(
        differences=(*schemas, *service_differences(services)),
        notes=tuple(_notes(stage, is_registered=registered is not None, is_deployed=bool(deployed))),
    )


def _notes(stage: StageConfig, *, is_registered: bool, is_deployed: bool) -> Iterable[str]:
    if not stage.schema_registry:
        yield f"stage {stage.name} has no schema registry: only what its services say of themselves is compared"
    elif not is_registered:
        yield f"nothing is registered for stage {stage.name} yet: the first deploy does it"
    if not is_deployed:
        yield f"no service of stage {stage.name} is deployed yet"


def _local_schemas() -> dict[Key, LocalSchema]:
    """Of the catalog, and of what has left it: that is as it was released last. Raises CannotAsk."""
    try:
        last = {key: history[-1] for key, history in released().items()}
    except InvalidRelease as error:
        raise CannotAsk(str(error)) from error
    gone = {key: LocalSchema(mode=r.compatibility, avro=r.avro) for key, r in last.items() if key not in CATALOG}
    return gone | {key: _local_schema(model) for key, model in CATALOG.items()}


def _local_schema(model: type[Payload]) -> LocalSchema:
    """Raises CannotAsk when a derived file is missing."""
    path = FOLDER / model.type / f"v{model.version}.avsc"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CannotAsk(f"{path}: {error}; run `python -m ops schemas write`") from error
    return LocalSchema(mode=model.compatibility, avro=document)


def _tell(found: Report) -> None:
    for line in (*found.notes, *found.differences):
        typer.echo(str(line))
    if found.breaks:
        typer.echo(f"{len(found.breaks)} would break something that is live", err=True)
