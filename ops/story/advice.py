"""What to do about an event that does not go on: plain words first, then a command that can be pasted."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ops.letters.advice import advice_for
from ops.letters.letter import Letter
from ops.story.story import Place, State, Step

_BY_STATE: Final[Mapping[State, str]] = {
    "unseen": (
        "Look further back (--since), and at the function's own log: it may have been killed before it wrote its "
        "line, or its queue was purged. To have it handled again, send or replay the same event: what was done is not "
        "done twice."
    ),
    "in_outbox": (
        "The relay publishes it by itself as soon as it runs. If it stays, look at the relay's log and at the event "
        "source mapping of the table's stream."
    ),
    "taken_out": (
        "It was redriven a moment ago, parked or purged, or another operator holds it. The audit trail says who did "
        "what:"
    ),
}
#: Reasons for which the event as it is will fail again.
_ITS_OWN_FAULT: Final = frozenset(("unreadable", "business_rule", "unpublishable"))


def advice_on(
    state: State, steps: Sequence[Step], letters: Sequence[Letter], place: Place | None, *, options: str
) -> tuple[str, ...]:
    """Nothing where all is well. `options` are the command line's, such as `--stage prod`."""
    if state == "dead_letter":
        return tuple(_on_letter(steps, letters, options))
    if state in _BY_STATE:
        return (_BY_STATE[state], *([_command("dlq audit", options)] if state == "taken_out" else ()))
    return tuple(_on_waiting(place))


def _on_letter(steps: Sequence[Step], letters: Sequence[Letter], options: str) -> Iterator[str]:
    reason = letters[-1].reason if letters else steps[-1].reason
    if not letters:
        yield advice_for(reason)
        return
    letter = letters[-1]
    if reason == "unreadable" and letter.subject.source:
        yield f"{letter.subject.source} sent it so: have it send what the catalog says ({letter.error})."
    yield advice_for(reason)
    id_ = shlex.quote(letter.id)
    yield _command(f"dlq show {id_}", options)
    yield _command(f"dlq edit {id_} --why '…'" if reason in _ITS_OWN_FAULT else f"dlq redrive --id {id_}", options)


def _on_waiting(place: Place | None) -> Iterator[str]:
    if place is not None and place.kind == "queue":
        yield (
            f"If it stays: is {place.name} running, throttled, or held back by a dependency? A function that was "
            "killed leaves its messages hidden until their visibility timeout ends."
        )


def _command(words: str, options: str) -> str:
    return " ".join(filter(None, ("python -m ops", words, options)))
