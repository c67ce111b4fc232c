"""Least privilege: every grant names its action and its resource."""

from __future__ import annotations

from tests.infra.templates import SERVICES, actions_on, arn, listed

#: The emulator asks for this action on "*"; on AWS it is granted on the sender's identities.
EMULATED = [("embedded", "ses:SendEmail")]

#: What each function does to the tables of its service: by the last part of the table's name.
ONCE = {"DeleteItem", "PutItem", "UpdateItem"}
TABLE_USE = {
    "ingestion": {},
    "ingestion-api": {},
    "ingestion-files": {"checkpoints": {"GetItem", "PutItem"}},
    "billing": {"billing": {"GetItem", "PutItem"}},
    "billing-usage": {"billing": {"BatchWriteItem", "UpdateItem"}},
    "billing-api": {"billing": {"GetItem", "PutItem", "Query"}, "idempotency-billing": ONCE},
    "billing-accounts": {"billing": {"DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"}},
    "billing-close": {},
    "billing-relay": {},
    "notification": {"contacts": {"GetItem"}, "idempotency-notification": ONCE},
    "notification-contacts": {"contacts": {"PutItem"}},
}
PUBLISHERS = {"ingestion", "ingestion-files", "billing-relay", "notification"}
#: What each function does to the data of large events.
CHECK_IN, CHECK_OUT = ("s3:PutObject", "payloads/*"), {("s3:GetObject", "payloads/*"), ("s3:ListBucket", "")}
PAYLOAD_USE = {
    "ingestion": {CHECK_IN, *CHECK_OUT},
    "ingestion-api": {CHECK_IN},
    "ingestion-files": {CHECK_IN, *CHECK_OUT},
    "billing": CHECK_OUT,
    "billing-usage": CHECK_OUT,
    "billing-accounts": CHECK_OUT,
    "billing-relay": {CHECK_IN},
    "notification": {CHECK_IN, *CHECK_OUT},
    "notification-contacts": CHECK_OUT,
}


def publishing(statements):
    return [s for s in statements if s["Action"] == "events:PutEvents"]


def test_no_grant_is_on_every_resource(assembly):
    everywhere = [
        (assembly.stage, action)
        for _, statement in assembly.policies()
        for resource in listed(statement["Resource"])
        for action in listed(statement["Action"])
        if isinstance(resource, str) and "*" in resource
    ]

    assert everywhere == [exception for exception in EMULATED if exception[0] == assembly.stage]


def test_no_grant_is_of_every_action_and_no_managed_policy_is_used(assembly):
    assert not [a for _, s in assembly.policies() for a in listed(s["Action"]) if "*" in a]
    for template in assembly.stacks.values():
        for role in template.of_type("AWS::IAM::Role").values():
            assert not role.get("ManagedPolicyArns")


def test_each_function_has_a_role_of_its_own(assembly):
    roles = [(id(template), f["Role"]["Fn::GetAtt"][0]) for template, _, _, f in assembly.functions()]

    assert len(set(roles)) == len(roles)


def test_a_function_may_do_to_tables_what_its_adapters_do_and_no_more(assembly):
    for template, spec, function_id, _ in assembly.functions():
        statements = template.statements_of(function_id)

        use = {
            table["TableName"].removeprefix(f"breakwater-{assembly.stage}-"): actions_on(statements, arn(table_id))
            for table_id, table in template.of_type("AWS::DynamoDB::Table").items()
        }
        expected = {
            table: {f"dynamodb:{action}" for action in actions} for table, actions in TABLE_USE[spec.name].items()
        }
        assert {table: actions for table, actions in use.items() if actions} == expected


def test_only_the_billing_api_reads_the_index(assembly):
    readers = [
        spec.name
        for template, spec, function_id, _ in assembly.functions()
        for statement in template.statements_of(function_id)
        if "/index/by-customer" in str(statement["Resource"])
    ]

    assert readers == ["billing-api"]


def test_only_those_who_publish_may_put_events_on_the_stages_bus(assembly):
    for template, spec, function_id, _ in assembly.functions():
        granted = publishing(template.statements_of(function_id))

        assert bool(granted) == (spec.name in PUBLISHERS)
        assert all(f":event-bus/breakwater-{assembly.stage}" in str(s["Resource"]) for s in granted)


def test_a_service_may_only_publish_its_own_event_types_where_the_stage_pins_them(assembly):
    for stack, service in SERVICES.items():
        template = assembly.stacks[stack]
        for _, spec, function_id, _ in (f for f in assembly.functions() if f[0] is template):
            for statement in publishing(template.statements_of(function_id)):
                pinned = statement.get("Condition", {}).get("StringEquals", {})

                if assembly.stage == "embedded":
                    assert not pinned
                else:
                    assert pinned["events:detail-type"] == list(service.emits), spec.name


