"""The bucket in which the data of large events waits for its consumers."""

from __future__ import annotations

from aws_cdk import Aws, Duration, aws_s3
from constructs import Construct

from infra.components.acknowledged import acknowledge
from infra.components.function import removal_policy
from infra.config import StageConfig
from runtime.claim_check import RETENTION_DAYS


def payload_bucket(scope: Construct, construct_id: str, *, stage: StageConfig) -> aws_s3.Bucket:
    """Private, encrypted, and forgetful. Events refer to it by its name, which services compute as well."""
    bucket = aws_s3.Bucket(
        scope,
        construct_id,
        bucket_name=stage.payload_bucket(account=Aws.ACCOUNT_ID, region=Aws.REGION),
        encryption=aws_s3.BucketEncryption.S3_MANAGED,
        block_public_access=aws_s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=aws_s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=stage.require_tls,
        lifecycle_rules=[aws_s3.LifecycleRule(expiration=Duration.days(RETENTION_DAYS))],
        removal_policy=removal_policy(stage),
    )
    acknowledge(bucket, "AwsSolutions-S1", "Who read which payload is in the functions' own logs, by event.")
    return bucket
