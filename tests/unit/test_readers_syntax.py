"""What is inferred of code that reads a payload in every way that Python has: readers_cases.txt.

Each case starts with its name and what it reads of `shop.order.placed` (`whole parts`: that part is passed on whole).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contracts.readers.inference import facts
from contracts.readers.reading import Reading
from tests.unit.readers_builders import shop

TEXT = Path(__file__).with_name("readers_cases.txt").read_text(encoding="utf-8")
CASES = {
    name: (code, reads)
    for name, reads, code in re.findall(r"^# (\w+): (.*)\n((?:(?!# \w+: ).*\n)*)", TEXT, re.MULTILINE)
}


@pytest.fixture(scope="module")
def readings(tmp_path_factory) -> tuple[Reading, ...]:
    root = tmp_path_factory.mktemp("shop")
    service = shop(root, {name: code for name, (code, _) in CASES.items()})
    return facts((service,), root).readings


def test_the_cases_are_found() -> None:
    assert len(CASES) == TEXT.count("\n# ") + 1


@pytest.mark.parametrize("name", CASES)
def test_each_way_to_read_a_payload_is_seen(name: str, readings: tuple[Reading, ...]) -> None:
    own = [r for r in readings if r.consumer == name and r.type == "shop.order.placed" and r.how != "checks"]

    told = {r.path if r.how == "reads" else f"whole {r.path or 'payload'}" for r in own}

    assert ", ".join(sorted(told)) == CASES[name][1].replace("nothing", "")
