"""Rule, queue, DLQ and function fit together, in every stage."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from functions.billing.manifest import PAYMENTS
from infra.components.consumer import check_relations
from infra.components.relations import BrokenRelation
from infra.config import stage_named
from runtime.manifest import Consumer
from tests.infra.templates import actions_on, arn, listed, of_any_bucket


def wiring(assembly):
    """Per consumer: template, manifest, queue, DLQ and function (ids and properties), mapping."""
    for template, consumer in assembly.consumers():
        queue_id, queue = template.named("AWS::SQS::Queue", QueueName=assembly.name(consumer.name))
        dlq_id, dlq = template.named("AWS::SQS::Queue", QueueName=assembly.name(f"{consumer.name}-dlq"))
        function_id, function = template.named(
            "AWS::Lambda::Function", FunctionName=assembly.name(consumer.function.name)
        )
        yield template, consumer, (queue_id, queue), (dlq_id, dlq), (function_id, function)


def rules_to(template, queue_id):
    rules = template.of_type("AWS::Events::Rule")
    return {rule_id: rule for rule_id, rule in rules.items() if rule["Targets"][0]["Arn"] == arn(queue_id)}


def senders(template, queue_id):
    """The rules that the queue's policy lets send."""
    return [rule for condition in senders_if(template, queue_id) for rule in condition.get("ArnEquals", {}).values()]


