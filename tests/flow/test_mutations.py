"""The invariants of the simulation see what they are there for: each planted bug fails some schedule."""

from __future__ import annotations

import pytest

from local.simulate.generate import plan_of
from local.simulate.run import run
from tests.flow.mutations import MUTATIONS, Mutation

#: A bug that survives so many is a hole in the invariants, or in what the plans do.
ENOUGH = 2_000


@pytest.mark.filterwarnings("ignore:Couldn't determine the remaining time left")
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_planted_bug_fails_some_schedule(mutation: Mutation, monkeypatch: pytest.MonkeyPatch, silent: None) -> None:
    mutation(monkeypatch)

    violations = (verdict.violated for seed in range(ENOUGH) if (verdict := run(plan_of(seed))).violated)

    assert next(violations, None) is not None
