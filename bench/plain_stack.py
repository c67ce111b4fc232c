"""The peer on the emulator: bus, rule, queue, mapping, function and tables, as one CloudFormation template."""

from __future__ import annotations

import json
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

from local.embedded.assembly import FileAsset, Stack
from local.embedded.cloud import Cloud
from local.embedded.deploy import deploy

BUS: Final = "plain"
USAGE_TABLE: Final = "plain-usage"
_IDEMPOTENCY_TABLE: Final = "plain-idempotency"
_FUNCTION: Final = Path(__file__).with_name("plain_ledger.py")
_BUCKET: Final = "plain-code"
_TIMEOUT: Final = 30
_VISIBILITY: Final = 180
_RECEIVES: Final = 3


def deploy_plain(cloud: Cloud, *, detail_type: str, directory: Path) -> None:
    """Raises DeploymentFailed. `directory` is for what is uploaded."""
    code, template = directory / "plain.zip", directory / "plain.json"
    with ZipFile(code, "w") as archive:
        archive.write(_FUNCTION, _FUNCTION.name)
    template.write_text(json.dumps(_template(detail_type)))
    asset = FileAsset(path=code, bucket=_BUCKET, key=code.name)
    stack = Stack(name="plain", template=template, depends_on=(), assets=(asset,), parameters={})
    deploy(cloud, [stack], lambda _: None)


def _template(detail_type: str) -> Mapping[str, Any]:
    return {
        "Resources": {
            **_way_in(detail_type),
            "Usage": _table(USAGE_TABLE),
            "Idempotency": _table(_IDEMPOTENCY_TABLE, TimeToLiveSpecification=_ttl()),
            **_function(),
        }
    }


def _way_in(detail_type: str) -> Mapping[str, Any]:
    target = {"Id": "queue", "Arn": _arn("Queue")}
    redrive = {"deadLetterTargetArn": _arn("DeadLetters"), "maxReceiveCount": _RECEIVES}
    rule = {"EventBusName": {"Ref": "Bus"}, "EventPattern": {"detail-type": [detail_type]}, "Targets": [target]}
    return {
        "Bus": _resource("Events::EventBus", Name=BUS),
        "DeadLetters": _resource("SQS::Queue"),
        "Queue": _resource("SQS::Queue", VisibilityTimeout=_VISIBILITY, RedrivePolicy=redrive),
        "Rule": _resource("Events::Rule", **rule),
        "LetIn": _resource(
            "SQS::QueuePolicy",
            Queues=[{"Ref": "Queue"}],
            PolicyDocument=_policy({"Service": "events.amazonaws.com"}, "sqs:SendMessage", _arn("Queue")),
        ),
    }


def _function() -> Mapping[str, Any]:
    mapping = {
        "FunctionName": {"Ref": "Function"},
        "EventSourceArn": _arn("Queue"),
        "BatchSize": 10,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    return {
        "Role": _resource("IAM::Role", AssumeRolePolicyDocument=_trust(), Policies=[_grants()]),
        "Function": _resource(
            "Lambda::Function",
            Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
            Handler=f"{_FUNCTION.stem}.handle",
            Code={"S3Bucket": _BUCKET, "S3Key": "plain.zip"},
            Role=_arn("Role"),
            Timeout=_TIMEOUT,
            MemorySize=512,
            Environment={"Variables": _variables()},
        ),
        "Mapping": _resource("Lambda::EventSourceMapping", **mapping),
    }


def _variables() -> Mapping[str, str]:
    """Its packages are those that this process has: what it takes to start is not what is compared."""
    return {
        "USAGE_TABLE": USAGE_TABLE,
        "IDEMPOTENCY_TABLE": _IDEMPOTENCY_TABLE,
        "POWERTOOLS_SERVICE_NAME": "plain",
        "PYTHONPATH": sysconfig.get_path("purelib"),
    }


def _grants() -> Mapping[str, Any]:
    writes = [f"dynamodb:{verb}Item" for verb in ("Get", "Put", "Update", "Delete")]
    takes = [f"sqs:{verb}" for verb in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")]
    statement = {"Effect": "Allow", "Action": [*writes, *takes], "Resource": "*"}
    return {"PolicyName": "work", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}


def _trust() -> Mapping[str, Any]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _policy(principal: Mapping[str, str], action: str, resource: Any) -> Mapping[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _table(name: str, **more: Any) -> Mapping[str, Any]:
    key = {"AttributeName": "id", "KeyType": "HASH"}
    return _resource(
        "DynamoDB::Table",
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[key],
        **more,
    )


def _ttl() -> Mapping[str, Any]:
    return {"AttributeName": "expiration", "Enabled": True}


def _resource(kind: str, **properties: Any) -> Mapping[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def _arn(logical_id: str) -> Mapping[str, Any]:
    return {"Fn::GetAtt": [logical_id, "Arn"]}
