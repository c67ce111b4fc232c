"""The CDK app: `python -m infra.cdk_app` writes the cloud assembly to CDK_OUTDIR, or to cdk.out.

The stage comes from `-c stage=...` (cdk) or BREAKWATER_STAGE, else it is dev; infra.tracing tells how traces are asked
for. Synthesis asks neither AWS nor, once the wheels are cached, the network.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from os import environ  # noqa: TID251 - the composition root
from pathlib import Path
from typing import Final

from aws_cdk import App

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
from infra.stacks.ingestion import IngestionStack
from infra.stacks.notification import NotificationStack
from infra.tracing import InvalidTracing, from_variables, tracing_from

CONSUMERS: Final = (*BILLING.consumers, *INGESTION.consumers, *NOTIFICATION.consumers)

#: What the cdk command would set, set for everybody: so that the output does not depend on who runs the app.
#: `sam local` finds the functions' code by the asset metadata.
_CONTEXT: Final = {
    "aws:cdk:enable-path-metadata": True,
    "aws:cdk:enable-asset-metadata": True,
    "aws:cdk:disable-asset-staging": False,
    "aws:cdk:version-reporting": False,
    "aws:cdk:bundling-stacks": ["**"],
}


def build(stage: str, outdir: Path) -> App:
    """The app of one stage, not yet synthesised.

    Raises UnknownStage, PackagingFailed, BrokenRelation and InvalidRelease.
    """
    return build_configured(stage_named(stage), outdir)


def build_configured(stage: StageConfig, outdir: Path) -> App:
    """The same for any configuration."""
    return _with_stacks(_app(outdir), stage)


def _app(outdir: Path) -> App:
    return App(outdir=str(outdir), analytics_reporting=False, auto_synth=False, post_cli_context=_CONTEXT)


def _with_stacks(app: App, stage: StageConfig) -> App:
    check_retention(stage.name, Retention.of(stage, CONSUMERS))
    bus = BusStack(app, "Bus", stage=stage)
    contracts = ContractsStack(app, "Contracts", stage=stage) if has_registry(stage) else None
    for service in (
        IngestionStack(app, "Ingestion", stage=stage),
        BillingStack(app, "Billing", stage=stage),
        NotificationStack(app, "Notification", stage=stage),
    ):
        # An order, no reference: `--exclusively` still deploys a service by itself.
        service.add_stack_dependency(bus, "rules need their bus")
        if contracts:
            service.add_stack_dependency(contracts, "a schema that AWS refuses stops what would send by it")
    return app


def _configured(app: App) -> StageConfig:
    """As context and environment ask for. Raises UnknownStage and InvalidTracing."""

    def knob(name: str) -> str | None:
        value = app.node.try_get_context(name)
        return from_variables(environ)(name) if value is None else str(value)

    stage = stage_named(knob("stage") or DEFAULT_STAGE)
    return replace(stage, tracing=tracing_from(knob, on_lambda=stage.on_lambda))


def main() -> None:
    app = _app(Path(environ.get("CDK_OUTDIR") or "cdk.out"))
    try:
        _with_stacks(app, _configured(app)).synth()
    except (UnknownStage, InvalidTracing, PackagingFailed, BrokenRelation, InvalidRelease) as error:
        sys.exit(f"infra: {error}")


if __name__ == "__main__":
    main()
