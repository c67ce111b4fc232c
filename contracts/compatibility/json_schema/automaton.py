"""Which strings match some patterns and not others: an exact answer, with an example, or `Undecided`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from contracts.compatibility.json_schema import expressions
from contracts.compatibility.json_schema.expressions import (
    EVERYTHING,
    Anchor,
    Chars,
    Choice,
    Node,
    Ranges,
    Repeat,
    Unsupported,
)

_MOST_STATES: Final = 3_000
_MOST_STEPS: Final = 3_000
#: Characters that read well in an example, best first.
_NICE: Final = tuple(map(ord, "abcxyzABC0189_-. "))

States = frozenset[int]


class Undecided(Exception):
    """The answer is not known: a pattern is not regular, or the search grew too large."""


@dataclass(slots=True)
class _Machine:
    """Thompson's construction for a pattern that may match anywhere in the string."""

    accept: int = 1
    steps: list[list[tuple[Ranges, int]]] = field(default_factory=lambda: [[], []])
    free: list[list[int]] = field(default_factory=lambda: [[], []])
    anchored: list[list[tuple[Anchor, int]]] = field(default_factory=lambda: [[], []])
    live: States = frozenset()

    def state(self) -> int:
        if len(self.steps) >= _MOST_STATES:
            raise Unsupported("too large")
        self.steps.append([])
        self.free.append([])
        self.anchored.append([])
        return len(self.steps) - 1

    def build(self, node: Node, start: int) -> int:
        """The state in which `node` has been read."""
        match node:
            case Chars(ranges):
                end = self.state()
                self.steps[start].append((ranges, end))
                return end
            case Anchor():
                end = self.state()
                self.anchored[start].append((node, end))
                return end
            case Repeat():
                return self.repeat(node, start)
            case Choice(options):
                end = self.state()
                for option in options:
                    self.free[self.build(option, self.beside(start))].append(end)
                return end
            case expressions.Sequence(items):
                for item in items:
                    start = self.build(item, start)
                return start

    def beside(self, start: int) -> int:
        beside = self.state()
        self.free[start].append(beside)
        return beside

    def repeat(self, node: Repeat, start: int) -> int:
        for _ in range(node.low):
            start = self.build(node.item, start)
        end = self.state()
        if node.high is None:
            loop = self.beside(start)
            self.free[self.build(node.item, loop)].append(loop)
            self.free[loop].append(end)
            return end
        for _ in range(node.high - node.low):
            self.free[start].append(end)
            start = self.build(node.item, start)
        self.free[start].append(end)
        return end

    def closure(self, states: frozenset[int] | set[int], *, at_start: bool = False, at_end: bool = False) -> States:
        reached, waiting = set(states), list(states)
        while waiting:
            state = waiting.pop()
            passed = [t for anchor, t in self.anchored[state] if (at_end if anchor.at_end else at_start)]
            for target in (*self.free[state], *passed):
                if target not in reached:
                    reached.add(target)
                    waiting.append(target)
        return frozenset(reached)

    def settled(self, states: States) -> States:
        """What matters of the states that were reached: one that has matched stays so."""
        return frozenset((self.accept,)) if self.accept in states else states & self.live

    def after(self, states: States, char: int) -> States:
        targets = {t for s in states for ranges, t in self.steps[s] if any(low <= char <= high for low, high in ranges)}
        return self.settled(self.closure(targets))

    def begin(self) -> States:
        reached = self.closure({0}, at_start=True)
        return frozenset((self.accept,)) if self.accept in reached else reached

    def accepts(self, states: States, *, at_start: bool) -> bool:
        return self.accept in self.closure(states, at_start=at_start, at_end=True)

    def find_live(self) -> None:
        sources: dict[int, set[int]] = {}
        for state in range(len(self.steps)):
            ends = (t for anchor, t in self.anchored[state] if anchor.at_end)
            for target in (*self.free[state], *ends, *(t for _, t in self.steps[state])):
                sources.setdefault(target, set()).add(state)
        reached, waiting = {self.accept}, [self.accept]
        while waiting:
            for source in sources.get(waiting.pop(), set()) - reached:
                reached.add(source)
                waiting.append(source)
        self.live = frozenset(reached)