def test_those_who_publish_check_data_in_and_those_who_consume_check_it_out(assembly):
    (bucket,) = assembly.stacks["Bus"].of_type("AWS::S3::Bucket").values()
    name = bucket["BucketName"]["Fn::Join"][1]

    for template, spec, function_id, function in assembly.functions():
        granted = {
            (statement["Action"], *payloads_in(statement["Resource"]))
            for statement in on_objects(template.statements_of(function_id))
            if not is_on_files(statement)
        }
        variables = function["Environment"]["Variables"]

        where = "".join(map(str, name))
        assert granted == {(action, where, key) for action, key in PAYLOAD_USE.get(spec.name, ())}, spec.name
        assert ("CLAIM_BUCKET" in variables) == bool(granted)
        assert variables.get("CLAIM_BUCKET", bucket["BucketName"]) == bucket["BucketName"]


def on_objects(statements):
    return [s for s in statements if "s3:" in str(s["Action"])]


def is_on_files(statement):
    """The bucket for files is in the same stack as its function, and so is not called by its name."""
    return statement["Resource"]["Fn::Join"][1][0] != "arn:"


def payloads_in(resource):
    """The bucket's name, told as text, and the keys."""
    arn, partition, service, *rest = resource["Fn::Join"][1]
    name, _, keys = "".join(map(str, [service, *rest])).removeprefix(":s3:::").partition("/")
    assert (arn, partition) == ("arn:", {"Ref": "AWS::Partition"})
    return name, keys


def test_a_function_may_write_its_own_log_only(assembly):
    for template, spec, function_id, function in assembly.functions():
        log_id = function["LoggingConfig"]["LogGroup"]["Ref"]
        logs = [s for s in template.statements_of(function_id) if "logs:" in str(s["Action"])]

        assert [s["Resource"] for s in logs] == [arn(log_id)], spec.name
        assert actions_on(logs, arn(log_id)) == {"logs:CreateLogStream", "logs:PutLogEvents"}


def test_only_the_file_function_may_read_what_was_put_in_the_bucket_and_write_the_answers(assembly):
    granted = {
        spec.name: {s["Resource"]["Fn::Join"][1][-1]: set(listed(s["Action"])) for s in statements}
        for template, spec, function_id, _ in assembly.functions()
        if (statements := list(filter(is_on_files, on_objects(template.statements_of(function_id)))))
    }

    assert granted == {
        "ingestion-files": {
            "/incoming/*": {"s3:GetObject", "s3:GetObjectVersion"},
            "/rejects/*": {"s3:PutObject"},
            "/results/*": {"s3:PutObject"},
        }
    }


def test_the_ingestion_api_may_send_to_the_ingestion_queue(assembly):
    template = assembly.stacks["Ingestion"]
    queue_id, _ = template.named("AWS::SQS::Queue", QueueName=assembly.name("ingestion"))
    api_id, api = template.named("AWS::Lambda::Function", FunctionName=assembly.name("ingestion-api"))

    sent = actions_on(template.statements_of(api_id), arn(queue_id))

    assert api["Environment"]["Variables"]["INGESTION_QUEUE_URL"] == {"Ref": queue_id}
    assert sent == {"sqs:SendMessage"}


def test_mail_is_sent_as_the_stages_sender_and_nobody_else_on_aws(assemblies):
    for stage in ("dev", "prod"):
        template = assemblies[stage].stacks["Notification"]
        function_id, function = template.named(
            "AWS::Lambda::Function", FunctionName=assemblies[stage].name("notification")
        )
        sender = function["Environment"]["Variables"]["SENDER_ADDRESS"]

        granted = [s["Resource"] for s in template.statements_of(function_id) if s["Action"] == "ses:SendEmail"]
        identities = [resource["Fn::Join"][1][-1].partition("identity/")[2] for resource in listed(granted)]

        assert identities == [sender, sender.partition("@")[2]]


def test_the_scheduler_may_call_one_function_and_leave_a_dead_letter(assembly):
    template = assembly.stacks["Billing"]
    (schedule,) = template.of_type("AWS::Scheduler::Schedule").values()
    role_id = schedule["Target"]["RoleArn"]["Fn::GetAtt"][0]

    granted = {
        (statement["Action"], str(statement["Resource"]))
        for policy in template.of_type("AWS::IAM::Policy").values()
        if {"Ref": role_id} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
    }

    target = schedule["Target"]
    assert granted == {
        ("lambda:InvokeFunction", str(target["Arn"])),
        ("sqs:SendMessage", str(target["DeadLetterConfig"]["Arn"])),
    }
