"""A person's words become a question, and the question a story."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from ops.logs.sources import log_source
from ops.logs.window import Window
from ops.story.gathering import Investigation
from ops.story.story import Choices, Story
from ops.story.telling import Kind, Question
from ops.target import Target
from runtime.clock import Clock

PAST: Final = timedelta(hours=24)
#: Beginnings that say what a word is.
_CUSTOMER: Final = "cus_"
_INVOICE: Final = "inv_"

Ask = Callable[[Question, timedelta], Story | Choices]


def asker(target: Target, clock: Clock) -> Ask:
    """Answers from what was written within a time until now. Raises CannotAsk."""

    def ask(question: Question, past: timedelta) -> Story | Choices:
        now = clock.now()
        window = Window(start=now - past, end=now)
        return Investigation(target=target, logs=log_source(target, clock), clock=clock, window=window).answer(question)

    return ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """Tries what a word may be, the likeliest first, until something is known of it."""

    ask: Ask = field(repr=False)

    def about(self, word: str, *, past: timedelta = PAST) -> Story | Choices:
        first: Story | None = None
        for kind in _kinds(word):
            told = self.ask(Question(kind=kind, value=word), past)
            if isinstance(told, Choices) or told.events:
                return told
            first = first or told
        assert first is not None  # noqa: S101 - there is a kind to try
        return first

    def event(self, event_id: str, *, source: str = "", past: timedelta = PAST) -> Story | Choices:
        return self.ask(Question(kind="event", value=event_id, source=source), past)


def _kinds(word: str) -> tuple[Kind, ...]:
    if word.startswith(_CUSTOMER):
        return ("customer", "event", "correlation")
    if word.startswith(_INVOICE):
        return ("invoice", "event", "correlation")
    return ("event", "customer", "invoice", "correlation")
