from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from runtime import errors
from runtime.aws import aws_errors
from runtime.errors import BreakwaterError, DependencyUnavailable, PermanentError, Throttled, TransientError


def aws(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "said AWS"}}, "AnOperation")


def translated(error: Exception) -> BaseException:
    with pytest.raises(Exception) as caught, aws_errors("SQS"):  # noqa: PT011 - which one is the question
        raise error
    return caught.value


@pytest.mark.parametrize("code", ["ThrottlingException", "RequestThrottled", "ProvisionedThroughputExceededException"])
def test_aws_asking_to_slow_down_is_throttled(code: str) -> None:
    assert isinstance(translated(aws(code)), Throttled)


@pytest.mark.parametrize(
    "error",
    [
        aws("AccessDeniedException"),
        aws("InternalError"),
        EndpointConnectionError(endpoint_url="http://x"),
        ReadTimeoutError(endpoint_url="http://x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_any_other_failure_of_aws_is_an_unavailable_dependency_that_is_named(error: Exception) -> None:
    ours = translated(error)

    assert isinstance(ours, DependencyUnavailable)
    assert ours.__cause__ is error
    assert "SQS" in str(ours)


@pytest.mark.parametrize("code", ["ConditionalCheckFailedException", "TransactionCanceledException"])
def test_answers_to_conditional_writes_are_left_to_who_asked(code: str) -> None:
    error = aws(code)

    assert translated(error) is error


def every_error() -> list[type[BreakwaterError]]:
    return [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, BreakwaterError)]


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in every_error()]

    assert len(codes) == len(set(codes))


def test_no_error_is_both_permanent_and_transient() -> None:
    assert not any(issubclass(e, PermanentError) and issubclass(e, TransientError) for e in every_error())


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    assert all(error.__name__ in (errors.__doc__ or "") for error in every_error())
