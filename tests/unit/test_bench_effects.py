"""How the benchmark sees an effect: each event is put once, and its time ends when its own entry is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from bench.effects import Load, NotTaken, Run, Way, in_table


class World:
    """A cloud whose bus puts events into a table: each one after it has been looked for so many times."""

    def __init__(self, looks: Callable[[str], int] = lambda _: 0, failed: int = 0) -> None:
        self._looks = looks
        self._failed = failed
        self._looked: dict[str, int] = {}
        self.calls: list[list[str]] = []

    def client(self, _: str) -> World:
        return self

    def put_events(self, Entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:  # noqa: N803 - boto3's
        self.calls.append([entry["id"] for entry in Entries])
        return {"FailedEntryCount": self._failed, "Entries": Entries}

    def batch_get_item(self, RequestItems: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: N803 - boto3's
        ((table, asked),) = RequestItems.items()
        return {"Responses": {table: [key for key in asked["Keys"] if self._is_there(key["id"]["S"])]}}

    def _is_there(self, id_: str) -> bool:
        self._looked[id_] = self._looked.get(id_, 0) + 1
        return self._looked[id_] > self._looks(id_)


def run(world: Any, load: Load, first: int = 0) -> Run:
    there = in_table(world, "t", lambda n: {"id": {"S": str(n)}})
    way = Way(name="w", entry=lambda n: {"id": str(n)}, there=there)
    return Run(cloud=world, way=way, load=load, first=first)


def test_as_fast_as_they_are_taken_they_go_ten_a_call():
    world = World()

    seen = run(world, Load(count=25), first=100).perform()

    assert [len(call) for call in world.calls] == [10, 10, 5]
    assert [id_ for call in world.calls for id_ in call] == [str(n) for n in range(100, 125)]
    assert len(seen.spans) == 25


def test_paced_they_go_one_a_call():
    world = World()

    run(world, Load(count=3, rate=1_000)).perform()

    assert world.calls == [["0"], ["1"], ["2"]]


def test_each_event_is_seen_once_when_later_ones_overtake_it():
    world = World(looks=lambda id_: 3 if id_ == "0" else 0)

    seen = run(world, Load(count=5)).perform()

    assert len(seen.spans) == 5
    assert max(seen.spans) == seen.spans[-1] <= seen.total


def test_a_refused_event_ends_the_run():
    world = World(looks=lambda _: 1_000, failed=1)

    with pytest.raises(NotTaken):
        run(world, Load(count=1)).perform()
