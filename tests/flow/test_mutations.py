"""The invariants of the simulation see what they are there for: each planted bug fails some schedule."""

from __future__ import annotations

import pytest

from local.simulate.generate import plan_of
from local.simulate.run import run
from tests.flow.mutations import MUTATIONS, Mutation

#: A bug that survives so many is a hole in the invariants, or in what the plans do.
ENOUGH = 2_000
#: Where the search begins for those that it takes long to find; it goes on from there, all the way round.
BEGIN = {
    "all_failed_entries_are_sent_once_and_forgotten": 80,
    "no_condition_on_saving_an_invoice": 75,
    "replays_have_their_effects": 580,
    "the_relay_acknowledges_what_failed": 80,
    "the_relay_sends_an_item_s_events_together": 290,
    "the_close_takes_for_seen_what_came_meanwhile": 360,
    "touch_before_the_ledger": 130,
}


@pytest.mark.filterwarnings("ignore:Couldn't determine the remaining time left")
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_planted_bug_fails_some_schedule(mutation: Mutation, monkeypatch: pytest.MonkeyPatch, silent: None) -> None:
    mutation(monkeypatch)

    begin = BEGIN.get(mutation.__name__, 0)
    seeds = ((begin + n) % ENOUGH for n in range(ENOUGH))

    assert any(run(plan_of(seed)).violated for seed in seeds)
