"""The stopwatch of cold starts: a process of its own, and nothing that it did not do."""

from __future__ import annotations

import pytest

from bench.assets import Asset
from bench.assets import as_table as assets_table
from bench.starts import DEPLOYED, PLAIN, NotStarted, Start, Starting, start
from bench.tables import starts_table

HANDLES = "def handle(event, context):\n    import fractions\n    return {'seen': event['n']}\n"
LEAVES = "def handle(event, context):\n    return {'batchItemFailures': [{'itemIdentifier': '1'}]}\n"
BREAKS = "raise RuntimeError('no settings')\n"


def starting(folder, source):
    (folder / "mine.py").write_text(source)
    return Starting(name="mine", folder=folder, handler="mine.handle", event={"n": 1})


def test_a_start_is_timed_until_it_is_ready_and_until_it_has_answered(tmp_path):
    took = start(starting(tmp_path, HANDLES), {})

    assert 0 < took.ready < took.first
    assert took.wall > 0
    assert took.modules > 0


@pytest.mark.parametrize(
    ("source", "told"),
    [pytest.param(LEAVES, "itemIdentifier", id="leaves its record"), pytest.param(BREAKS, "no settings", id="breaks")],
)
def test_a_start_that_did_not_do_its_work_is_no_result(tmp_path, source, told):
    with pytest.raises(NotStarted, match=told):
        start(starting(tmp_path, source), {})


def test_the_tables_name_what_was_measured():
    ratios = {PLAIN: 0.64, DEPLOYED: 0.3}
    result = Start(
        function="billing",
        modules=480,
        ready_ms=210,
        first_ms=220,
        wall_ms=300,
        ready_ratios=ratios,
        first_ratios=ratios,
    )
    asset = Asset(
        service="billing", functions=["billing"], zipped=7_600_000, unpacked=20_000_000, heaviest={"p": 10**6}
    )

    assert all(cell in starts_table([result]) for cell in ("billing", "480", "210.0", "0.64", "0.30"))
    assert all(cell in assets_table([asset]) for cell in ("billing", "7.6", "20.0", "p 1.0"))
