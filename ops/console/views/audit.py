"""What was done to dead letters, by whom and why; and what is parked."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ops.console.console import console_of
from ops.console.problems import Problem

_OPERATIONS: Final = 50
_ENTRIES: Final = 300


def audit(request: Request) -> Response:
    console = console_of(request)
    trail = console.desk.trail
    accounts = trail.accounts(limit=_OPERATIONS)
    return console.page("letters", "audit", accounts=accounts, parked=list(trail.parked().values()))


def operation(request: Request) -> Response:
    console = console_of(request)
    wanted = request.query_params.get("id", "")
    account = console.desk.trail.account(wanted) if wanted else None
    if account is None:
        raise Problem(
            HTTPStatus.NOT_FOUND, f"There is no operation {wanted}", "The audit trail lists those that there are."
        )
    entries = console.desk.trail.entries(account.operation.id)
    shown = sorted(entries, key=lambda entry: entry.at, reverse=True)[:_ENTRIES]
    return console.page("letters", "operation", account=account, entries=shown)
