"""A function that a clock calls, and a queue for the calls that came to nothing."""

from __future__ import annotations

from typing import Final

from aws_cdk import Aws, aws_iam, aws_lambda_destinations, aws_scheduler
from constructs import Construct

from infra.components.function import Environment, Home, ServiceFunction
from infra.components.queues import failures
from runtime.manifest import Schedule

RETRIES: Final = 2
_MAX_AGE_SECONDS: Final = 3600


class ScheduledFunction(Construct):
    """A manifest's Schedule.

    A call that the scheduler cannot deliver and a call that fails three times both end in one dead-letter queue.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, schedule: Schedule, home: Home, environment: Environment
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letter_queue = failures(
            self, "DeadLetters", name=f"{schedule.function.name}-dlq", stage=home.stage, host=home.host
        )
        self.function = ServiceFunction(self, "Scheduled", spec=schedule.function, home=home, environment=environment)
        if home.host is None:
            self.function.allow("sqs:SendMessage", on=self.dead_letter_queue.queue_arn)
            # The scheduler calls asynchronously and is content once Lambda has the call: then Lambda's retries count.
            self.function.resource.configure_async_invoke(
                retry_attempts=RETRIES, on_failure=aws_lambda_destinations.SqsDestination(self.dead_letter_queue)
            )
        caller = self._caller()
        clock = aws_scheduler.CfnSchedule(
            self,
            "Schedule",
            name=home.stage.resource_name(schedule.function.name),
            state="ENABLED" if home.stage.schedules_enabled else "DISABLED",
            schedule_expression=schedule.expression,
            schedule_expression_timezone="UTC",
            flexible_time_window=aws_scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=self._target(caller),
        )
        clock.node.add_dependency(caller)

    def _target(self, caller: aws_iam.Role) -> aws_scheduler.CfnSchedule.TargetProperty:
        properties = aws_scheduler.CfnSchedule
        return properties.TargetProperty(
            arn=self.function.resource.function_arn,
            role_arn=caller.role_arn,
            dead_letter_config=properties.DeadLetterConfigProperty(arn=self.dead_letter_queue.queue_arn),
            retry_policy=properties.RetryPolicyProperty(
                maximum_event_age_in_seconds=_MAX_AGE_SECONDS, maximum_retry_attempts=RETRIES
            ),
        )

    def _caller(self) -> aws_iam.Role:
        """The role that the scheduler takes on, for schedules of this account only."""
        principal = aws_iam.ServicePrincipal(
            "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        )
        role = aws_iam.Role(self, "CallerRole", assumed_by=principal)
        for action, arn in (
            ("lambda:InvokeFunction", self.function.resource.function_arn),
            ("sqs:SendMessage", self.dead_letter_queue.queue_arn),
        ):
            role.add_to_policy(aws_iam.PolicyStatement(actions=[action], resources=[arn]))
        return role
