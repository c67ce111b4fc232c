from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ops import derived
from ops.__main__ import app


@pytest.fixture
def command(tmp_path: Path):
    documents = {tmp_path / "folder" / "a.json": {"name": "Zoë"}, tmp_path / "b.json": [1]}
    cli = typer.Typer()
    derived.add_commands(cli, lambda: documents, command="write it")
    return lambda *args: CliRunner().invoke(cli, args)


def test_what_was_written_is_not_written_again(command) -> None:
    first, second = command("write"), command("write")

    assert first.output.count("wrote") == 2
    assert second.output == ""


def test_text_is_written_as_it_is(tmp_path: Path) -> None:
    derived.write({tmp_path / "page.html": "<p>Zoë</p>"})

    assert (tmp_path / "page.html").read_text(encoding="utf-8") == "<p>Zoë</p>"


def test_missing_and_changed_files_fail_the_check_with_what_to_do(command, tmp_path: Path) -> None:
    command("write")
    (tmp_path / "b.json").write_text("[2]")
    (tmp_path / "folder" / "a.json").unlink()

    result = command("check")

    assert result.exit_code == 1
    assert "a.json is missing" in result.output
    assert "b.json differs" in result.output
    assert "write it" in result.output


def test_files_in_step_pass_the_check(command) -> None:
    command("write")

    assert command("check").exit_code == 0


@pytest.mark.parametrize("args", [["schemas", "check"], ["openapi", "check"]])
def test_the_committed_files_are_as_their_models_say(args: list[str]) -> None:
    result = CliRunner().invoke(app, args)

    assert result.exit_code == 0, result.output


def test_help_is_what_no_arguments_get() -> None:
    assert "schemas" in CliRunner().invoke(app, []).output
