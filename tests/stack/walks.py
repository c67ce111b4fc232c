"""Walks through incidents, as `docs/operating.md` tells them: read from the document, and walked.

    ### 1. A title
    <!-- meanwhile: somebody does something -->      the world does this now: see the walk's test
    ```console
    $ python -m ops dlq list                         a command, run as it stands; `# exits 1` where it does
    notification-dlq  3  …                           what it prints: `…` is anything within a line,
    …                                                and by itself any lines
    <group>  …                                       the first time, a word that is remembered; later on, that word
    ```

Only what changes nothing is asked again until it prints what the document says: things take their time.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.embedded.polling import DeadlinePassed

ANYTHING: Final = "…"
_STEP: Final = re.compile(r"<!-- meanwhile: (?P<event>.+?) -->|```console\n(?P<console>.*?)```", re.DOTALL)
_EXIT: Final = re.compile(r"\s+# exits (\d)$")
_NAME: Final = re.compile(r"<([a-z_]+)>")
#: Commands that change something are given once.
_CHANGING: Final = re.compile(r"^python -m ops (?:dlq (?:redrive|edit|park|unpark|purge|restore)|replay)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meanwhile:
    """Something that is not the operator's doing."""

    event: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`prints` is what the document says of its output, line by line."""

    line: str
    exit_code: int
    prints: tuple[str, ...]

    @property
    def may_be_repeated(self) -> bool:
        is_look = "--dry-run" in self.line or re.match(r"python -m ops replay list\b", self.line)
        return bool(is_look) or _CHANGING.match(self.line) is None


Step = Meanwhile | Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    title: str
    steps: tuple[Step, ...]


def walks(document: Path) -> list[Walk]:
    """Of the document's section `Incidents`, in its order."""
    section = re.split(r"^## ", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (incidents,) = (part for part in section if part.startswith("Incidents\n"))
    parts = re.split(r"^### ", incidents, flags=re.MULTILINE)[1:]
    return [Walk(title=part.partition("\n")[0], steps=tuple(_steps(part))) for part in parts]


def _steps(text: str) -> Iterator[Step]:
    for found in _STEP.finditer(text):
        if found["event"]:
            yield Meanwhile(event=found["event"])
        else:
            yield from _commands(found["console"])


def _commands(console: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        first, *prints = part.rstrip("\n").replace("\\\n", " ").split("\n")
        code = _EXIT.search(first)
        yield Command(line=_EXIT.sub("", first), exit_code=int(code[1]) if code else 0, prints=tuple(prints))


#: Runs the words after `python -m ops`; the exit code and all that was printed.
Run = Callable[[list[str]], tuple[int, str]]
#: Asks until the answer is true, and raises in time when it does not become so.
Until = Callable[[Callable[[], bool], str], object]


@dataclass(kw_only=True)
class Walker:
    """`known` are the words behind the names; what a walk finds out is added."""

    run: Run
    until: Until
    world: Mapping[str, Callable[[], None]]
    known: dict[str, str]

    def walk(self, walk: Walk) -> None:
        """Raises AssertionError where it goes another way than the document says."""
        for step in walk.steps:
            if isinstance(step, Meanwhile):
                self.world[step.event]()
            else:
                self._give(step)

    def _give(self, command: Command) -> None:
        words = shlex.split(self._with_known(command.line))
        assert words[:3] == ["python", "-m", "ops"], command.line
        last = ""

        def goes_as_told() -> bool:
            nonlocal last
            code, output = self.run(words[3:])
            last = f"$ {command.line}\nexit {code}, expected {command.exit_code}\n{output}"
            return code == command.exit_code and self._recognises(command.prints, output)

        try:
            self.until(goes_as_told, command.line) if command.may_be_repeated else _must(goes_as_told())
        except DeadlinePassed as error:
            told = "\n".join(command.prints)
            raise AssertionError(f"{last}\n--- the document says\n{told}") from error

    def _with_known(self, text: str) -> str:
        return _NAME.sub(lambda name: self.known[name[1]], text)

    def _recognises(self, prints: tuple[str, ...], output: str) -> bool:
        found = matched(prints, output, self.known)
        self.known |= found or {}
        return found is not None


def _must(is_so: bool) -> None:
    if not is_so:
        raise DeadlinePassed("it was given once")


def matched(prints: tuple[str, ...], output: str, known: Mapping[str, str]) -> dict[str, str] | None:
    """The words behind names that were not known before; None when the output is another.

    Spaces count as one, however many: tables grow with what is in them.
    """
    named: set[str] = set()
    pattern = r"\n".join(_line_pattern(line, known, named) for line in prints)
    pattern = pattern.replace(rf"{_ANY_LINES}\n", rf"(?:{_ANY_LINES}\n)?").replace(
        rf"\n{_ANY_LINES}", rf"(?:\n{_ANY_LINES})?"
    )
    text = "\n".join(" ".join(line.split()) for line in output.strip().splitlines())
    found = re.fullmatch(pattern, text)
    return found.groupdict() if found else None


_ANY_LINES: Final = r"[\s\S]*?"
_ANY_WORDS: Final = r"[^\n]*?"


def _line_pattern(line: str, known: Mapping[str, str], named: set[str]) -> str:
    if line.strip() == ANYTHING:
        return _ANY_LINES
    text = " ".join(line.split())
    parts = re.split(r"(<[a-z_]+>|…)", text)
    pattern = "".join(_part_pattern(part, known, named) for part in parts)
    return pattern.replace(rf"\ {_ANY_WORDS}", rf"(?:\ {_ANY_WORDS})?") if text.endswith(f" {ANYTHING}") else pattern


def _part_pattern(part: str, known: Mapping[str, str], named: set[str]) -> str:
    name = _NAME.fullmatch(part)
    if name is None:
        return _ANY_WORDS if part == ANYTHING else re.escape(part)
    if name[1] in known:
        return re.escape(known[name[1]])
    if name[1] in named:
        return rf"(?P={name[1]})"
    named.add(name[1])
    return rf"(?P<{name[1]}>[\w.:-]+)"
