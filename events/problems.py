"""What is wrong with an input, field by field, told so that it can be read and passed on anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pydantic import ValidationError

#: What is told of an event that has more wrong with it, so that an answer cannot outgrow its question.
MAX_PROBLEMS: Final = 100
MAX_FIELD: Final = 200
_MAX_MESSAGE: Final = 500

#: Control characters, halves of characters and noncharacters.
FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field. `field` is a path from the event's root: `data.amount`."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


def told(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The first MAX_PROBLEMS, fit to be read and passed on anywhere: they may quote what came in."""
    return tuple(
        Problem(legible(problem.field, MAX_FIELD) or "event", legible(problem.message, _MAX_MESSAGE))
        for problem in islice(problems, MAX_PROBLEMS)
    )


def legible(text: str, most: int) -> str:
    """At most so many characters, none of them FORBIDDEN."""
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return FORBIDDEN.sub("\ufffd", cut)


class InvalidEvent(ValueError):
    """The input is not a CloudEvent 1.0. `problems` names the fields at fault (see told)."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = told(problems)
        super().__init__("; ".join(map(str, self.problems)))


def problems_in(error: ValidationError, *, under: str = "") -> tuple[Problem, ...]:
    """Pydantic's errors as problems whose paths start at `under`."""
    return tuple(
        Problem(".".join(filter(None, (under, *map(str, e["loc"])))) or "event", e["msg"].removeprefix("Value error, "))
        for e in error.errors(include_url=False, include_context=False, include_input=False)
    )
