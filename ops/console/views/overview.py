"""The overview: how it is in a sentence, the company as a drawing, its queues, and the latest that happened."""

from __future__ import annotations

import json
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ops.console import topology
from ops.console.console import Console, console_of
from ops.console.feed import State
from ops.console.flow import Filter

_LATEST: Final = 12


def overview(request: Request) -> Response:
    console = console_of(request)
    services = console.target.services
    drawings = [topology.wide(services), topology.narrow(services)]
    return console.page(
        "overview",
        "overview",
        state=console.feed.now(),
        drawings=drawings,
        ways=json.dumps([{"drawing": d.key, "type": w.type, "consumer": w.consumer} for d in drawings for w in d.ways]),
        lines=console.feed.latest(Filter(), _LATEST),
        owners=[(consumer.name, service.name) for service in services for consumer in service.consumers],
    )


def state_message(console: Console, state: State) -> dict[str, object]:
    """The state, as a page patches it in."""
    names = [function.name for service in console.target.services for function in service.functions]
    return {
        "health": console.pages.fragment("health", health=state.health),
        "depths": {name: depth.all for name in names if (depth := state.depths.queue_of(name))},
        "dead": {name: depth.all for name in names if (depth := state.depths.dead_of(name))},
        "letters": state.depths.letters,
        "handled": dict(state.rates.handled),
        "sent": dict(state.rates.sent),
    }
