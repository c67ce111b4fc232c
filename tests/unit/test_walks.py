"""How a document's walks are read, and when a command's output is what the document says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from local.embedded.polling import wait_until
from tests.stack.walks import Command, Meanwhile, Walk, Walker, matched, walks

TEXT = """# A page

## Alarms

### Not a walk

## Incidents

Some words.

### 1. The first

<!-- meanwhile: it rains -->
```console
$ python -m ops dlq list
QUEUE  …
…
$ python -m ops why <event>  # exits 1
Stopped: …
```

### 2. The second

```sh
not a walk's
```
"""


@pytest.mark.parametrize(
    ("prints", "output"),
    [
        (("all of it",), "all of it\n"),
        (("spaces count as one",), "spaces   count as  one   "),
        (("a … c",), "a b b c"),
        (("a …",), "a"),
        (("a …", "b"), "a\nb"),
        (("first", "…"), "first"),
        (("first", "…"), "first\nsecond\nthird"),
        (("…", "last"), "last"),
        (("…", "last"), "first\nsecond\nlast"),
        (("…", "middle", "…"), "first\nmiddle\nlast"),
        (("a (b) [c] *",), "a (b) [c] *"),
    ],
)
def test_an_output_is_as_the_document_says(prints: tuple[str, ...], output: str) -> None:
    assert matched(prints, output, {}) == {}


@pytest.mark.parametrize(
    ("prints", "output"),
    [
        ((), "something"),
        (("something",), ""),
        (("a … c",), "a b\nb c"),
        (("…", "last"), "last\nfirst"),
        (("…", "middle", "…"), "first\nthe middle\nlast"),
        (("first", "second"), "first\n\nsecond"),
    ],
)
def test_an_output_is_another_than_the_document_says(prints: tuple[str, ...], output: str) -> None:
    assert matched(prints, output, {}) is None


def test_a_word_is_remembered_and_must_be_the_same_again() -> None:
    found = matched(("<group>  3 x …", "of <group>"), "3fa9  3 x bad\nof 3fa9", {})

    assert found == {"group": "3fa9"}
    assert matched(("<group>  3 x …", "of <group>"), "3fa9  3 x bad\nof 4fa9", {}) is None
    assert matched(("<group>",), "4fa9", {"group": "3fa9"}) is None
    assert matched(("<group>",), "3fa9", {"group": "3fa9"}) == {}


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "operating.md"
    path.write_text(TEXT)
    return path


def test_walks_are_the_incidents_with_their_steps_in_order(document: Path) -> None:
    assert walks(document) == [
        Walk(
            title="1. The first",
            steps=(
                Meanwhile(event="it rains"),
                Command(line="python -m ops dlq list", exit_code=0, prints=("QUEUE  …", "…")),
                Command(line="python -m ops why <event>", exit_code=1, prints=("Stopped: …",)),
            ),
        ),
        Walk(title="2. The second", steps=()),
    ]


def until(probe: Callable[[], bool], what: str) -> object:
    ticks = iter(range(100))
    return wait_until(probe, what=what, timeout=3, pause=lambda _: None, elapsed=lambda: next(ticks))


def walked(line: str, *outputs: str, prints: str = "as told") -> list[list[str]]:
    """Every command that was given."""
    given: list[list[str]] = []

    def run(words: list[str]) -> tuple[int, str]:
        given.append(words)
        return 0, outputs[min(len(given), len(outputs)) - 1]

    command = Command(line=line, exit_code=0, prints=(prints,))
    Walker(run=run, until=until, world={}, known={"event": "e-1"}).walk(Walk(title="", steps=(command,)))
    return given


def test_what_only_looks_is_asked_until_it_is_as_told() -> None:
    assert walked("python -m ops why <event>", "not yet", "not yet", "as told") == [["why", "e-1"]] * 3
    assert len(walked("python -m ops dlq redrive --all --dry-run", "not yet", "as told")) == 2
    assert len(walked("python -m ops replay list", "not yet", "as told")) == 2


@pytest.mark.parametrize(
    "line", ["dlq redrive --all --yes", "dlq park --all", "replay --since 2h --yes", "replay clean"]
)
def test_what_changes_something_is_given_once(line: str) -> None:
    with pytest.raises(AssertionError, match=r"not yet\n--- the document says\nas told"):
        walked(f"python -m ops {line}", "not yet", "as told")


def test_the_world_does_what_the_document_says_and_nothing_else_is_a_command() -> None:
    rained: list[str] = []
    walker = Walker(run=lambda _: (0, ""), until=until, world={"it rains": lambda: rained.append("drop")}, known={})

    walker.walk(Walk(title="", steps=(Meanwhile(event="it rains"),)))

    assert rained == ["drop"]
    with pytest.raises(AssertionError, match="rm"):
        walker.walk(Walk(title="", steps=(Command(line="rm -r .", exit_code=0, prints=()),)))
