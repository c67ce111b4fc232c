"""Results that nobody has measured: figures that are easily told apart."""

from __future__ import annotations

from bench.breaking import Broken, Flow
from bench.broken_billing import KINDS
from bench.compared import Compared, InTopology
from bench.modelled import HOPS, Modelled
from bench.newcomer import Newcomer
from bench.redeploying import Redeployed
from bench.standing import Standing


def compared() -> Compared:
    return Compared(
        topologies={
            "services": in_topology(dollars=7_000.0, works=2, services=["billing"]),
            "monolith": in_topology(dollars=8_000.0, works=1, services=["ingestion", "billing", "notification"]),
        },
        newcomer=Newcomer(own={"functions/loyalty/process.py": 40}, elsewhere={"events/catalog.py": 5}, test=20),
    )


def in_topology(*, dollars: float, works: int, services: list[str]) -> InTopology:
    return InTopology(
        redeployed=redeployed(services),
        broken={kind: broken(works) for kind in KINDS},
        modelled=Modelled(
            requests_per_minute=50_000,
            mix="metered",
            dollars=dollars,
            p95_ms=dict.fromkeys(HOPS, dollars / 100),
            at_once=26,
            lost=0,
            missed=(),
        ),
        standing=Standing(
            stacks=5,
            resources=260,
            functions=10,
            queues=6,
            dead_letter_queues=8,
            alarms=104,
            packages=3,
            package_bytes=5 * 2**20,
        ),
    )


def redeployed(services: list[str]) -> Redeployed:
    return Redeployed(
        packaging_s=7.0,
        deploying_s=0.5,
        rounds=3,
        stacks=["Billing"],
        of_stacks=4,
        resources={"AWS::Lambda::Function": 5},
        of_resources=115,
        functions=["billing"],
        of_functions=10,
        services=services,
        of_services=3,
    )


def broken(works: int) -> Broken:
    names = ("records are accepted", "contacts are updated", "usage is booked")
    return Broken(
        flows=[Flow(name=name, works=n < works) for n, name in enumerate(names)],
        waiting=2,
        done_s=24.0,
        shown_again_s=40,
        templates_s=181,
        tries=3,
        dead=0,
    )


MACHINE = {"date": "2026-11-27", "cpu": "a processor", "cpus": 2, "python": "3.11.7"}
