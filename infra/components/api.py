"""An HTTP API, all of whose routes end in one function."""

from __future__ import annotations

import json
from typing import Final

from aws_cdk import Duration, aws_apigatewayv2, aws_apigatewayv2_authorizers, aws_apigatewayv2_integrations
from constructs import Construct

from infra.components.alarms import AlarmKind, Condition, raise_alarm
from infra.components.function import Environment, Home, ServiceFunction, log_group
from infra.config import StageConfig
from runtime.group import API
from runtime.manifest import HttpApi

_ACCESS_LOG: Final = json.dumps(
    {
        "request_id": "$context.requestId",
        "time": "$context.requestTime",
        "ip": "$context.identity.sourceIp",
        "caller": "$context.identity.userArn",
        "route": "$context.routeKey",
        "status": "$context.status",
        "bytes": "$context.responseLength",
        "latency_ms": "$context.responseLatency",
        "integration_error": "$context.integrationErrorMessage",
    }
)


class ServiceApi(Construct):
    """A manifest's HttpApi: throttled, logged, and signed requests only where the stage says so."""

    def __init__(
        self, scope: Construct, construct_id: str, *, api: HttpApi, home: Home, environment: Environment
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = ServiceFunction(self, "Handler", spec=api.function, home=home, environment=environment)
        self.resource = aws_apigatewayv2.HttpApi(
            self,
            "Api",
            api_name=home.stage.resource_name(api.function.name),
            create_default_stage=False,
            default_authorizer=_authorizer(home.stage),
        )
        integration = aws_apigatewayv2_integrations.HttpLambdaIntegration(
            "Integration", self.function.resource, scope_permission_to_route=False
        )
        for route in api.routes:
            method, path = route.split()
            self.resource.add_routes(path=path, methods=[aws_apigatewayv2.HttpMethod(method)], integration=integration)
        _default_stage(self, api_id=self.resource.api_id, name=api.function.name, home=home)
        if home.stage.alarms:
            self._alarm(api.function.name, home.stage)

    @property
    def endpoint(self) -> str:
        return self.resource.api_endpoint

    def _alarm(self, name: str, stage: StageConfig) -> None:
        raise_alarm(
            self,
            "ServerErrors",
            kind=AlarmKind.API_ERRORS,
            name=f"{name}-5xx",
            says=f"{stage.resource_name(name)} answers 5 requests and more with a 5xx in 5 minutes, twice in a row.",
            metric=self.resource.metric_server_error(period=Duration.minutes(5), statistic="Sum"),
            when=Condition(over=5, times=2, of=2),
            stage=stage,
        )


def _authorizer(stage: StageConfig) -> aws_apigatewayv2.IHttpRouteAuthorizer:
    if stage.api_auth == "iam":
        return aws_apigatewayv2_authorizers.HttpIamAuthorizer()
    return aws_apigatewayv2.HttpNoneAuthorizer()


def _default_stage(scope: Construct, *, api_id: str, name: str, home: Home) -> None:
    stage = home.stage
    log = log_group(scope, "AccessLog", name=f"/aws/apigateway/{stage.resource_name(name)}", stage=stage)
    aws_apigatewayv2.CfnStage(
        scope,
        "Stage",
        api_id=api_id,
        stage_name="$default",
        auto_deploy=True,
        # Two APIs of one function may have the same route: by this it knows whose it is.
        stage_variables={API: name} if home.host else None,
        default_route_settings=aws_apigatewayv2.CfnStage.RouteSettingsProperty(
            throttling_rate_limit=stage.api_rate_limit, throttling_burst_limit=stage.api_burst_limit
        ),
        access_log_settings=aws_apigatewayv2.CfnStage.AccessLogSettingsProperty(
            destination_arn=log.log_group_arn, format=_ACCESS_LOG
        ),
    )
