"""The console as a server on one socket, until a signal comes."""

from __future__ import annotations

import socket
from typing import Final

import uvicorn
from starlette.concurrency import run_in_threadpool

from ops.console.access import TOKEN, Access
from ops.console.app import application
from ops.console.console import Console

#: Seconds for open pages to let go of their connections.
_GRACE: Final = 1


def listening(host: str, port: int) -> socket.socket:
    """Bound before anything is printed: the address that is printed is one that answers. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen()  # who comes before the first answer waits for it
    return listener


def address(access: Access, name: str) -> str:
    """What lets in whoever has it."""
    return f"http://{f'[{name}]' if ':' in name else name}:{access.port}/?{TOKEN}={access.token}"


class ConsoleServer(uvicorn.Server):
    """Ends what streams and works before it waits for open connections: they would wait for that."""

    def __init__(self, config: uvicorn.Config, console: Console) -> None:
        super().__init__(config)
        self._console = console

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await run_in_threadpool(self._console.close)
        await super().shutdown(sockets)


def server(console: Console) -> ConsoleServer:
    """To be run by `run(sockets=[...])`, and to be ended by its `should_exit`."""
    config = uvicorn.Config(
        application(console),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE,
    )
    return ConsoleServer(config, console)
