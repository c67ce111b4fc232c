"""The bucket for files: whose it is, who hears of it, and when it forgets."""

from __future__ import annotations

from functions.ingestion.adapters.dynamodb import KEPT
from functions.ingestion.manifest import FILE_SECONDS, FILES
from infra.components.bucket import FILE_DAYS
from infra.components.relations import DEAD_LETTER_DAYS, QUEUE_DAYS


def bucket(assembly):
    ((bucket_id, properties),) = assembly.stacks["Ingestion"].of_type("AWS::S3::Bucket").items()
    return bucket_id, properties


def test_the_bucket_s_name_follows_from_stage_account_and_region(assembly):
    _, properties = bucket(assembly)

    assert properties["BucketName"]["Fn::Join"][1] == [
        f"breakwater-{assembly.stage}-files-",
        {"Ref": "AWS::AccountId"},
        "-",
        {"Ref": "AWS::Region"},
    ]


def test_the_bucket_is_private_encrypted_and_has_versions(assembly):
    _, properties = bucket(assembly)

    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}


def test_the_bucket_refuses_plain_http_on_aws(assembly):
    bucket_id, _ = bucket(assembly)
    policies = [
        policy["PolicyDocument"]["Statement"]
        for policy in assembly.stacks["Ingestion"].of_type("AWS::S3::BucketPolicy").values()
        if policy["Bucket"] == {"Ref": bucket_id}
    ]

    if assembly.stage == "embedded":
        assert policies == []
    else:
        (((statement),),) = policies
        assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_rule_hears_of_its_own_bucket_only(assembly):
    bucket_id, properties = bucket(assembly)
    rules = assembly.stacks["Ingestion"].of_type("AWS::Events::Rule").values()
    (rule,) = (rule for rule in rules if rule["EventBusName"] == "default")

    assert rule["EventPattern"]["detail"]["bucket"] == {"name": [{"Ref": bucket_id}]}
    assert properties["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


def test_files_and_answers_are_forgotten_but_not_before_their_news_can_come_back(assembly):
    _, properties = bucket(assembly)
    (rule,) = properties["LifecycleConfiguration"]["Rules"]

    assert (rule["Status"], rule["Prefix"], rule["ExpirationInDays"]) == ("Enabled", "", FILE_DAYS)
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == FILE_DAYS
    assert FILE_DAYS > QUEUE_DAYS + DEAD_LETTER_DAYS
    assert KEPT.days == FILE_DAYS


def test_checkpoints_are_forgotten(assembly):
    _, table = assembly.stacks["Ingestion"].named("AWS::DynamoDB::Table", TableName=assembly.name("checkpoints"))

    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}


def test_a_file_is_worked_on_alone_and_left_well_before_the_function_s_time_is_over():
    assert FILES.batch_size == 1
    assert FILES.function.timeout >= FILE_SECONDS + 60
