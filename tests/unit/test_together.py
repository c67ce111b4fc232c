"""Commands side by side: what is shown of them, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.together import main, run


def said_of(commands: dict[str, str], *, at_once: int = 2) -> tuple[list[str], list[str]]:
    said: list[str] = []
    return run(commands, at_once=at_once, say=said.append), said


def test_two_run_at_once_when_each_waits_for_the_other(tmp_path: Path) -> None:
    """Each end of a pipe opens when somebody opens the other."""
    pipe = tmp_path / "pipe"
    make = f"mkfifo {pipe} 2>/dev/null"

    failed, said = said_of({"reads": f"{make}; cat {pipe}", "writes": f"{make}; echo it > {pipe}"})

    assert failed == []
    assert [text.split("\n")[1:] for text in sorted(said)] == [["  it"], []]


def test_what_a_command_prints_stays_together() -> None:
    _, said = said_of({"a": "echo one; echo two >&2; echo three", "b": "echo four; echo five"})

    assert sorted(text.split("\n", 1)[1] for text in said) == ["  four\n  five", "  one\n  two\n  three"]


def test_they_begin_in_the_order_given() -> None:
    _, said = said_of({"b": "true", "a": "true", "c": "true"}, at_once=1)

    assert [text[0] for text in said] == ["b", "a", "c"]


def test_all_are_run_when_one_fails(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["bad=echo why; exit 3", "good=echo fine"])

    printed = capsys.readouterr().out
    assert code == 1
    assert "bad: failed with exit code 3, 0 s\n  why\n" in printed
    assert "  fine\n" in printed
    assert printed.endswith("failed: bad\n")


def test_it_ends_well_when_all_do() -> None:
    assert main(["a=true", "b=test 1=1"]) == 0


@pytest.mark.parametrize("arguments", [["true"], ["a=true", "a=false"], ["a="]])
def test_arguments_that_name_no_command_are_wrong_use(arguments: list[str]) -> None:
    assert main(arguments) == 2
