"""The documents say what is so: commands, files, events and the seed event are held against the project."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest
import typer

from events.catalog import TYPES
from events.envelope import CloudEvent
from functions.notification.manifest import MESSAGES
from ops.__main__ import app
from tests.unit.event_builders import SEED_TEXT

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")])
EACH = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def code_in(text: str) -> str:
    """Code spans and fenced blocks: where a document names something that exists."""
    fenced = re.findall(r"^```.*?^```", text, re.DOTALL | re.MULTILINE)
    return "\n".join([*fenced, *re.findall(r"`[^`\n]+`", text)])


@EACH
def test_every_link_leads_to_a_file(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text())

    assert [link for link in links if not (document.parent / link).exists()] == []


@EACH
def test_every_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"\bmake ([a-z-]+)", code_in(document.read_text()))) <= targets


@EACH
def test_every_module_that_is_run_exists(document: Path) -> None:
    modules = set(re.findall(r"python -m ((?:ops|local|infra|events|functions|bench)[\w.]*)", document.read_text()))

    assert [module for module in modules if importlib.util.find_spec(module) is None] == []


@EACH
def test_every_command_of_ops_exists(document: Path) -> None:
    calls = re.findall(r"python -m ops((?: [a-z]+)+)", document.read_text())

    assert [call for call in calls if not is_command(call.split())] == []


def is_command(words: list[str]) -> bool:
    """Whether `words` begin with the name of a command, through its groups; the rest are its arguments."""
    command = typer.main.get_command(app)
    for word in words:
        if not hasattr(command, "commands"):
            return True
        if word not in command.commands:
            return False
        command = command.commands[word]
    return True


@EACH
def test_every_event_type_is_in_the_catalog(document: Path) -> None:
    named = re.findall(
        r"\b(?:ingestion|billing|notification|partner|customer)\.[a-z]+\.[a-z_]+\b", code_in(document.read_text())
    )

    assert {name for name in named if not name.startswith("functions.")} <= TYPES


@EACH
def test_every_example_that_is_named_exists(document: Path) -> None:
    named = re.findall(r"\bexamples/[\w.-]+\.\w+", document.read_text())

    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_readme_has_two_set_up_commands_and_the_first_screen_shows_them() -> None:
    text = (ROOT / "README.md").read_text()
    first_shell_block = text.split("```sh\n")[1].split("```")[0]

    assert [line.split("#")[0].strip() for line in first_shell_block.splitlines()] == ["make run", "make test"]


def test_the_seed_event_is_the_same_everywhere() -> None:
    seed = json.loads(SEED_TEXT)
    binding = (ROOT / "docs" / "cloudevents-eventbridge-binding.md").read_text()
    (entry,) = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", binding, re.DOTALL))

    assert json.loads((ROOT / "examples" / "seed-event.json").read_text()) == seed
    assert CloudEvent.parse(entry["Detail"]) == CloudEvent.parse(seed)
    assert (entry["Source"], entry["DetailType"], entry["Time"]) == (seed["source"], seed["type"], seed["time"])


def test_three_tries_are_what_the_readme_promises() -> None:
    assert "three tries" in (ROOT / "README.md").read_text()
    assert MESSAGES.tries == 3
