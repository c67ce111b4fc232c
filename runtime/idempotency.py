"""Effects that cannot be part of our own write, once: Powertools idempotency with its traps set right."""

from __future__ import annotations

from typing import Any, Final

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyPersistenceLayerError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer

from events.envelope import CloudEvent
from runtime.aws import client, translated
from runtime.errors import InFlightElsewhere
from runtime.outcome import Handle, Outcome

#: Longer than any event can come back: from the bus's archive (30 days at most), then a queue (4), then its DLQ (14).
#: Synthesis holds every stage to it. Powertools' own default is an hour.
RETENTION_DAYS: Final = 60
#: What the records' table has its TTL on.
EXPIRY_ATTRIBUTE: Final = "expiration"


def dynamodb_store(table_name: str) -> BasePersistenceLayer:
    return DynamoDBPersistenceLayer(
        table_name=table_name, expiry_attr=EXPIRY_ATTRIBUTE, boto3_client=client("dynamodb")
    )


class Once:
    """Runs a handler once for each (`consumer`, source, id), and remembers the events it returned.

    A duplicate gets the same events back: the first run may have died between its effect and its
    publishing, and events with the same ids harm nobody.
    """

    def __init__(self, store: BasePersistenceLayer, consumer: str, *, retention_days: int = RETENTION_DAYS) -> None:
        self._store = store
        self._consumer = consumer
        self._config = IdempotencyConfig(
            event_key_jmespath="[source, id]",
            raise_on_no_idempotency_key=True,
            expires_after_seconds=retention_days * 86_400,
        )

    def register(self, context: Any) -> None:
        """Tie locks to this invocation's time limit, so that a lock does not outlive a function that timed out."""
        self._config.register_lambda_context(context)

    def run(self, handle: Handle, event: CloudEvent) -> Outcome:
        """Raises InFlightElsewhere while another invocation holds the event, and whatever `handle` raises."""
        ran = False

        def effect(*, identity: dict[str, str]) -> list[dict[str, Any]]:  # noqa: ARG001 - what Powertools keys on
            nonlocal ran
            ran = True
            return [caused.to_dict() for caused in handle(event).events]

        # The prefix names the consumer: by default it would be this function's qualified name, and a
        # rename would forget everything that was done.
        once = idempotent_function(
            effect,
            data_keyword_argument="identity",
            persistence_store=self._store,
            config=self._config,
            key_prefix=self._consumer,
        )
        try:
            events = once(identity={"source": event.source, "id": event.id})
        except IdempotencyAlreadyInProgressError as error:
            raise InFlightElsewhere(str(error)) from error
        except (IdempotencyPersistenceLayerError, IdempotencyInconsistentStateError) as error:
            raise translated(error.__cause__ or error, "idempotency store") from error
        return Outcome(tuple(CloudEvent.parse(e) for e in events or ()), duplicate=not ran)
