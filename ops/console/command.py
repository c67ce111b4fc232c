"""`python -m ops console`: the composition root. What it serves is imported only when it is asked for."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final
from uuid import uuid4  # noqa: TID251 - the composition root: jobs' ids

import typer

from ops.aws import AsJson
from ops.bundles import bundled
from ops.dlq.options import desk_of, plainly
from ops.whom import Whom

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, kw_only=True)
class Where:
    """Where to listen, and to whom."""

    host: Annotated[str, typer.Option(help="The address to listen on.")] = _LOOPBACK[0]
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)] = 0
    expose: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Allow a --host that is not loopback; NAME is what it is called by. It is plain HTTP."
        ),
    ] = None

    def check(self) -> None:
        if self.host not in _LOOPBACK and self.expose is None:
            message = f"{self.host} can be reached from elsewhere; if that is meant, add --expose NAME"
            raise typer.BadParameter(message, param_hint="--host")

    @property
    def name(self) -> str:
        return self.expose or self.host


@bundled
def console(
    whom: Whom,
    where: Where,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Look only: refuse whatever changes something.")
    ] = False,
    as_json: AsJson = False,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", hidden=True, help="End when standard input does.")
    ] = False,
) -> None:
    """Serve the console: what flows, what failed and why, and redrives, on a local web page.

    The address that is printed lets in whoever has it. Ctrl-C ends it. Exits with 2 when it cannot start.
    """
    from ops.console.server import address, listening, server  # noqa: PLC0415 - no other command pays for a web server
    from ops.console.serving import access_to, console_at  # noqa: PLC0415

    where.check()
    with plainly():
        listener = listening(where.host, where.port)
        access = access_to(listener, name=where.expose, read_only=read_only)
        serving = server(console_at(desk_of(whom), access, new_id=uuid4))
    _announce(address(access, where.name), as_json=as_json)
    if with_parent:
        threading.Thread(target=partial(_end_with_parent, serving), name="parent", daemon=True).start()
    serving.run(sockets=[listener])


def _announce(url: str, *, as_json: bool) -> None:
    print(json.dumps({"url": url}) if as_json else f"console: {url}\nCtrl-C ends it.", flush=True)


def _end_with_parent(serving: Any) -> None:
    """The parent holds the other end of standard input: however it ends, that is closed."""
    sys.stdin.buffer.read()
    serving.should_exit = True
