"""Each stack deploys alone, and the app gives the same output to everybody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from inspect import signature
from pathlib import Path

import pytest
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

from infra.cdk_app import build
from infra.check import nag_findings
from infra.components.relations import BrokenRelation
from infra.config import STAGES as STAGES_BY_NAME
from infra.config import UnknownStage, stage_named
from infra.node import choose_node
from local.memory.patterns import compile as compile_pattern
from runtime.claim_check import RETENTION_DAYS as PAYLOAD_DAYS
from runtime.outbox import Change
from tests.infra.templates import SERVICES, STACKS, walk

ROOT = Path(__file__).parents[2]
KEPT = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SecretsManager::Secret", "AWS::Logs::LogGroup")


def referred(template):
    """Every logical id that the template speaks of."""
    for node in walk(template.body):
        if isinstance(node, dict) and "Ref" in node:
            yield node["Ref"]
        if isinstance(node, dict) and "Fn::GetAtt" in node:
            yield node["Fn::GetAtt"][0]


def test_a_stack_speaks_of_nothing_outside_of_itself(assembly):
    for template in assembly.stacks.values():
        outside = {name for name in referred(template) if not name.startswith("AWS::")} - set(
            template.body["Resources"]
        )

        assert not outside
        assert "Parameters" not in template.body
        assert "Fn::ImportValue" not in template.path.read_text()


def test_a_service_waits_for_the_bus_and_the_contracts_and_for_no_other_service(assembly):
    artifacts = json.loads((assembly.path / "manifest.json").read_text())["artifacts"]

    stacks = {name: a for name, a in artifacts.items() if a["type"] == "aws:cloudformation:stack"}

    first = set(STACKS[assembly.stage]) - set(SERVICES)
    assert set(stacks) == set(STACKS[assembly.stage])
    for name, stack in stacks.items():
        assert stack["environment"] == "aws://unknown-account/unknown-region"
        assert stack["properties"]["stackName"] == f"Breakwater-{assembly.stage}-{name}"
        assert set(stack["dependencies"]) - {f"{name}.assets"} == (first if name in SERVICES else set())


def test_every_rule_and_grant_names_the_bus_that_the_bus_stack_makes(assembly):
    (bus,) = assembly.stacks["Bus"].of_type("AWS::Events::EventBus").values()

    named = {
        rule["EventBusName"]
        for stack in SERVICES
        for rule in assembly.stacks[stack].of_type("AWS::Events::Rule").values()
    }

    assert named == {bus["Name"], "default"}


def test_the_bus_remembers_where_the_stage_says_so(assembly):
    archives = assembly.stacks["Bus"].of_type("AWS::Events::Archive").values()

    assert bool(archives) == (assembly.stage != "embedded")
    assert all("EventPattern" not in archive and archive["RetentionDays"] >= 7 for archive in archives)


def test_the_bucket_of_payloads_is_private_encrypted_forgetful_and_on_aws_for_tls_only(assembly):
    template = assembly.stacks["Bus"]
    ((bucket_id, bucket),) = template.of_type("AWS::S3::Bucket").items()

    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    refusals = [
        (policy["Bucket"], statement["Effect"], statement["Action"], statement["Condition"])
        for policy in template.of_type("AWS::S3::BucketPolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    plain_http = {"Bool": {"aws:SecureTransport": "false"}}
    assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert rule == {"ExpirationInDays": PAYLOAD_DAYS, "Status": "Enabled"}
    on_aws = [({"Ref": bucket_id}, "Deny", "s3:*", plain_http)]
    assert refusals == ([] if assembly.stage == "embedded" else on_aws)


def test_every_table_costs_by_use_and_can_be_set_back(assembly):
    for template in assembly.stacks.values():
        for table in template.of_type("AWS::DynamoDB::Table").values():
            assert table["BillingMode"] == "PAY_PER_REQUEST"
            assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_what_production_knows_is_kept_when_a_stack_is_deleted(assemblies):
    for template in assemblies["prod"].stacks.values():
        for resource in template.body["Resources"].values():
            if resource["Type"] in KEPT:
                assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == (
                    "RetainExceptOnCreate",
                    "Retain",
                )


def test_the_relay_gets_what_has_an_outbox_and_gives_up_into_its_failure_queue(assembly):
    template = assembly.stacks["Billing"]
    relay_id, _ = template.named("AWS::Lambda::Function", FunctionName=assembly.name("billing-relay"))
    (spec,) = SERVICES["Billing"].relays
    failures_id, _ = template.named("AWS::SQS::Queue", QueueName=assembly.name("billing-relay-dlq"))

    mapping = template.mapping_of(relay_id)
    filters = [json.loads(f["Pattern"]) for f in mapping["FilterCriteria"]["Filters"]]

    assert {"dynamodb": {"NewImage": {"outbox": {"L": {"S": [{"exists": True}]}}}}} in filters
    assert all(set(f["dynamodb"]["NewImage"]) == {"outbox"} for f in filters)
    assert mapping["BatchSize"] == spec.batch_size
    assert mapping["BisectBatchOnFunctionError"] is True
    assert "MaximumRetryAttempts" not in mapping  # for as long as the stream has the record
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": [failures_id, "Arn"]}


def test_a_schedule_has_the_manifests_expression_and_keeps_calls_that_came_to_nothing(assembly):
    template = assembly.stacks["Billing"]
    (manifest,) = SERVICES["Billing"].schedules

    (schedule,) = template.of_type("AWS::Scheduler::Schedule").values()
    (retries,) = template.of_type("AWS::Lambda::EventInvokeConfig").values()

    assert schedule["ScheduleExpression"] == manifest.expression
    assert schedule["ScheduleExpressionTimezone"] == "UTC"
    assert schedule["State"] == ("DISABLED" if assembly.stage == "embedded" else "ENABLED")
    assert retries["DestinationConfig"]["OnFailure"]["Destination"] == schedule["Target"]["DeadLetterConfig"]["Arn"]


def test_every_route_of_the_manifests_and_no_other_is_open_and_on_aws_to_signed_requests_only(assembly):
    for stack, service in SERVICES.items():
        routes = assembly.stacks[stack].of_type("AWS::ApiGatewayV2::Route").values()

        assert sorted(r["RouteKey"] for r in routes) == sorted(r for api in service.apis for r in api.routes)
        assert {r["AuthorizationType"] for r in routes} <= {"NONE" if assembly.stage == "embedded" else "AWS_IAM"}


def test_every_api_is_throttled_and_logged(assembly):
    for stack, service in SERVICES.items():
        stages = assembly.stacks[stack].of_type("AWS::ApiGatewayV2::Stage").values()

        assert len(stages) == len(service.apis)
        assert all(s["DefaultRouteSettings"]["ThrottlingRateLimit"] for s in stages)
        assert all("routeKey" in s["AccessLogSettings"]["Format"] for s in stages)


def test_the_app_of_cdk_json_gives_the_same_output_without_credentials_or_environment(assemblies, tmp_path):
    bare = {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), "/usr/bin", "/bin")),
        "CDK_OUTDIR": str(tmp_path),
        "CDK_CONTEXT_JSON": '{"stage": "dev"}',
        "BREAKWATER_STAGE": "prod",
    }

    done = subprocess.run(  # noqa: S602 - as the cdk command runs it
        json.loads((ROOT / "cdk.json").read_text())["app"],
        shell=True,
        cwd=ROOT,
        env=bare,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    there = assemblies["dev"].path
    for path in sorted(there.glob("*.template.json")):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()
    assert {path.name for path in there.glob("asset.*")} == {path.name for path in tmp_path.glob("asset.*")}


def test_a_stage_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(UnknownStage, match="no stage 'qa'; known: embedded, localstack, dev, prod"):
        stage_named("qa")


def test_cdk_nag_is_listening(tmp_path):
    findings = list(nag_findings(build("embedded", tmp_path)))

    assert findings
    # What the embedded stage leaves open: APIs without signatures, plain HTTP, mail as anybody.
    left_open = tuple(f"AwsSolutions-{rule}" for rule in ("APIG4", "IAM5", "S10", "SQS4"))
    assert all(finding.startswith(left_open) for finding in findings)


def test_node_comes_from_our_own_packages_when_the_machine_has_none():
    environ = {}

    choose_node(environ)

    assert Path(environ["JSII_NODE"]).is_file()


def test_a_node_that_the_user_chose_stands():
    environ = {"JSII_NODE": "/opt/node"}

    choose_node(environ)

    assert environ["JSII_NODE"] == "/opt/node"


def test_synthesis_stops_when_a_stage_s_archive_outlives_what_consumers_remember(monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(STAGES_BY_NAME, "prod", replace(stage_named("prod"), archive_days=41))

    with pytest.raises(BrokenRelation, match=r"stage prod: idempotency records expire after 60 days, within the 60"):
        build("prod", tmp_path)


def test_every_idempotency_table_forgets_by_what_powertools_writes(assembly) -> None:
    tables = [t for s in assembly.stacks.values() for t in s.of_type("AWS::DynamoDB::Table").values()]

    ttl = [t["TimeToLiveSpecification"] for t in tables if "-idempotency-" in t["TableName"]]

    written = signature(DynamoDBPersistenceLayer).parameters["expiry_attr"].default
    assert ttl == [{"AttributeName": written, "Enabled": True}] * 2


def test_the_relay_s_filter_lets_outboxes_through_and_nothing_else(assembly):
    template = assembly.stacks["Billing"]
    relay_id, _ = template.named("AWS::Lambda::Function", FunctionName=assembly.name("billing-relay"))
    filters = template.mapping_of(relay_id)["FilterCriteria"]["Filters"]
    matchers = [compile_pattern(json.loads(f["Pattern"])) for f in filters]
    full = Change(key="i", new=("{}",)).to_stream_record(1)
    usage = {"dynamodb": {"Keys": {"pk": {"S": "USAGE"}}, "NewImage": {"meter": {"S": "seats"}}}}

    assert any(matcher.matches(full) for matcher in matchers)
    assert not any(matcher.matches(usage) for matcher in matchers)
