"""The capacity model: its clock's parts one by one, and the whole at a small rate."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import accumulate
from math import exp, log
from random import Random
from statistics import fmean, quantiles
from typing import Any

import pytest
from simpy import Environment
from typer.testing import CliRunner

from ops.__main__ import app
from ops.capacity.lambdas import Lambdas, Step
from ops.capacity.later import after
from ops.capacity.messages import Message
from ops.capacity.notes import Notes, PerSecond, Samples
from ops.capacity.queues import Queue
from ops.capacity.result import document, played
from ops.capacity.scenario import Outage, Scenario, Surge
from ops.capacity.system import System
from ops.capacity.throttle import Throttle
from ops.capacity.world import Latency, world
from ops.cost.figures import MEASURED, assumptions
from ops.cost.scope import Scope
from ops.cost.topology import QueueMapping
from tests.unit.cost_builders import mix_of, monolith, topology


def at_once() -> Latency:
    return Latency(0.0, 0.0, Random(0))  # noqa: S311 - to be drawn again


class Rig:
    """A queue whose handler takes a second, with what its pollers were given and when."""

    def __init__(self, *, limit: int = 1000, **mapping: Any) -> None:
        self.env, self.notes, self.batches = Environment(), Notes(), list[tuple[float, int]]()
        settings = {"function": "f", "batch_size": 10, "window": 0, "max_concurrency": 2, **mapping}
        self.queue = Queue(
            env=self.env,
            mapping=QueueMapping(**settings),
            lambdas=Lambdas(env=self.env, notes=self.notes, limit=limit, cold_start=at_once()),
            notes=self.notes,
            pickup=at_once(),
            invoke=at_once(),
            part=1000,
            first=2,
            growth=300,
            handle=self._handle,
        )
        self.queue.start()

    def _handle(self, _: str, batch: list[Message]) -> list[Step]:
        self.batches.append((self.env.now, sum(message.count for message in batch)))
        return [(1.0, lambda: None)]

    def send(self, count: int) -> None:
        self.queue.send(Message("t", count, ("f",), self.env.now, self.env.now))


class TestQueues:
    def test_a_message_is_handed_out_at_once_when_a_poller_is_free(self):
        rig = Rig()

        rig.send(3)
        rig.env.run(until=5)

        assert rig.batches == [(0, 3)]

    def test_no_more_run_at_once_than_the_mapping_says(self):
        rig = Rig()

        rig.send(50)
        rig.env.run(until=5)

        assert rig.batches == [(0, 10), (0, 10), (1, 10), (1, 10), (2, 10)]

    def test_pollers_are_added_while_something_waits(self):
        rig = Rig(max_concurrency=10)

        rig.send(1000)
        rig.env.run(until=2.5)

        assert rig.notes.concurrency["f"] == 10

    def test_a_window_gathers_a_batch_until_it_is_over(self):
        rig = Rig(window=2, max_concurrency=2, batch_size=100)

        rig.send(1)
        rig.env.run(until=1)
        for _ in range(4):
            rig.send(1)
        rig.env.run(until=10)

        assert sum(count for _, count in rig.batches) == 5
        assert min(at for at, _ in rig.batches) == 2

    def test_a_full_batch_does_not_wait_for_the_window(self):
        rig = Rig(window=60, batch_size=10)

        rig.send(20)
        rig.env.run(until=5)

        assert rig.batches == [(0, 10), (0, 10)]

    def test_an_account_without_environments_makes_pollers_wait(self):
        rig = Rig(limit=1)

        rig.send(20)
        rig.env.run(until=5)

        assert rig.notes.peak == 1
        assert rig.notes.throttled["f"] >= 1
        assert [at for at, _ in rig.batches] == [0, 1]


class TestParts:
    def test_a_latency_has_the_percentiles_that_were_published(self):
        latency = Latency.through(0.016, 0.105, Random(1))  # noqa: S311 - to be drawn again

        cut = quantiles((latency.draw() for _ in range(20_000)), n=100)

        assert cut[49] == pytest.approx(0.016, rel=0.05)
        assert cut[98] == pytest.approx(0.105, rel=0.1)

    def test_a_percentile_counts_records_and_not_batches(self):
        samples = Samples()
        samples.add(1.0, 94)
        samples.add(9.0, 6)

        assert samples.percentiles(0.5, 0.95) == [1.0, 9.0]

    def test_a_peak_is_that_of_the_worst_second(self):
        rate = PerSecond()
        for now in (0.1, 0.9, 1.0):
            rate.add(now, 5)

        assert rate.peak == 10

    def test_an_api_admits_its_burst_and_then_its_rate(self):
        env = Environment()
        throttle = Throttle(env=env, rate=10, burst=20)

        assert sum(throttle.admits() for _ in range(100)) == 20
        env.run(until=1)
        assert sum(throttle.admits() for _ in range(100)) == 10

    def test_all_that_is_taken_for_granted_says_where_it_is_from(self):
        given = world()

        assert all(x.source for found in (given.latencies_ms, given.values, given.quotas) for x in found.values())


def scope(what: str, by: str = "bus", **other: Any) -> Scope:
    return Scope(topology=topology(), mix=mix_of(what, by), rate=20, assumptions=assumptions(), **other)


class TestSystem:
    def test_the_same_seed_plays_the_same_and_another_does_not(self):
        calm = Scenario(name="calm", seconds=10)

        first, again, other = (played(scope("payment settled"), calm, seed) for seed in (1, 1, 2))

        assert document(first) == document(again) != document(other)

    def test_nothing_is_lost_on_the_whole_way_of_a_payment(self):
        result = played(scope("payment settled"), Scenario(name="calm", seconds=10), 1)

        records = {name: times.records for name, times in result.critical.items()}
        assert result.lost == 0
        assert result.accepted > 100
        assert records == dict.fromkeys(("ingestion", "billing", "billing-relay", "notification"), result.accepted)

    def test_an_outage_puts_messages_back_and_loses_none(self):
        outage = Outage(dependency="SES", start=2, end=60)

        result = played(scope("payment settled"), Scenario(name="down", seconds=20, outage=outage), 1)

        assert result.deferred > 0
        assert result.lost == 0
        assert result.critical["notification"].records == result.accepted
        assert result.drained > 0
        assert result.critical["billing"].p99 < 1, "billing needs no SES"

    def test_an_api_whose_table_is_down_accepts_nothing(self):
        outage = Outage(dependency="DynamoDB", start=0, end=100)

        result = played(scope("invoice ordered", "http"), Scenario(name="down", seconds=5, outage=outage), 1)

        assert (result.accepted, result.lost) == (0, 0)
        assert result.refused > 0

    def test_a_surge_beyond_an_api_s_rate_is_refused_and_the_rest_is_done(self):
        surge = Scenario(name="surge", seconds=6, surge=Surge(times=100, start=1, end=4))

        result = played(scope("usage", "http"), surge, 1)

        assert result.refused > 0
        assert result.lost == 0
        assert result.critical["billing-usage"].records == result.accepted

    def test_cold_functions_answer_later(self):
        warm, cold = (
            played(scope("usage", "http"), Scenario(name="s", seconds=3, cold=cold), 1).answers.popitem()[1]
            for cold in (False, True)
        )

        assert cold.p99 > warm.p99 + 1

    def test_too_few_pollers_let_the_queue_grow(self):
        there = topology()
        queues = {**there.queues, "notification": replace(there.queues["notification"], max_concurrency=2)}
        narrow = replace(scope("payment settled"), topology=replace(there, queues=queues), rate=100)

        result = played(narrow, Scenario(name="calm", seconds=10), 1)

        assert result.oldest["notification"] > 5
        assert result.lost == 0


class TestByHand:
    """One hop, reckoned a second time from the files, with nothing of the model's."""

    def test_at_a_low_load_a_hop_takes_what_its_parts_take_on_average(self):
        played_ = played(replace(scope("contact updated"), rate=2), Scenario(name="calm", seconds=3000), 1)

        given = {name: (x.p50 / 1000, x.p99 / 1000) for name, x in world().latencies_ms.items()}
        measured = json.loads(MEASURED.read_text())["results"]
        kept = next(r for r in measured if (r["work"], r["side"]) == ("a contact is kept", "ours"))["points"][0]
        # One record at 512 of 1,769 MiB, with 0.4 ms for its one call, which is a PutItem of 6 ms.
        handler = ((kept["cpu_ms"] + 0.4) * 1769 / 512 + 6) / 1000
        # Nobody waits, so medians of the parts add up to about the whole's: what is added are lognormals.
        parts = [*(given[name] for name in ("bus", "queue")), (handler, 2 * handler)]
        means = [p50 * exp((log(p99 / p50) / 2.3263) ** 2 / 2) for p50, p99 in parts]
        found = played_.critical["notification-contacts"]
        assert found.records == pytest.approx(2 * 3000, rel=0.05)
        assert found.mean == pytest.approx(sum(means), rel=0.03)

    def test_what_waits_for_pollers_waits_as_long_as_queueing_theory_says(self):
        """M/D/1: at half of what one poller can do, the mean wait is half of a handler's second."""
        rig, random = Rig(max_concurrency=1, batch_size=1), Random(1)  # noqa: S311 - to be drawn again
        arrivals = list(accumulate(random.expovariate(0.5) for _ in range(20_000)))

        for arrival in arrivals:
            after(rig.env, arrival, lambda: rig.send(1))
        rig.env.run(until=arrivals[-1] + 60)

        waits = [begun - arrival for (begun, _), arrival in zip(rig.batches, arrivals, strict=True)]
        assert fmean(waits) == pytest.approx(0.5 / (2 * (1 - 0.5)), rel=0.05)


