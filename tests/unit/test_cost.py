"""The bill: what flows, how it is batched, what it is multiplied with."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import typer
from pydantic import ValidationError
from typer.testing import CliRunner

from contracts.company import SERVICES
from functions.notification.manifest import CONTACTS, MESSAGES
from ops.cost import baseline
from ops.cost.bill import Use, billed
from ops.cost.command import app, rate_of
from ops.cost.figures import Measured, Mix, Point, Price, Prices, assumptions, mix_named, prices_in
from ops.cost.flows import flows_of
from ops.cost.invocations import Share, Timing
from ops.cost.scope import Scope
from ops.cost.uses import uses_of
from ops.cost.whatif import bill_of, changes, plain_topology
from runtime.topology import topology as grouped
from tests.unit.cost_builders import INVOICES, mix_of, monolith, rule, topology

PRICES = prices_in("us-east-1")


def scope(mix: Mix, **other: Any) -> Scope:
    return Scope(topology=topology(), mix=mix, rate=100, assumptions=assumptions(), **other)


def quantities(of: Scope, price: str) -> dict[str, float]:
    return {use.resource: use.quantity for use in uses_of(of) if use.price == price and use.quantity}


def point(**values: Any) -> Point:
    nothing = {name: {} if "Mapping" in str(field.annotation) else 0 for name, field in Point.model_fields.items()}
    return Point.model_validate({**nothing, **values})


class TestPrices:
    def test_each_tier_is_paid_at_its_own_price(self):
        price = Price(unit="GB", tiers=((10, 0.5), (30, 0.25), (None, 0.1)), source="somewhere", seen="2026-11-27")

        assert price.dollars(5) == 2.5
        assert price.dollars(20) == 10 * 0.5 + 10 * 0.25
        assert price.dollars(100) == 10 * 0.5 + 20 * 0.25 + 70 * 0.1

    def test_uses_of_a_price_with_tiers_pay_its_average(self):
        price = Price(unit="GB", tiers=((10, 1.0), (None, 0.5)), source="somewhere", seen="2026-11-27")
        prices = Prices(region="r", currency="USD", date="d", about="", prices={"logs.standard": price})

        bill = billed((Use(service=s, resource="", price="logs.standard", quantity=10, why="") for s in "ab"), prices)

        assert [line.dollars for line in bill.lines] == [7.5, 7.5]

    def test_every_price_says_where_it_is_from_and_when_it_was_seen(self):
        assert all(price.source and price.seen for price in PRICES.prices.values())


class TestMeasurements:
    def test_between_two_sizes_figures_are_in_proportion(self):
        sizes = (point(records=1, cpu_ms=2, calls={"a": 1}), point(records=11, cpu_ms=12, calls={"a": 1, "b": 10}))
        measured = Measured(function="f", work="w", side="ours", metrics=0, points=sizes)

        halfway = measured.at(6)

        assert (halfway.records, halfway.cpu_ms, halfway.calls) == (6, 7, {"a": 1, "b": 5})
        assert measured.at(21).cpu_ms == 22

    def test_a_work_of_one_size_is_that_size_always(self):
        measured = Measured(function="f", work="w", side="ours", metrics=0, points=(point(records=1, cpu_ms=2),))

        assert measured.at(1).cpu_ms == measured.at(9).cpu_ms == 2


class TestFlows:
    def test_usage_over_http_is_published_once_and_handled_twice(self):
        flows = flows_of(mix_of("usage"), topology(), rate=10)

        assert flows.published == {"ingestion-service": 10}
        assert flows.handled == {
            ("ingestion", "partner.usage.reported"): 10,
            ("billing-usage", "ingestion.usage.recorded"): 10,
        }

    def test_a_payment_goes_all_the_way_to_an_e_mail(self):
        flows = flows_of(mix_of("payment settled", "bus"), topology(), rate=3)

        assert flows.handled["billing-relay", "billing.invoice.paid"] == 3
        assert flows.handled["notification", "billing.invoice.paid"] == 3
        assert sum(flows.published.values()) == 4 * 3

    def test_a_plain_consumer_has_no_relay(self):
        flows = flows_of(mix_of("payment settled", "bus"), topology(), rate=3, side="plain")

        assert not any(function == "billing-relay" for function, _ in flows.handled)
        assert flows.handled["notification", "billing.invoice.paid"] == 3

    def test_events_of_another_source_pass_by_a_rule_that_names_one(self):
        rules = [rule("ingestion", "partner.payment.settled", source="somebody")]

        flows = flows_of(mix_of("payment settled", "bus"), replace(topology(), rules=rules), rate=3)

        assert not flows.handled

    @pytest.mark.parametrize("name", ["metered", "one-by-one", "shop"])
    def test_committed_mixes_can_be_read(self, name):
        assert mix_named(name).name == name

    def test_a_mix_that_is_not_whole_is_refused(self):
        with pytest.raises(ValidationError, match="come to 1"):
            Mix.model_validate(
                {"name": "", "about": "", "customers": 1, "requests": [{"what": "usage", "share": 0.5, "by": "bus"}]}
            )


class TestInvocations:
    @staticmethod
    def of(per_second: float, **mapping: Any) -> Share:
        """What ingestion has of its invocations."""
        there = topology()
        queues = {**there.queues, "ingestion": replace(there.queues["ingestion"], **mapping)}
        asked = replace(scope(mix_of("usage", "bus")), topology=replace(there, queues=queues), rate=per_second)
        return next(share for work, share in asked.shares.items() if work.function == "ingestion")

    def test_records_that_come_one_by_one_are_handled_one_by_one(self):
        assert self.of(1).point.records == pytest.approx(1)

    def test_pollers_are_added_when_there_is_too_much_so_that_batches_are_not_full(self):
        assert self.of(100_000, max_concurrency=1000).point.records == pytest.approx(5)

    def test_a_window_waits_for_more(self):
        assert self.of(100, window=1, batch_size=100).point.records == pytest.approx(20, rel=0.1)

    def test_all_records_are_handled(self):
        made = self.of(824)

        assert made.per_second * made.point.records == pytest.approx(824)

    def test_half_the_memory_takes_the_processor_s_part_twice_as_long(self):
        there = topology()
        timing = Timing(topology=there, assumptions=assumptions(), customers=1)
        busy = point(records=1, cpu_ms=10, waits={"PutItem": 2})

        whole, half = (timing.ms(busy, replace(there.functions["billing"], memory_mib=m)) for m in (512, 256))

        waits = 2 * assumptions().latency("PutItem")
        assert half - waits == pytest.approx(2 * (whole - waits))


class TestGroups:
    def test_a_message_for_two_consumers_of_a_group_is_one_on_its_queue(self):
        apart, (group,) = topology(), grouped("monolith", SERVICES).groups
        curious = replace(CONTACTS, subscriptions=(*CONTACTS.subscriptions, *MESSAGES.subscriptions))
        members = tuple(replace(s, consumers=(MESSAGES, curious)) if CONTACTS in s.consumers else s for s in SERVICES)
        together = replace(monolith(), groups=[replace(group, services=members)])
        both = [*apart.rules, rule("notification-contacts", *INVOICES, source="billing-service")]
        mix = mix_of("payment settled", "bus")

        split, shared = (flows_of(mix, there, rate=3) for there in (replace(apart, rules=both), together))

        assert sum(split.sent.values()) - sum(shared.sent.values()) == 3
        assert shared.handled == split.handled

    def test_parts_share_an_invocation_and_its_time(self):
        run = next(r for r in replace(scope(mix_of("usage", "bus")), topology=monolith()).runs if r.trigger == "queue")

        alone = [share.ms * share.per_second / run.per_second for share in run.shares.values()]
        assert {work.function for work in run.shares} == {"ingestion", "billing-usage"}
        assert sum(alone) < run.ms < 1.2 * sum(alone), "the rest is what handing on takes"

    def test_every_record_is_in_an_invocation_of_the_group(self):
        shares = replace(scope(mix_of("payment settled", "bus")), topology=monolith()).shares

        handled = {work.function: share.per_second * share.point.records for work, share in shares.items()}
        assert handled == pytest.approx({work.function: work.records for work in shares})

    def test_what_comes_one_by_one_is_mixed_and_what_comes_together_stays_together(self):
        mixed, together = (
            replace(scope(mix_of("usage", records_per_call=n)), topology=monolith(), rate=2000).runs[-1]
            for n in (1, 10)
        )

        assert len(mixed.shares) == len(together.shares) == 2
        assert [s.per_second / mixed.per_second for s in mixed.shares.values()] == pytest.approx([0.97, 0.97], abs=0.01)
        assert [s.per_second / together.per_second for s in together.shares.values()] == pytest.approx([0.5, 0.5])

    def test_calls_queue_and_invocations_are_the_group_s_and_effects_the_services(self):
        uses = list(uses_of(replace(scope(mix_of("payment settled", "bus")), topology=monolith())))

        owners = {
            price: {use.service for use in uses if use.price.startswith(price)} for price in ("lambda", "dynamodb")
        }
        assert owners == {"lambda": {"monolith"}, "dynamodb": {"billing", "notification"}}
        assert {use.service for use in uses if "queue:" in use.resource} == {"monolith"}

    @pytest.mark.parametrize("text", ["services", "monolith", "ingestion+billing,notification"])
    def test_a_topology_is_told_as_it_was_asked_for(self, text):
        assert replace(topology(), groups=grouped(text, SERVICES).groups).text == text


class TestUses:
    def test_ten_records_a_call_are_a_tenth_of_the_calls(self):
        single, tens = (scope(mix_of("usage", records_per_call=n)) for n in (1, 10))

        price = "apigateway.requests"
        assert quantities(single, price) == {name: 10 * q for name, q in quantities(tens, price).items()}

    def test_a_queue_that_the_api_fills_is_not_sent_to_by_the_bus(self):
        sends = quantities(scope(mix_of("usage")), "sqs.requests")

        assert "ingestion queue: sent by the bus" not in sends
        assert sends["billing-usage queue: sent by the bus"] == pytest.approx(100 * 730 * 3600 / 1e6)

    def test_a_queue_that_nobody_fills_is_still_asked(self):
        quiet = scope(mix_of("payment settled", "bus"))

        assert quantities(replace(quiet, rate=0.001), "sqs.requests")["billing queue: received in vain"] > 0.6

    def test_what_is_kept_for_ever_is_paid_for_again_each_month(self):
        first, second = (sum(quantities(scope(mix_of("usage"), months=n), "dynamodb.storage").values()) for n in (1, 2))

        assert second == pytest.approx(3 * first)

    def test_the_archive_forgets_what_is_older(self):
        old, older = (
            sum(quantities(scope(mix_of("usage"), months=n), "eventbridge.archive").values()) for n in (9, 10)
        )

        assert old == older

    def test_a_usage_record_is_at_most_a_write_unit_and_the_touches_of_new_customers(self):
        units = sum(quantities(scope(mix_of("usage")), "dynamodb.writes").values())

        assert 1 <= units / (100 * 730 * 3600 / 1e6) < 1.1


class TestChanges:
    def test_each_is_reckoned_alone_and_the_best_comes_first(self):
        there = scope(mix_of("usage"))

        found = changes(there, PRICES, bill_of(there, PRICES))

        assert found[0].dollars < 0 < found[-1].dollars
        assert {change.where for change in found} == {"manifest", "config", "clients", "code", "assumption"}

    def test_the_plain_design_costs_more(self):
        there = scope(mix_of("usage", records_per_call=10))
        plain = replace(there, topology=plain_topology(there.topology), side="plain")

        assert bill_of(plain, PRICES).dollars > 1.25 * bill_of(there, PRICES).dollars


class TestBaseline:
    def test_nothing_is_told_when_nothing_changed(self):
        same = {"dollars": 1.0, "lines": {"a": 1.0}}

        assert baseline.difference(same, same) == []

    def test_what_costs_more_what_costs_less_and_what_is_new_is_told(self):
        before = {"dollars": 6.0, "lines": {"dearer": 1.0, "cheaper": 5.0, "as before": 0.0}}
        after = {"dollars": 6.5, "lines": {"dearer": 2.0, "cheaper": 1.0, "new": 3.5, "as before": 0.0}}

        lines = [line.split() for line in baseline.difference(before, after)]

        assert [line[0] for line in lines] == ["-4.00", "+3.50", "+1.00", "+0.50"]

    def test_the_committed_one_has_the_lines_that_it_sums_up(self):
        there = json.loads(baseline.BASELINE.read_text())

        assert sum(there["lines"].values()) == pytest.approx(there["dollars"], abs=0.5)


class TestCommand:
    @pytest.mark.parametrize(("text", "per_second"), [("50000/min", 50_000 / 60), ("800/s", 800), ("36/h", 0.01)])
    def test_a_rate_can_be_a_second_s_a_minute_s_or_an_hour_s(self, text, per_second):
        assert rate_of(text) == pytest.approx(per_second)

    def test_another_rate_is_refused(self):
        with pytest.raises(typer.BadParameter, match="50000/min"):
            rate_of("fast")

    @pytest.mark.parametrize("wrong", [["--stage", "x"], ["--templates", "/nowhere"]])
    def test_a_question_that_cannot_be_asked_ends_with_2(self, wrong):
        assert CliRunner().invoke(app, wrong).exit_code == 2
