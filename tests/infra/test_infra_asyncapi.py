"""The AsyncAPI documents name what the templates deploy."""

from __future__ import annotations

from contracts.asyncapi import company_document
from contracts.eventbridge_binding import NAME
from infra.config import stage_named
from tests.infra.templates import arn


def receiving():
    for operation in company_document()["operations"].values():
        if operation["action"] == "receive":
            yield operation["tags"][0]["name"].capitalize(), operation["bindings"]


def deployed(name: str, assembly) -> str:
    return name.format(stage=assembly.stage)


def test_every_rule_is_deployed_on_that_bus_with_that_pattern_to_those_queues(assembly):
    for stack, bindings in receiving():
        binding, template = bindings[NAME], assembly.stacks[stack]
        queue, _ = template.named("AWS::SQS::Queue", QueueName=deployed(binding["queue"], assembly))
        letters, _ = template.named("AWS::SQS::Queue", QueueName=deployed(binding["deadLetterQueue"], assembly))
        _, rule = template.named("AWS::Events::Rule", Name=deployed(binding["rule"], assembly))

        assert rule["EventPattern"] == binding["pattern"]
        assert rule["EventBusName"] == deployed(binding["bus"], assembly)
        assert rule["Targets"][0]["Arn"] == arn(queue)
        assert rule["Targets"][0]["DeadLetterConfig"]["Arn"] == arn(letters)


def test_every_queue_is_deployed_with_those_figures_for_that_function(assembly):
    for stack, bindings in receiving():
        binding, template = bindings[NAME], assembly.stacks[stack]
        described = bindings["sqs"]["queues"][0]
        _, queue = template.named("AWS::SQS::Queue", QueueName=deployed(described["name"], assembly))
        function, _ = template.named("AWS::Lambda::Function", FunctionName=deployed(binding["function"], assembly))
        mapping = template.mapping_of(function)

        assert queue["VisibilityTimeout"] == described["visibilityTimeout"]
        assert queue["RedrivePolicy"]["maxReceiveCount"] == described["redrivePolicy"]["maxReceiveCount"]
        assert mapping["BatchSize"] == binding["batchSize"]
        most = stage_named(assembly.stage).max_concurrency or binding["maxConcurrency"]
        assert mapping["ScalingConfig"]["MaximumConcurrency"] == min(most, binding["maxConcurrency"])
