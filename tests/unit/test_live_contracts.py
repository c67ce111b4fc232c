"""Who can be deployed beside whom."""

from __future__ import annotations

import pytest

from contracts.live import Landscape, State, service_differences
from runtime.contract import Contract

TYPE = "order.placed"


def sends(*versions: int) -> Contract:
    return Contract(emits={TYPE: versions} if versions else {}, reads={})


def reads(*versions: int) -> Contract:
    return Contract(emits={}, reads={TYPE: versions} if versions else {})


def told(here: dict[str, Contract], there: dict[str, Contract], *deploying: str) -> list[str]:
    return [str(d) for d in service_differences(Landscape(here=here, there=there, deploying=deploying or tuple(here)))]


def broken(here: dict[str, Contract], there: dict[str, Contract], *deploying: str) -> list[str]:
    services = Landscape(here=here, there=there, deploying=deploying or tuple(here))
    return [d.what for d in service_differences(services) if d.breaks]


def test_a_first_deploy_breaks_nothing() -> None:
    assert told({"shop": sends(1), "stock": reads(1)}, {}) == [
        "shop: only here: was never deployed",
        "stock: only here: was never deployed",
    ]


def test_a_new_version_beside_the_old_one_can_be_deployed_in_any_order() -> None:
    here = {"shop": sends(1, 2), "stock": reads(1, 2)}
    there = {"shop": sends(1), "stock": reads(1)}

    assert not broken(here, there)
    assert told(here, there, "shop") == [
        f"shop: changed: sends {TYPE} v2; the deployed stock does not read it, and takes v1"
    ]


@pytest.mark.parametrize(
    ("stock_here", "to_do"),
    [(reads(1, 2), "Deploy stock first"), (reads(1), "Have stock read it and deploy that first")],
)
def test_a_version_that_takes_the_place_of_the_only_one_that_is_read_breaks(stock_here: Contract, to_do: str) -> None:
    here = {"shop": sends(2), "stock": stock_here}
    there = {"shop": sends(1), "stock": reads(1)}

    assert told(here, there, "shop") == [
        f"shop: BREAKS: would send {TYPE} v2 only; the deployed stock reads v1 only. {to_do}"
    ]


def test_the_old_version_can_go_when_the_deployed_consumer_reads_the_new_one() -> None:
    here = {"shop": sends(2), "stock": reads(1, 2)}
    there = {"shop": sends(1, 2), "stock": reads(1, 2)}

    assert told(here, there, "shop") == [
        f"shop: changed: would no longer send {TYPE} v1; the deployed stock reads it, and takes v2"
    ]


@pytest.mark.parametrize(
    ("shop_here", "to_do"),
    [(sends(2), "Deploy shop first, and let what is under way arrive"), (sends(1), "Keep reading what is sent")],
)
def test_a_consumer_that_gives_up_the_version_that_is_sent_breaks(shop_here: Contract, to_do: str) -> None:
    here = {"shop": shop_here, "stock": reads(2)}
    there = {"shop": sends(1), "stock": reads(1)}

    assert told(here, there, "stock") == [
        f"stock: BREAKS: would read {TYPE} v2 only; the deployed shop sends v1 only. {to_do}"
    ]


def test_an_event_that_is_not_sent_any_more_breaks_who_waits_for_it() -> None:
    here = {"shop": sends(), "stock": reads(1)}
    there = {"shop": sends(1), "stock": reads(1)}

    assert broken(here, there) == [f"would no longer send {TYPE}; the deployed stock waits for it"]


def test_an_event_that_another_sends_as_well_can_be_left_to_it() -> None:
    here = {"shop": sends(), "stock": reads(1)}
    there = {"shop": sends(1), "market": sends(1), "stock": reads(1)}

    assert not broken(here, there)


def test_a_consumer_may_stop_listening() -> None:
    assert not broken({"stock": reads()}, {"shop": sends(1), "stock": reads(1)})


def test_a_service_is_not_held_against_itself() -> None:
    def loop(version: int) -> Contract:
        return Contract(emits={TYPE: (version,)}, reads={TYPE: (version,)})

    assert not broken({"shop": loop(2)}, {"shop": loop(1)})


def test_what_is_not_about_to_be_deployed_is_not_spoken_of() -> None:
    here = {"shop": sends(2), "stock": reads(1)}
    there = {"shop": sends(1), "stock": reads(1)}

    assert [d.state for d in service_differences(Landscape(here=here, there=there, deploying=["stock"]))] == [
        State.SAME
    ]
