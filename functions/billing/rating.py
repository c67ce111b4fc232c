"""From units of a meter to money, in integers.

A price may be a fraction of a minor unit: it is quoted for `per` units (25 cents per 1,000 calls). A cost
is rounded half up, once, for all units from zero. A charge is the difference of two such costs, so that the
charges of a period's invoices always add up to what a single invoice would have said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from events.money import MINOR_UNIT_DIGITS
from runtime.errors import BusinessRuleViolated


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """`price` minor units for `per` units of those up to and including `up_to`; None is without end."""

    up_to: int | None
    price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a meter costs: graduated, each tier's price holds for the units inside it. One tier is a flat price."""

    meter: str
    description: str
    tiers: tuple[Tier, ...]
    per: int = 1

    def __post_init__(self) -> None:
        bounds = [tier.up_to for tier in self.tiers]
        finite = [bound for bound in bounds if bound is not None]
        if self.per < 1 or any(tier.price < 0 for tier in self.tiers):
            raise ValueError(f"{self.meter}: prices are never negative and quoted for at least one unit")
        if bounds != [*finite, None] or any(a >= b for a, b in zip([0, *finite], finite, strict=False)):
            raise ValueError(f"{self.meter}: the tiers' bounds must rise, and only the last one is open")

    def cost(self, units: int) -> int:
        """Minor units for the first `units` units of a period, rounded half up."""
        quoted = sum(inside * tier.price for tier, inside in self._split(units))
        return (2 * quoted + self.per) // (2 * self.per)

    def _split(self, units: int) -> Iterator[tuple[Tier, int]]:
        floor = 0
        for tier in self.tiers:
            ceiling = units if tier.up_to is None else min(units, tier.up_to)
            yield tier, max(0, ceiling - floor)
            floor = max(floor, ceiling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Money owed for `quantity` units of one meter."""

    meter: str
    description: str
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBook:
    """Every meter that can be sold, in one currency."""

    currency: str
    prices: tuple[Price, ...]

    def __post_init__(self) -> None:
        if self.currency not in MINOR_UNIT_DIGITS:
            raise ValueError(f"{self.currency!r} is not an ISO 4217 currency code")
        if len({price.meter for price in self.prices}) != len(self.prices):
            raise ValueError("a meter has one price")

    def price(self, meter: str) -> Price:
        """Raises BusinessRuleViolated for a meter that has no price."""
        for price in self.prices:
            if price.meter == meter:
                return price
        raise BusinessRuleViolated(f"meter {meter!r} has no price")

    def rate(self, meter: str, already_billed: int, total: int) -> Charge:
        """The charge that takes a period's bill for `meter` from `already_billed` to `total` units.

        Later units are dearer or cheaper by the tier that they fall into, whatever invoice they are on.
        """
        if total < already_billed:
            raise BusinessRuleViolated(f"{already_billed} units of {meter!r} are billed already, but only {total} used")
        price = self.price(meter)
        return Charge(
            meter=meter,
            description=price.description,
            quantity=total - already_billed,
            amount=price.cost(total) - price.cost(already_billed),
        )

    def rate_all(self, already_billed: Mapping[str, int], totals: Mapping[str, int]) -> tuple[Charge, ...]:
        """One charge for each meter with units that are not billed yet, by meter name."""
        charges = (self.rate(meter, already_billed.get(meter, 0), totals[meter]) for meter in sorted(totals))
        return tuple(charge for charge in charges if charge.quantity)


def flat(meter: str, description: str, *, price: int, per: int = 1) -> Price:
    """Every unit costs the same."""
    return Price(meter=meter, description=description, tiers=(Tier(up_to=None, price=price),), per=per)