@lru_cache(maxsize=512)
def _machine(pattern: str, *, broad: bool) -> _Machine | None:
    machine = _Machine()
    try:
        machine.steps[0].append((EVERYTHING, 0))
        machine.steps[machine.accept].append((EVERYTHING, machine.accept))
        machine.free[machine.build(expressions.parse(pattern, broad=broad), machine.beside(0))].append(machine.accept)
    except Unsupported:
        return None
    machine.find_live()
    return machine


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    machines: Sequence[_Machine]
    wanted: int  # so many of the machines must accept, the others must not

    def begin(self) -> tuple[States, ...]:
        return tuple(machine.begin() for machine in self.machines)

    def is_match(self, states: tuple[States, ...], *, at_start: bool) -> bool:
        verdicts = [m.accepts(s, at_start=at_start) for m, s in zip(self.machines, states, strict=True)]
        return all(verdicts[: self.wanted]) and not any(verdicts[self.wanted :])

    def is_hopeless(self, states: tuple[States, ...]) -> bool:
        refuses = any(not s for s in states[: self.wanted])
        return refuses or any(m.accept in s for m, s in self._unwanted(states))

    def _unwanted(self, states: tuple[States, ...]) -> Iterator[tuple[_Machine, States]]:
        return zip(self.machines[self.wanted :], states[self.wanted :], strict=True)

    def following(self, states: tuple[States, ...]) -> Iterator[tuple[int, tuple[States, ...]]]:
        seen: set[tuple[States, ...]] = set()
        for char in self._characters(states):
            after = tuple(m.after(s, char) for m, s in zip(self.machines, states, strict=True))
            if after not in seen and not self.is_hopeless(after):
                seen.add(after)
                yield char, after

    def _characters(self, states: tuple[States, ...]) -> list[int]:
        """One of each kind that the machines tell apart in these states."""
        ends = {0, 0xE000, 0xD800}
        for machine, current in zip(self.machines, states, strict=True):
            for ranges, _ in (step for state in current for step in machine.steps[state]):
                ends.update(end for low, high in ranges for end in (low, high + 1))
        starts = sorted(end for end in ends if end <= 0x10FFFF)
        spans = zip(starts, (*starts[1:], 0x110000), strict=True)
        chosen = [next((c for c in _NICE if low <= c < high), low) for low, high in spans if low != 0xD800]
        return sorted(chosen, key=lambda c: (c not in _NICE, c < 0x20, c))


def example(
    matching: Sequence[str],
    *,
    excluding: Sequence[str] = (),
    low: int = 0,
    high: int | None = None,
    generous: bool = True,
) -> str | None:
    """A shortest string of `low` to `high` characters that matches all of these and none of those; None if none does.

    `generous`: where engines read a dot differently, None is right for all of them; otherwise the example is. Raises
    Undecided.
    """
    machines = [_machine(p, broad=generous) for p in matching] + [_machine(p, broad=not generous) for p in excluding]
    known = [machine for machine in machines if machine]
    if len(known) < len(machines):
        raise Undecided
    if high is not None and high < low:
        return None
    return _shortest(_Search(machines=known, wanted=len(matching)), low, high)


def _shortest(search: _Search, low: int, high: int | None) -> str | None:
    begin = search.begin()
    seen = {(begin, 0)}
    layer: list[tuple[tuple[States, ...], str]] = [(begin, "")]
    length = 0
    while layer and (high is None or length <= high):
        for states, text in layer:
            if length >= low and search.is_match(states, at_start=length == 0):
                return text
        length += 1
        following: list[tuple[tuple[States, ...], str]] = []
        for states, text in layer:
            for char, after in search.following(states):
                # Once it is long enough, coming back to the same states later gains nothing.
                if (key := (after, min(length, low))) not in seen:
                    seen.add(key)
                    following.append((after, text + chr(char)))
        if len(seen) > _MOST_STEPS:
            raise Undecided
        layer = following
    return None
