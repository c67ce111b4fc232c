"""A function that tells what it does, and the collector beside it."""

from __future__ import annotations

from aws_cdk import Aws, aws_iam, aws_lambda
from constructs import Construct

from infra.components.acknowledged import acknowledge
from infra.tracing import Tracing
from runtime.lambda_tracing import ENDPOINT, RATIO


def trace(scope: Construct, *, tracing: Tracing, function: aws_lambda.Function, role: aws_iam.Role) -> None:
    """Tells the function where to send its spans and, where the collector runs beside it, adds that."""
    function.add_environment(ENDPOINT, tracing.endpoint)
    function.add_environment(RATIO, str(tracing.ratio))
    if tracing.collector_layer is None:
        return
    is_arm = function.architecture.name == aws_lambda.Architecture.ARM_64.name
    layer = tracing.collector_layer.format(
        partition=Aws.PARTITION, region=Aws.REGION, architecture="arm64" if is_arm else "amd64"
    )
    function.add_layers(aws_lambda.LayerVersion.from_layer_version_arn(scope, "Collector", layer))
    role.add_to_policy(
        aws_iam.PolicyStatement(actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources=["*"])
    )
    acknowledge(role, "AwsSolutions-IAM5[Resource::*]", "X-Ray knows no resources that segments are written to.")
