"""The one entry for who wants the figures and not their table: what a stage costs a month, in a topology."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.company import SERVICES
from infra.config import UnknownStage, stage_named
from ops.cost.answer import TOLD_RATE, Answer
from ops.cost.figures import NoSuchFile, assumptions, mix_named, prices_in
from ops.cost.reading import topology_of
from ops.cost.scope import Scope
from ops.cost.templates import CannotSynthesise, read, templates_of
from ops.cost.topology import Topology
from runtime.topology import SERVICES as APART
from runtime.topology import topology as grouped

#: What may be raised of a question that cannot be answered; the message says what to do.
UNANSWERABLE: Final = (UnknownStage, NoSuchFile, CannotSynthesise, OSError, ValueError)

Say = Callable[[str], None]


def nothing(_: str) -> None:
    """For who does not want to hear of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`rate` is requests a second; `mix` one of ours by its name, or a file.

    With `templates`, a cloud assembly, nothing is synthesised, and the topology is the one that they have.
    """

    stage: str = "prod"
    topology: str = APART
    rate: float = TOLD_RATE
    mix: str = "metered"
    months: float = 1.0
    templates: Path | None = None


def scope_of(question: Question, say: Say = nothing) -> Scope:
    """Raises what is UNANSWERABLE."""
    return Scope(
        topology=deployed(question, say),
        mix=mix_named(question.mix),
        rate=question.rate,
        assumptions=assumptions(),
        months=question.months,
    )


def deployed(question: Question, say: Say = nothing) -> Topology:
    """What is in its templates. Raises what is UNANSWERABLE."""
    stage = stage_named(question.stage)
    grouped(question.topology, SERVICES)
    given = question.templates
    return topology_of(read(given) if given else templates_of(stage.name, question.topology, say), stage.prefix)


def monthly_cost(question: Question, *, region: str = "us-east-1", say: Say = nothing) -> Answer:
    """`.bill.dollars` is the month's; `.document()` all of it as JSON has it. Raises what is UNANSWERABLE.

    Of a topology with groups, the same stage without them is synthesised as well, to be held against it.
    """
    scope, prices = scope_of(question, say), prices_in(region)
    apart = deployed(Question(stage=question.stage), say) if scope.topology.groups else scope.topology
    answer = Answer(stage=question.stage, scope=scope, prices=prices, apart=apart)
    answer.bill  # noqa: B018 - so that a file that cannot be read is told of here
    return answer
