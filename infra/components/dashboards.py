"""Dashboards, drawn from the manifests: one of each service, and one of the way of events through all of them.

A stage's resources are found by their names, so that a dashboard stands in any stack and refers to nothing in others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch
from constructs import Construct

from infra.components.flow_panels import FlowPanels
from infra.components.measured import Measured
from infra.components.panels import ApiPanels, ConsumerPanels, CostPanels, RelayPanels
from infra.components.widgets import heading
from infra.config import StageConfig
from runtime.manifest import Service

Row = list[aws_cloudwatch.IWidget]


class ServiceDashboard(Construct):
    """One service: its consumers, its relays, its APIs, and what it costs. `api_ids` by the API's function's name."""

    def __init__(
        self, scope: Construct, construct_id: str, *, service: Service, api_ids: Mapping[str, str], stage: StageConfig
    ) -> None:
        super().__init__(scope, construct_id)
        measured = Measured(stage=stage)
        rows: list[Row] = []
        for consumer in service.consumers:
            rows += ConsumerPanels(measured, consumer).rows()
        for relay in service.relays:
            rows += RelayPanels(measured, relay).rows()
        for api in service.apis:
            rows += ApiPanels(measured, api, api_ids[api.function.name]).rows()
        rows += CostPanels(measured, service).rows()
        _dashboard(self, name=stage.resource_name(service.name), rows=rows)


class FlowDashboard(Construct):
    """The whole way of events: what enters where, how long it takes, where it waits, and where it ends badly."""

    def __init__(self, scope: Construct, construct_id: str, *, services: Sequence[Service], stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        names = ", ".join(f"`{stage.resource_name(service.name)}`" for service in services)
        top = heading(f"# {stage.name}: the whole flow\nOne service each: {names}. What to do: docs/operating.md.", 2)
        rows = FlowPanels(Measured(stage=stage), services).rows()
        _dashboard(self, name=stage.resource_name("flow"), rows=[[top], *rows])


def _dashboard(scope: Construct, *, name: str, rows: list[Row]) -> None:
    aws_cloudwatch.Dashboard(
        scope,
        "Dashboard",
        dashboard_name=name,
        widgets=rows,
    )
