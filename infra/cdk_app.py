"""The CDK app: `python -m infra.cdk_app` writes the cloud assembly to CDK_OUTDIR, or to cdk.out.

The stage comes from `-c stage=...` (cdk) or BREAKWATER_STAGE, else it is dev. Which services share a
function comes from `-c topology=...` or BREAKWATER_TOPOLOGY, else none do (see runtime.topology); infra.tracing tells
how traces are asked for. Synthesis asks neither AWS nor, once the wheels are cached, the network.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from os import environ  # noqa: TID251 - the composition root
from pathlib import Path
from typing import Final

from aws_cdk import App

from contracts.company import SERVICES
from contracts.releases import InvalidRelease
from functions.billing.manifest import SERVICE as BILLING
from functions.ingestion.manifest import SERVICE as INGESTION
from functions.notification.manifest import SERVICE as NOTIFICATION
from infra.components.relations import BrokenRelation, Retention, check_retention
from infra.config import DEFAULT_STAGE, StageConfig, UnknownStage, stage_named
from infra.packaging import PackagingFailed
from infra.stacks.billing import BillingStack
from infra.stacks.bus import BusStack
from infra.stacks.contracts import ContractsStack, has_registry
from infra.stacks.group import GroupStack
from infra.stacks.ingestion import IngestionStack
from infra.stacks.notification import NotificationStack
from infra.stacks.stack import StageStack
from infra.tracing import InvalidTracing, from_variables, tracing_from
from runtime.topology import SERVICES as APART
from runtime.topology import InvalidTopology

CONSUMERS: Final = tuple(consumer for service in SERVICES for consumer in service.consumers)
_STACKS: Final[Mapping[str, Callable[..., StageStack]]] = {
    INGESTION.name: IngestionStack,
    BILLING.name: BillingStack,
    NOTIFICATION.name: NotificationStack,
}
_JUDGED_FIRST: Final = "a schema that AWS refuses stops what would send by it"

#: What the cdk command would set, set for everybody: so that the output does not depend on who runs the app.
#: `sam local` finds the functions' code by the asset metadata.
_CONTEXT: Final = {
    "aws:cdk:enable-path-metadata": True,
    "aws:cdk:enable-asset-metadata": True,
    "aws:cdk:disable-asset-staging": False,
    "aws:cdk:version-reporting": False,
    "aws:cdk:bundling-stacks": ["**"],
}


def build(stage: str, outdir: Path, grouping: str = APART) -> App:
    """The app of one stage, not yet synthesised.

    Raises UnknownStage, InvalidTopology, PackagingFailed, BrokenRelation and InvalidRelease.
    """
    return build_configured(replace(stage_named(stage), topology=grouping), outdir)


def build_configured(stage: StageConfig, outdir: Path) -> App:
    """The same for any configuration."""
    return _with_stacks(_app(outdir), stage)


def _app(outdir: Path) -> App:
    return App(outdir=str(outdir), analytics_reporting=False, auto_synth=False, post_cli_context=_CONTEXT)


def _with_stacks(app: App, stage: StageConfig) -> App:
    grouped = stage.grouped
    check_retention(stage.name, Retention.of(stage, CONSUMERS))
    bus = BusStack(app, "Bus", stage=stage)
    contracts = ContractsStack(app, "Contracts", stage=stage) if has_registry(stage) else None
    hosts = {group.name: GroupStack(app, group.stack, group=group, stage=stage) for group in grouped.groups}
    for name, stack in _STACKS.items():
        group = grouped.group_of(name)
        host = hosts[group.name] if group else None
        service = stack(app, name.capitalize(), stage=stage, host=host)
        # An order, no reference: `--exclusively` still deploys a service by itself.
        for stack_before, why in ((host, "it adds to its group's function"), (contracts, _JUDGED_FIRST)):
            if stack_before:
                service.add_stack_dependency(stack_before, why)
        service.add_stack_dependency(bus, "rules need their bus")
    for host in hosts.values():
        host.add_stack_dependency(bus, "rules need their bus")
    return app


def _configured(app: App) -> StageConfig:
    """As context and environment ask for. Raises UnknownStage and InvalidTracing."""

    def knob(name: str) -> str | None:
        value = app.node.try_get_context(name)
        return from_variables(environ)(name) if value is None else str(value)

    stage = stage_named(knob("stage") or DEFAULT_STAGE)
    return replace(stage, topology=knob("topology") or APART, tracing=tracing_from(knob, on_lambda=stage.on_lambda))


def main() -> None:
    app = _app(Path(environ.get("CDK_OUTDIR") or "cdk.out"))
    try:
        _with_stacks(app, _configured(app)).synth()
    except (
        UnknownStage,
        InvalidTopology,
        InvalidTracing,
        PackagingFailed,
        BrokenRelation,
        InvalidRelease,
    ) as error:
        sys.exit(f"infra: {error}")


if __name__ == "__main__":
    main()
