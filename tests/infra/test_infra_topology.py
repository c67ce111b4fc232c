"""Services that share a function: what the group has, and that nothing of a service moves when it joins or leaves."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from contracts.company import SERVICES as ALL
from infra.cdk_app import build
from local.memory.company import Company
from runtime.group import own_variable
from runtime.topology import topology
from tests.infra.templates import SERVICES, Template, of_any_bucket

GROUPINGS = {"monolith": "Monolith", "ingestion+billing,notification": "IngestionBilling"}
#: What holds something that must outlive a deployment, or is known to others by its address.
KEPT = (
    "AWS::DynamoDB::Table",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
    "AWS::SSM::Parameter",
    "AWS::SES::EmailIdentity",
    "AWS::ApiGatewayV2::Api",
)
#: Every function's, and what stands in the group's own stack.
SHARED = {
    "EVENT_BUS_NAME", "POWERTOOLS_LOG_LEVEL", "POWERTOOLS_SERVICE_NAME", "STAGE", "QUEUE_URL", "DEAD_LETTER_QUEUE_URL",
}  # fmt: skip


@pytest.fixture(scope="module", params=GROUPINGS)
def grouped(request, tmp_path_factory):
    """One production stage with services that share a function: its stacks, the group and the group's template."""
    out = tmp_path_factory.mktemp("grouped")
    build("prod", out, request.param).synth()
    (group,) = topology(request.param, ALL).groups
    stacks = {path.name.partition(".")[0]: Template(path) for path in out.glob("*.template.json")}
    return group, stacks[GROUPINGS[request.param]], stacks


def members(group, stacks):
    names = {service.name for service in group.services}
    return {stack: template for stack, template in stacks.items() if stack.lower() in names}


def test_a_group_is_one_function_and_one_queue_with_its_dlq(grouped) -> None:
    group, host, stacks = grouped

    (function,) = host.of_type("AWS::Lambda::Function").values()
    queues = {queue["QueueName"] for queue in host.of_type("AWS::SQS::Queue").values()}
    assert function["Handler"] == "runtime.group.handle"
    assert (function["Timeout"], function["MemorySize"]) == (group.function.timeout, group.function.memory_mib)
    assert queues == {f"breakwater-prod-{group.name}", f"breakwater-prod-{group.name}-dlq"}
    for template in members(group, stacks).values():
        assert template.of_type("AWS::Lambda::Function") == template.of_type("AWS::SQS::Queue") == {}


def test_a_service_that_stands_alone_is_deployed_as_without_groups(grouped, assemblies) -> None:
    group, _, stacks = grouped

    for stack, service in SERVICES.items():
        if service not in group.services:
            assert stacks[stack].body == assemblies["prod"].stacks[stack].body


def test_nothing_that_a_service_keeps_is_another_one_in_a_group(grouped, assemblies) -> None:
    group, _, stacks = grouped

    for stack, template in members(group, stacks).items():
        for kind in KEPT:
            assert template.of_type(kind) == assemblies["prod"].stacks[stack].of_type(kind)


def test_no_stack_needs_another_s_export(grouped) -> None:
    _, _, stacks = grouped

    for template in stacks.values():
        assert "Fn::ImportValue" not in json.dumps(template.body)
        assert not any("Export" in output for output in template.body.get("Outputs", {}).values())


def test_each_service_finds_the_variables_that_it_would_have_of_its_own(grouped, assemblies) -> None:
    group, host, stacks = grouped
    (function,) = host.of_type("AWS::Lambda::Function").values()
    told = function["Environment"]["Variables"]

    for stack in members(group, stacks):
        functions = assemblies["prod"].stacks[stack].of_type("AWS::Lambda::Function").values()
        alone = {name for f in functions for name in f["Environment"]["Variables"]} - SHARED
        assert {own_variable(stack, name) for name in alone} <= told.keys()


def test_a_group_may_do_what_its_services_may_and_no_more(grouped, assemblies) -> None:
    group, host, stacks = grouped
    (role,) = host.of_type("AWS::IAM::Role").values()

    for stack, template in members(group, stacks).items():
        hosted = granted(template, lambda roles: roles == [role["RoleName"]])
        alone = granted(assemblies["prod"].stacks[stack], lambda _: True)
        assert about_what_is_kept(hosted) == about_what_is_kept(alone)


def granted(template, whose) -> set[str]:
    return {
        json.dumps(statement, sort_keys=True)
        for policy in template.of_type("AWS::IAM::Policy").values()
        if whose(policy["Roles"])
        for statement in policy["PolicyDocument"]["Statement"]
    }


def about_what_is_kept(statements: set[str]) -> set[str]:
    """Queues, logs and functions are the group's own; data, secrets and the bus are the services'."""
    others = ('"sqs:', '"logs:', '"lambda:')
    return {statement for statement in statements if not any(other in statement for other in others)}


def test_rules_queue_and_function_fit_together(grouped) -> None:
    group, host, _ = grouped
    (function,) = host.of_type("AWS::Lambda::Function").values()
    (mapping,) = host.of_type("AWS::Lambda::EventSourceMapping").values()
    _, queue = host.named("AWS::SQS::Queue", QueueName=f"breakwater-prod-{group.name}")

    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": group.consumer.max_concurrency}
    for rule in host.of_type("AWS::Events::Rule").values():
        (target,) = rule["Targets"]
        assert target["DeadLetterConfig"]


def test_the_memory_cloud_is_wired_as_the_group_deploys(grouped) -> None:
    group, host, _ = grouped
    grouping = topology("+".join(s.name for s in group.services) + _alone(group), ALL)
    in_memory = Company(seed=1, start=datetime(2026, 5, 20, tzinfo=UTC), topology=grouping).cloud.wiring()
    name = grouping.groups[0].name

    rules = {rule["Name"]: rule["EventPattern"] for rule in host.of_type("AWS::Events::Rule").values()}
    for bus in ("own", "default"):
        deployed = of_any_bucket(rules[f"breakwater-prod-{group.name}-{bus}"])
        assert in_memory["rules"][f"{name}-{bus}"]["pattern"] == deployed
    (mapping,) = host.of_type("AWS::Lambda::EventSourceMapping").values()
    poller = in_memory["pollers"][name]
    assert (poller["batch_size"], poller["timeout"]) == (mapping["BatchSize"], group.function.timeout)


def _alone(group) -> str:
    return "".join(f",{service.name}" for service in ALL if service not in group.services)


def test_a_service_waits_for_its_group_and_no_other_service(grouped) -> None:
    group, host, stacks = grouped
    artifacts = json.loads((host.path.parent / "manifest.json").read_text())["artifacts"]

    for stack in members(group, stacks):
        before = {d for d in artifacts[stack]["dependencies"] if not d.endswith(".assets")}
        assert before == {"Bus", "Contracts", host.path.name.partition(".")[0]}