def senders_if(template, queue_id):
    """The conditions under which the queue's policy lets somebody send."""
    return [
        statement["Condition"]
        for policy in template.of_type("AWS::SQS::QueuePolicy").values()
        if {"Ref": queue_id} in policy["Queues"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and statement["Resource"] == arn(queue_id)
    ]


def test_a_message_stays_hidden_for_six_times_the_functions_timeout_and_the_batching_window(assembly):
    for template, _, (_, queue), _, (function_id, function) in wiring(assembly):
        window = template.mapping_of(function_id).get("MaximumBatchingWindowInSeconds", 0)

        assert queue["VisibilityTimeout"] >= 6 * function["Timeout"] + window


def test_a_batch_reports_its_failures_one_by_one_when_it_fails_in_part(assembly):
    for template, _, _, _, (function_id, _) in wiring(assembly):
        mapping = template.mapping_of(function_id)

        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_mapping_has_the_manifests_figures(assembly):
    for template, consumer, (queue_id, queue), _, (function_id, _) in wiring(assembly):
        mapping = template.mapping_of(function_id)

        assert mapping["EventSourceArn"] == arn(queue_id)
        assert mapping["BatchSize"] == consumer.batch_size
        stage = stage_named(assembly.stage)
        assert mapping["MaximumBatchingWindowInSeconds"] == stage.batching_window(consumer)
        assert mapping["ScalingConfig"] == {"MaximumConcurrency": stage.concurrency(consumer)}
        assert queue["VisibilityTimeout"] == consumer.visibility_timeout


def test_a_message_ends_in_the_dlq_when_it_was_received_as_often_as_the_manifest_says(assembly):
    for _, consumer, (_, queue), (dlq_id, dlq), _ in wiring(assembly):
        assert queue["RedrivePolicy"] == {
            "deadLetterTargetArn": arn(dlq_id),
            "maxReceiveCount": consumer.max_receive_count,
        }
        assert dlq["MessageRetentionPeriod"] == 14 * 86_400 > queue["MessageRetentionPeriod"]


def test_every_subscription_is_a_rule_with_the_manifests_pattern_on_its_bus(assembly):
    for template, consumer, (queue_id, _), _, _ in wiring(assembly):
        rules = rules_to(template, queue_id).values()

        found = {rule["Name"]: (rule["EventBusName"], of_any_bucket(rule["EventPattern"])) for rule in rules}
        buses = {"own": f"breakwater-{assembly.stage}", "default": "default"}
        assert found == {
            assembly.name(f"{consumer.name}-{s.name}"): (buses[s.bus], dict(s.pattern)) for s in consumer.subscriptions
        }
        assert {rule["State"] for rule in rules} <= {"ENABLED"}


def test_an_event_ends_in_the_dlq_when_its_rule_cannot_reach_the_queue(assembly):
    for template, _, (queue_id, _), (dlq_id, _), _ in wiring(assembly):
        for rule in rules_to(template, queue_id).values():
            (target,) = rule["Targets"]

            assert target["DeadLetterConfig"] == {"Arn": arn(dlq_id)}
            assert not {"Input", "InputPath", "InputTransformer"} & target.keys()


def test_queue_and_dlq_take_messages_from_their_own_rules_only(assembly):
    for template, _, (queue_id, _), (dlq_id, _), _ in wiring(assembly):
        own = [arn(rule_id) for rule_id in rules_to(template, queue_id)]

        assert senders(template, queue_id) == own
        assert senders(template, dlq_id) == own


def test_queue_and_dlq_take_messages_from_rules_that_exist_for_one_replay_of_the_stages_bus(assembly):
    for template, consumer, (queue_id, _), (dlq_id, _), _ in wiring(assembly):
        replayed = any(subscription.bus == "own" for subscription in consumer.subscriptions)

        for queue in (queue_id, dlq_id):
            named = [c["ArnLike"]["aws:SourceArn"] for c in senders_if(template, queue) if "ArnLike" in c]
            assert len(named) == replayed
            assert all(
                name["Fn::Join"][1][-1] == f":rule/{assembly.name('')[:-1]}/{assembly.name('replay-*')}"
                for name in named
            )


def test_every_queue_is_encrypted_and_on_aws_refuses_plain_http(assembly):
    for template in assembly.stacks.values():
        refusing = {
            policy["Queues"][0]["Ref"]
            for policy in template.of_type("AWS::SQS::QueuePolicy").values()
            for statement in policy["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        }
        queues = template.of_type("AWS::SQS::Queue")

        assert all(queue["SqsManagedSseEnabled"] for queue in queues.values())
        assert refusing == (set() if assembly.stage == "embedded" else set(queues))


def test_a_consumer_knows_its_queues_and_may_use_them_as_the_runtime_does(assembly):
    for template, _, (queue_id, _), (dlq_id, _), (function_id, function) in wiring(assembly):
        variables = function["Environment"]["Variables"]
        statements = template.statements_of(function_id)

        assert variables["QUEUE_URL"] == {"Ref": queue_id}
        assert variables["DEAD_LETTER_QUEUE_URL"] == {"Ref": dlq_id}
        assert actions_on(statements, arn(queue_id)) == {
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
            "sqs:SendMessage",
        }
        assert actions_on(statements, arn(dlq_id)) == {"sqs:SendMessage"}


def test_one_dead_letter_is_alarming_where_the_stage_has_alarms(assembly):
    for template in assembly.stacks.values():
        dlqs = {
            queue_id
            for queue_id, queue in template.of_type("AWS::SQS::Queue").items()
            if queue["QueueName"].endswith("-dlq")
        }
        alarms = template.of_type("AWS::CloudWatch::Alarm").values()

        watched = {
            alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
            for alarm in alarms
            if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible" and alarm["Threshold"] == 1
        }
        assert watched == (set() if assembly.stage == "embedded" else dlqs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Impatient(Consumer):
    @property
    def visibility_timeout(self) -> int:
        return self.function.timeout

    @property
    def max_receive_count(self) -> int:
        return self.tries


def impatient():
    return Impatient(function=PAYMENTS.function, subscriptions=PAYMENTS.subscriptions, dedup="state")


@pytest.mark.parametrize(
    ("consumer", "problem"),
    [
        (impatient(), r"under 180 s"),
        (impatient(), r"a lock is held for up to 30 s: not over when its message is shown again"),
        (
            impatient(),
            r"up after 3 receives, without a reason: before the consumer does, after 3 tries",
        ),
        (replace(PAYMENTS, tries=0), "tries must be"),
        (replace(PAYMENTS, function=replace(PAYMENTS.function, timeout=900)), "would be lost before it is given up"),
        (replace(PAYMENTS, batch_size=100), "batching window"),
        (replace(PAYMENTS, max_concurrency=1), "max_concurrency"),
        (replace(PAYMENTS, subscriptions=()), "nothing is subscribed"),
    ],
)
def test_synthesis_stops_when_a_relation_is_broken(consumer, problem):
    with pytest.raises(BrokenRelation, match=problem):
        check_relations(consumer)


def test_nothing_but_the_manifests_consumers_is_fed_by_a_queue(assembly):
    for template in assembly.stacks.values():
        queues = {arn(queue_id)["Fn::GetAtt"][0] for queue_id in template.of_type("AWS::SQS::Queue")}
        fed = [
            mapping["FunctionName"]["Ref"]
            for mapping in template.of_type("AWS::Lambda::EventSourceMapping").values()
            if listed(mapping["EventSourceArn"]["Fn::GetAtt"])[0] in queues
        ]
        known = [function_id for t, *_, (function_id, _) in wiring(assembly) if t is template]

        assert sorted(fed) == sorted(known)
