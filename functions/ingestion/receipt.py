"""The answers of `POST /events`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from runtime.http import FieldError, ProblemDetails


class EventResult(BaseModel):
    """What became of one event of the request."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    index: int = Field(description="the event's place in the request, from 0")
    id: str | None = Field(default=None, description="the event's id, where it has one: its first 200 characters")
    source: str | None = Field(
        default=None, description="the event's source, where it has one: its first 200 characters"
    )
    status: Literal["accepted", "rejected", "failed"] = Field(
        description="accepted: it will be processed. rejected: it is at fault, see problems. "
        "failed: nothing is wrong with it, send it again (the same event twice does no harm)"
    )
    problems: tuple[FieldError, ...] = ()


class Receipt(BaseModel):
    """One result for each event, in the order of the request."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    accepted: int
    rejected: int
    failed: int
    results: tuple[EventResult, ...]


class BatchProblem(ProblemDetails):
    """Problem details of a batch of which nothing was accepted, with one result for each event."""

    results: tuple[EventResult, ...]
