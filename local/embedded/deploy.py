"""Gives synthesised templates to CloudFormation, as `cdk deploy` would: assets first, then stack by stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import ClientError

from local.embedded.assembly import FileAsset, Stack, waves
from local.embedded.cloud import Cloud
from local.embedded.polling import wait_until

_STACK_SECONDS: Final = 300
_CAPABILITIES: Final = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]

Say = Callable[[str], None]


class DeploymentFailed(Exception):
    """A stack did not come to stand; the message names the resources and CloudFormation's reasons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A stack that stands: its outputs, and its resources' physical ids by CloudFormation type."""

    name: str
    outputs: Mapping[str, str]
    resources: Mapping[str, Sequence[str]] = field(default_factory=dict)


def deploy(cloud: Cloud, stacks: Sequence[Stack], say: Say) -> dict[str, Deployed]:
    """Create or update every stack, after those that it depends on and beside the others.

    Those that have not changed stay as they are: CloudFormation compares them. Raises DeploymentFailed.
    """
    account = cloud.client("sts").get_caller_identity()["Account"]
    _upload(cloud, [asset for stack in stacks for asset in stack.assets], account)
    deployed = {}
    for wave in waves(stacks):
        with ThreadPoolExecutor(max_workers=len(wave)) as pool:
            for said, done in pool.map(lambda stack: _stands(cloud, stack), wave):
                deployed[done.name] = done
                say(f"stack {done.name}: {said}")
    return deployed


def _stands(cloud: Cloud, stack: Stack) -> tuple[str, Deployed]:
    return _deploy_one(cloud, stack), _described(cloud, stack.name)


def _upload(cloud: Cloud, assets: Sequence[FileAsset], account: str) -> None:
    places = {_place(asset, account, cloud.region): asset for asset in assets}
    s3 = cloud.client("s3")
    for bucket in {bucket for bucket, _ in places}:
        if not _answers(s3.head_bucket, Bucket=bucket):
            s3.create_bucket(Bucket=bucket)
    missing = [(place, asset) for place, asset in places.items() if not _has(s3, place)]
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda item: _put(s3, *item), missing))


def _place(asset: FileAsset, account: str, region: str) -> tuple[str, str]:
    known = {"${AWS::AccountId}": account, "${AWS::Region}": region, "${AWS::Partition}": "aws"}
    texts = [asset.bucket, asset.key]
    for placeholder, value in known.items():
        texts = [text.replace(placeholder, value) for text in texts]
    return texts[0], texts[1]


def _has(s3: Any, place: tuple[str, str]) -> bool:
    return _answers(s3.head_object, Bucket=place[0], Key=place[1])


def _put(s3: Any, place: tuple[str, str], asset: FileAsset) -> None:
    s3.put_object(Bucket=place[0], Key=place[1], Body=asset.path.read_bytes())


def _deploy_one(cloud: Cloud, stack: Stack) -> str:
    cloudformation = cloud.client("cloudformation")
    before = _status(cloudformation, stack.name)
    if before == "ROLLBACK_COMPLETE":  # what a failed creation leaves can only be deleted
        cloudformation.delete_stack(StackName=stack.name)
        _settled(cloudformation, stack.name)
        before = None
    request = {
        "StackName": stack.name,
        "TemplateBody": _compact(stack.template.read_text()),
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in stack.parameters.items()],
        "Capabilities": _CAPABILITIES,
    }
    if before is None:
        cloudformation.create_stack(**request, OnFailure="ROLLBACK")
    elif not _updated(cloudformation, request):
        return "unchanged"
    after = _settled(cloudformation, stack.name)
    if after not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise DeploymentFailed(f"stack {stack.name}: {after}\n" + "\n".join(_failures(cloudformation, stack.name)))
    return "created" if before is None else "updated"


def _compact(template: str) -> str:
    """CloudFormation takes 51,200 bytes in a request, and a synthesised template is a quarter white space."""
    return json.dumps(json.loads(template), separators=(",", ":"))


def _updated(cloudformation: Any, request: Mapping[str, Any]) -> bool:
    try:
        cloudformation.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return False
        raise
    return True


def _status(cloudformation: Any, name: str) -> str | None:
    try:
        status = str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return None if status == "DELETE_COMPLETE" else status


def _settled(cloudformation: Any, name: str) -> str:
    """The status in which the stack came to rest; `GONE` when it was deleted."""

    def resting() -> str | None:
        status = _status(cloudformation, name) or "GONE"
        return None if status.endswith("_IN_PROGRESS") else status

    return wait_until(resting, what=f"stack {name} comes to rest", timeout=_STACK_SECONDS, interval=0.05)


def _failures(cloudformation: Any, name: str) -> list[str]:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return [
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', '(no reason)')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED")
    ]


def _described(cloud: Cloud, name: str) -> Deployed:
    cloudformation = cloud.client("cloudformation")
    outputs = cloudformation.describe_stacks(StackName=name)["Stacks"][0].get("Outputs", ())
    resources: dict[str, list[str]] = {}
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=name):
        for resource in page["StackResourceSummaries"]:
            resources.setdefault(resource["ResourceType"], []).append(resource.get("PhysicalResourceId", ""))
    return Deployed(name=name, outputs={o["OutputKey"]: o["OutputValue"] for o in outputs}, resources=resources)


def _answers(call: Callable[..., Any], **arguments: str) -> bool:
    """Whether what the call asks for is there."""
    try:
        call(**arguments)
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status == 404 or "NotFound" in str(error):  # noqa: PLR2004
            return False
        raise
    return True
