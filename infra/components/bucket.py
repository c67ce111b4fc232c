"""A bucket that others put files in, and that tells EventBridge of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import Aws, Stack, aws_iam, aws_s3
from constructs import Construct

from infra.components.acknowledged import acknowledge
from infra.components.function import ServiceFunction, removal_policy
from infra.config import StageConfig

#: Of files, of the answers to them, and of versions that others were put over. Longer than any DLQ keeps the news.
FILE_DAYS: Final = 90
_UPLOAD_DAYS: Final = 7


def bucket_name(stage: StageConfig, name: str) -> str:
    """It is taken for the whole world: account and region make it this stage's own."""
    return f"{stage.resource_name(name)}-{Aws.ACCOUNT_ID}-{Aws.REGION}"


class FileBucket(Construct):
    """Private, encrypted, TLS only, with versions, and forgetful.

    Not CDK's Bucket: to switch EventBridge on, that deploys a function of its own with a policy for all buckets.
    """

    def __init__(self, scope: Construct, construct_id: str, *, name: str, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.resource = aws_s3.CfnBucket(
            self,
            "Bucket",
            bucket_name=bucket_name(stage, name),
            bucket_encryption=_encryption(),
            public_access_block_configuration=aws_s3.CfnBucket.PublicAccessBlockConfigurationProperty(
                block_public_acls=True, block_public_policy=True, ignore_public_acls=True, restrict_public_buckets=True
            ),
            ownership_controls=_owned_by_the_account(),
            versioning_configuration=aws_s3.CfnBucket.VersioningConfigurationProperty(status="Enabled"),
            lifecycle_configuration=_lifecycle(),
            notification_configuration=aws_s3.CfnBucket.NotificationConfigurationProperty(
                event_bridge_configuration=aws_s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
            ),
        )
        self.resource.apply_removal_policy(removal_policy(stage))
        acknowledge(self.resource, "AwsSolutions-S1", "Who puts what there is for CloudTrail's data events to tell.")
        if stage.require_tls:
            self._refuse_plain_http()

    @property
    def own_events(self) -> Mapping[str, Any]:
        """What a pattern on the default bus must add, so as not to hear of everybody else's buckets."""
        return {"bucket": {"name": [self.resource.ref]}}

    def allow(self, function: ServiceFunction, *actions: str, under: str) -> None:
        """Grant S3 actions (`GetObject`) on the objects whose keys start with `under`."""
        function.allow(*(f"s3:{action}" for action in actions), on=f"{self.resource.attr_arn}/{under}*")
        bucket = Stack.of(self).get_logical_id(self.resource)
        rule = f"AwsSolutions-IAM5[Resource::<{bucket}.Arn>/{under}*]"
        acknowledge(function.role, rule, "What files are called is for those to say who put them there.")

    def _refuse_plain_http(self) -> None:
        statement = aws_iam.PolicyStatement(
            effect=aws_iam.Effect.DENY,
            principals=[aws_iam.AnyPrincipal()],
            actions=["s3:*"],
            resources=[self.resource.attr_arn, f"{self.resource.attr_arn}/*"],
            conditions={"Bool": {"aws:SecureTransport": "false"}},
        )
        aws_s3.CfnBucketPolicy(
            self, "Policy", bucket=self.resource.ref, policy_document=aws_iam.PolicyDocument(statements=[statement])
        )


def _encryption() -> aws_s3.CfnBucket.BucketEncryptionProperty:
    by_default = aws_s3.CfnBucket.ServerSideEncryptionByDefaultProperty(sse_algorithm="AES256")
    return aws_s3.CfnBucket.BucketEncryptionProperty(
        server_side_encryption_configuration=[
            aws_s3.CfnBucket.ServerSideEncryptionRuleProperty(server_side_encryption_by_default=by_default)
        ]
    )


def _owned_by_the_account() -> aws_s3.CfnBucket.OwnershipControlsProperty:
    """Whoever uploads; access lists count for nothing."""
    rule = aws_s3.CfnBucket.OwnershipControlsRuleProperty(object_ownership="BucketOwnerEnforced")
    return aws_s3.CfnBucket.OwnershipControlsProperty(rules=[rule])


def _lifecycle() -> aws_s3.CfnBucket.LifecycleConfigurationProperty:
    rule = aws_s3.CfnBucket.RuleProperty(
        id="forget",
        status="Enabled",
        prefix="",
        expiration_in_days=FILE_DAYS,
        noncurrent_version_expiration=aws_s3.CfnBucket.NoncurrentVersionExpirationProperty(noncurrent_days=FILE_DAYS),
        abort_incomplete_multipart_upload=aws_s3.CfnBucket.AbortIncompleteMultipartUploadProperty(
            days_after_initiation=_UPLOAD_DAYS
        ),
    )
    return aws_s3.CfnBucket.LifecycleConfigurationProperty(rules=[rule])
