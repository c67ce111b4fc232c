"""Answers to requests with an Idempotency-Key: Powertools idempotency around the HTTP API's one creating route."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer
from pydantic import BaseModel

from events.envelope import Problem
from runtime.errors import DependencyUnavailable
from runtime.http import HttpProblem

KEY_HEADER: Final = "Idempotency-Key"
#: For this long a key gets the answer that it got first. `Billing.issue_invoice` knows a key at least as long.
RETENTION_SECONDS: Final = 86_400


class Answers:
    """One answer for each key. `store` must be used for nothing else: Powertools configures it once."""

    def __init__(self, store: BasePersistenceLayer) -> None:
        self._store = store
        self._config = IdempotencyConfig(
            event_key_jmespath="key",
            payload_validation_jmespath="body",
            raise_on_no_idempotency_key=True,
            expires_after_seconds=RETENTION_SECONDS,
        )

    def once(self, key: str, body: BaseModel, make: Callable[[], dict[str, Any]], context: Any) -> dict[str, Any]:
        """What `make` gives, or gave.

        Raises HttpProblem: 422 for a key that was used with another body, 409 while another invocation is
        at it. An answer that could not be made is not remembered.
        """

        def run(*, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - what Powertools keys on
            return make()

        # So that a lock does not outlive a function that ran into its time limit.
        self._config.register_lambda_context(context)
        once = idempotent_function(
            run,
            data_keyword_argument="request",
            persistence_store=self._store,
            config=self._config,
            key_prefix="billing-api.issue-invoice",  # by default it would be this function's qualified name
        )
        with _problems():
            answer: dict[str, Any] = once(request={"key": key, "body": body.model_dump(mode="json")})
        return answer


def key_reused() -> HttpProblem:
    problem = Problem(KEY_HEADER, "was used with another body")
    return HttpProblem(HTTPStatus.UNPROCESSABLE_ENTITY, problems=[problem])


@contextmanager
def _problems() -> Iterator[None]:
    try:
        yield
    except IdempotencyValidationError as error:
        raise key_reused() from error
    except IdempotencyAlreadyInProgressError as error:
        raise HttpProblem(
            HTTPStatus.CONFLICT, detail="a request with this key is at work; try again", headers={"Retry-After": "1"}
        ) from error
    except (IdempotencyPersistenceLayerError, IdempotencyInconsistentStateError) as error:
        raise DependencyUnavailable(f"idempotency store: {error}") from error