class TestGroups:
    def test_nothing_is_lost_on_the_whole_way_of_a_payment_through_one_queue(self):
        one = replace(scope("payment settled"), topology=monolith())

        result = played(one, Scenario(name="calm", seconds=10), 1)

        records = {name: times.records for name, times in result.critical.items()}
        assert result.lost == 0
        assert records == dict.fromkeys(("ingestion", "billing", "billing-relay", "notification"), result.accepted)
        assert set(result.concurrency) == {"monolith"}

    def test_an_outage_puts_back_the_messages_of_those_alone_that_it_hits(self):
        outage = Outage(dependency="SES", start=2, end=60)
        one = replace(scope("payment settled"), topology=monolith())

        system = System(scope=one, scenario=Scenario(name="down", seconds=20, outage=outage), world=world(), seed=1)
        notes = system.play()

        assert set(notes.deferred) == {"notification"}
        assert system.open == 0

    def test_a_part_s_effects_are_there_when_its_share_is_done_and_not_the_batch(self):
        env, done = Environment(), list[float]()
        lambdas = Lambdas(env=env, notes=Notes(), limit=1, cold_start=at_once())

        lambdas.take("g")
        env.process(
            lambdas.run("g", [(2.0, lambda: done.append(env.now)), (3.0, lambda: done.append(env.now))], warm=True)
        )
        env.run()

        assert done == [2.0, 5.0]


class TestCommand:
    def test_a_scenario_that_is_not_there_ends_with_2(self):
        asked = CliRunner().invoke(app, ["capacity", "--scenario", "never", "--templates", "/nowhere"])

        assert asked.exit_code == 2
