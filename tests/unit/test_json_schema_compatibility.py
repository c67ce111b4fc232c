"""Whether a reader's JSON Schema takes all that a writer's writes."""

from __future__ import annotations

import pytest

from contracts.compatibility.json_schema import findings
from contracts.compatibility.proof import counterexamples
from contracts.compatibility.verdict import Finding
from tests.unit.json_schema_evolutions import EVOLUTIONS, Evolution

EACH = pytest.mark.parametrize("row", EVOLUTIONS, ids=lambda row: f"{row.keyword}: {row.name}")


def backward(row: Evolution) -> list[Finding]:
    return findings(writer=row.old, reader=row.new, policy=row.policy)


def forward(row: Evolution) -> list[Finding]:
    return findings(writer=row.new, reader=row.old, policy=row.policy)


@EACH
def test_an_evolution_is_judged_as_a_human_judges_it(row: Evolution) -> None:
    verdict = {(True, True): "full", (True, False): "backward", (False, True): "forward", (False, False): "none"}

    judged = verdict[not backward(row), not forward(row)]

    assert judged == row.verdict, (backward(row), forward(row))


@EACH
def test_instances_agree_with_the_verdict(row: Evolution) -> None:
    old_breaks, new_breaks = (
        any(True for _ in counterexamples(writer=writer, reader=reader, policy=row.policy, seed=1, tries=200))
        for writer, reader in ((row.old, row.new), (row.new, row.old))
    )

    checked_by_nobody = row.name == "a name of one's own, added"
    assert old_breaks == (row.verdict in ("forward", "none") and not checked_by_nobody)
    assert new_breaks == (row.verdict in ("backward", "none"))


@pytest.mark.parametrize("row", [row for row in EVOLUTIONS if row.breaks], ids=lambda row: f"{row.keyword}: {row.name}")
def test_what_breaks_is_named_by_place_and_rule(row: Evolution) -> None:
    found = forward(row) if row.verdict == "backward" else backward(row)

    assert {finding.path: finding.rule for finding in found} == row.breaks
    assert len(found) == len(row.breaks), "one finding for each cause"
