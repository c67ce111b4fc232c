"""What the deployer asks of CloudFormation: everything that has changed, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.embedded.assembly import FileAsset, Stack
from local.embedded.deploy import deploy


def refused(code: str, message: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, ""
    )


class Aws:
    """One cloud, and every client of it: it keeps templates and objects as CloudFormation and S3 do."""

    region = "us-east-1"

    def __init__(self) -> None:
        self.templates: dict[str, tuple[str, Any]] = {}
        self.objects: dict[tuple[str, str], bytes] = {}
        self.uploads: list[str] = []
        self.changed: list[str] = []

    def client(self, _: str) -> Aws:
        return self

    def get_caller_identity(self) -> Mapping[str, str]:
        return {"Account": "000000000000"}

    def head_bucket(self, Bucket: str) -> None:  # noqa: N803 - boto3's
        pass

    def head_object(self, Bucket: str, Key: str) -> None:  # noqa: N803 - boto3's
        if (Bucket, Key) not in self.objects:
            raise refused("404", "Not Found", 404)

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - boto3's
        self.objects[Bucket, Key] = Body
        self.uploads.append(Key)

    def describe_stacks(self, StackName: str) -> Mapping[str, Any]:  # noqa: N803 - boto3's
        if StackName not in self.templates:
            raise refused("ValidationError", f"Stack with id {StackName} does not exist")
        return {"Stacks": [{"StackStatus": "UPDATE_COMPLETE"}]}

    def create_stack(self, **request: Any) -> None:
        self.templates[request["StackName"]] = (request["TemplateBody"], request["Parameters"])
        self.changed.append(request["StackName"])

    def update_stack(self, **request: Any) -> None:
        if self.templates[request["StackName"]] == (request["TemplateBody"], request["Parameters"]):
            raise refused("ValidationError", "No updates are to be performed.")
        self.create_stack(**request)

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, StackName: str) -> list[Mapping[str, Any]]:  # noqa: N803 - boto3's
        return [{"StackResourceSummaries": [{"ResourceType": "AWS::SQS::Queue", "PhysicalResourceId": StackName}]}]


def a_stack(folder: Path, name: str, template: str, *depends_on: str, code: str = "1", **parameters: str) -> Stack:
    path, package = folder / f"{name}.json", folder / f"{code}.zip"
    path.write_text(template)
    package.write_text(code)
    asset = FileAsset(path=package, bucket="assets-${AWS::AccountId}", key=f"{code}.zip")
    return Stack(name=name, template=path, depends_on=depends_on, assets=(asset,), parameters=parameters)


@pytest.fixture
def aws() -> Aws:
    return Aws()


def test_stacks_are_created_after_those_that_they_depend_on(aws: Aws, tmp_path: Path) -> None:
    stacks = [a_stack(tmp_path, "billing", "{}", "bus"), a_stack(tmp_path, "bus", "{}")]
    said: list[str] = []

    deployed = deploy(aws, stacks, said.append)  # type: ignore[arg-type]

    assert aws.changed == ["bus", "billing"]
    assert said == ["stack bus: created", "stack billing: created"]
    assert deployed["bus"].resources == {"AWS::SQS::Queue": ["bus"]}


def test_nothing_is_changed_nor_uploaded_when_the_endpoint_has_it_already(aws: Aws, tmp_path: Path) -> None:
    stacks = [a_stack(tmp_path, "bus", "{}"), a_stack(tmp_path, "billing", "{}")]
    deploy(aws, stacks, print)  # type: ignore[arg-type]
    aws.changed.clear()
    said: list[str] = []

    deploy(aws, stacks, said.append)  # type: ignore[arg-type]

    assert said == ["stack bus: unchanged", "stack billing: unchanged"]
    assert aws.changed == []
    assert aws.uploads == ["1.zip"]


@pytest.mark.parametrize(
    "changes", [{"template": '{"new": 1}'}, {"template": "{}", "size": "2"}], ids=["its template", "a parameter"]
)
def test_a_stack_that_has_changed_is_never_skipped(aws: Aws, tmp_path: Path, changes: Any) -> None:
    unchanged = a_stack(tmp_path, "bus", "{}")
    deploy(aws, [unchanged, a_stack(tmp_path, "billing", "{}", size="1")], print)  # type: ignore[arg-type]
    aws.changed.clear()

    deploy(aws, [unchanged, a_stack(tmp_path, "billing", **{"size": "1", **changes})], print)  # type: ignore[arg-type]

    assert aws.changed == ["billing"]


def test_code_that_has_changed_is_uploaded(aws: Aws, tmp_path: Path) -> None:
    deploy(aws, [a_stack(tmp_path, "billing", "{}")], print)  # type: ignore[arg-type]

    deploy(aws, [a_stack(tmp_path, "billing", "{}", code="2")], print)  # type: ignore[arg-type]

    assert aws.uploads == ["1.zip", "2.zip"]
