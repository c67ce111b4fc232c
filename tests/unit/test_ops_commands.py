"""What every command of the operator has: where to ask, an answer for scripts, and an example."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from ops.__main__ import app

#: Those that ask a stage. `dlq policy` asks nobody, and prints JSON alone.
OPERATE = ("why", "tail", "dlq", "replay", "metrics", "console")
NEEDED = {"--json", "--stage", "--endpoint-url", "--profile", "--region"}


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The command itself, if it can be called, and all below it. Typer's classes are not Click's."""
    below = getattr(command, "commands", {})
    if not below or command.invoke_without_command:
        yield name, command
    for part, one in below.items():
        yield from commands(one, f"{name} {part}")


def operators() -> dict[str, Any]:
    everything: Any = get_command(app)
    found = {name: one for part in OPERATE for name, one in commands(everything.commands[part], part)}
    return {name: one for name, one in found.items() if name != "dlq policy"}


@pytest.mark.parametrize("name", operators())
def test_a_command_can_be_pointed_anywhere_and_read_by_a_script(name: str) -> None:
    options = {option for parameter in operators()[name].params for option in parameter.opts}

    assert options >= NEEDED


@pytest.mark.parametrize("name", operators())
def test_a_command_s_help_has_an_example_of_it(name: str) -> None:
    assert f"python -m ops {name}" in (operators()[name].epilog or "")
