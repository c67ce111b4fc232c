"""Models and measurements for an assessment: figures that are easily told apart, whatever the company is."""

from __future__ import annotations

from collections.abc import Mapping

from ops.assess.assessment import Assessment, assess
from ops.assess.company import Company
from ops.assess.facts import Known, Measured, Modelled

KNOWN = Known(
    measured={
        name: Measured(
            topology=name,
            services_restarted=services,
            stacks=1,
            resources=len(services),
            works={"raises": 4},
            flows=7,
            functions=len(services),
            queues=1,
        )
        for name, services in (("monolith", ("ingestion", "billing", "notification")), ("services", ("billing",)))
    },
    newcomer_lines=75,
    measured_on="a quiet day",
)


def modelled(topology: str, company: Company) -> Modelled:
    """One execution for every 2,000 requests a minute; services are dearer and quicker."""
    apart = topology == "services"
    return Modelled(
        topology=topology,
        dollars=company.rate * (0.16 if apart else 0.15),
        p95_ms=150.0 if apart else 250.0,
        slowest="billing",
        at_once=max(1, round(company.rate / 2_000)),
        broken=[],
        lost=0,
    )


def assessed(**given: object) -> Assessment:
    return assess(Company.of(given), modelled, KNOWN)


def with_p95(figures: Mapping[str, float], **given: object) -> Assessment:
    """By topology; of those that are not named, as above."""

    def model(topology: str, company: Company) -> Modelled:
        found = modelled(topology, company)
        return Modelled(
            **{name: getattr(found, name) for name in ("dollars", "slowest", "at_once", "broken", "lost")},
            topology=topology,
            p95_ms=figures.get(topology, found.p95_ms),
        )

    return assess(Company.of(given), model, KNOWN)
