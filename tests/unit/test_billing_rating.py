"""Money for units: exact, monotone, and the same however a period is cut into invoices."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.prices import PRICES
from functions.billing.rating import Price, PriceBook, Tier, flat
from runtime.errors import BusinessRuleViolated

units = st.integers(min_value=0, max_value=10**12)


@st.composite
def prices(draw):
    bounds = sorted(draw(st.sets(st.integers(min_value=1, max_value=10**6), max_size=4)))
    amounts = draw(
        st.lists(st.integers(min_value=0, max_value=10**5), min_size=len(bounds) + 1, max_size=len(bounds) + 1)
    )
    tiers = tuple(Tier(up_to=b, price=p) for b, p in zip([*bounds, None], amounts, strict=True))
    return Price(meter="m", description="M", tiers=tiers, per=draw(st.integers(min_value=1, max_value=10**5)))


def book(price: Price) -> PriceBook:
    return PriceBook(currency="USD", prices=(price,))


def exact(price: Price, count: int) -> Fraction:
    """The cost by the definition: each tier's units at the tier's price."""
    total, floor = Fraction(0), 0
    for tier in price.tiers:
        ceiling = count if tier.up_to is None else min(count, tier.up_to)
        if ceiling > floor:
            total += Fraction((ceiling - floor) * tier.price, price.per)
            floor = ceiling
    return total


@given(prices(), st.lists(units, min_size=3, max_size=3).map(sorted))
def test_two_invoices_add_up_to_one_when_a_period_is_billed_in_two_steps(price, cuts):
    a, b, c = cuts

    first, second = book(price).rate("m", a, b), book(price).rate("m", b, c)

    assert first.amount + second.amount == book(price).rate("m", a, c).amount
    assert first.quantity + second.quantity == c - a


@given(prices(), units)
def test_a_cost_is_at_most_half_a_minor_unit_away_from_the_exact_one(price, count):
    rounded = price.cost(count)

    assert Fraction(-1, 2) < rounded - exact(price, count) <= Fraction(1, 2)


@given(prices(), units, units)
def test_more_units_never_cost_less(price, count, more):
    assert price.cost(count + more) >= price.cost(count)


@pytest.mark.parametrize(
    ("calls", "cents"),
    [
        (0, 0),
        (10_000, 0),
        (10_001, 0),
        (10_012, 0),  # 0.48 cents
        (10_013, 1),  # 0.52 cents
        (11_000, 40),
        (1_000_000, 39_600),
        (1_001_000, 39_625),
        (2_000_000, 64_600),
    ],
)
def test_a_unit_costs_what_its_tier_says_when_a_price_is_graduated(calls, cents):
    assert PRICES.price("api_calls").cost(calls) == cents


def test_half_a_minor_unit_is_rounded_up():
    price = flat("m", "M", price=1, per=2)

    assert [price.cost(count) for count in range(4)] == [0, 1, 1, 2]


def test_late_usage_costs_what_its_own_tiers_say_when_the_cheap_ones_are_billed_already():
    charge = PRICES.rate("api_calls", 999_000, 1_002_000)

    assert (charge.quantity, charge.amount) == (3_000, 40 + 2 * 25)


def test_only_meters_with_new_units_are_charged():
    charges = PRICES.rate_all({"seats": 2}, {"seats": 2, "storage_gb_hours": 100_000, "api_calls": 5})

    assert [(c.meter, c.quantity, c.amount) for c in charges] == [
        ("api_calls", 5, 0),
        ("storage_gb_hours", 100_000, 3_200),
    ]


def test_rating_refuses_when_fewer_units_were_used_than_billed():
    with pytest.raises(BusinessRuleViolated, match="3 units of 'seats' are billed already, but only 2 used"):
        PRICES.rate("seats", 3, 2)


def test_rating_refuses_when_a_meter_has_no_price():
    with pytest.raises(BusinessRuleViolated, match="meter 'lunches' has no price"):
        PRICES.rate("lunches", 0, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tiers": ()},
        {"tiers": (Tier(up_to=10, price=1),)},
        {"tiers": (Tier(up_to=None, price=1), Tier(up_to=None, price=1))},
        {"tiers": (Tier(up_to=10, price=1), Tier(up_to=10, price=2), Tier(up_to=None, price=1))},
        {"tiers": (Tier(up_to=0, price=1), Tier(up_to=None, price=1))},
        {"tiers": (Tier(up_to=None, price=-1),)},
        {"tiers": (Tier(up_to=None, price=1),), "per": 0},
    ],
)
def test_a_price_cannot_be_written_down_when_it_makes_no_sense(wrong):
    with pytest.raises(ValueError, match=r"^m: "):
        Price(meter="m", description="M", **wrong)


def test_a_price_book_refuses_a_second_price_for_a_meter():
    with pytest.raises(ValueError, match="a meter has one price"):
        PriceBook(currency="USD", prices=(flat("m", "M", price=1), flat("m", "M", price=2)))


def test_a_price_book_refuses_a_currency_that_there_is_not():
    with pytest.raises(ValueError, match="'ABC' is not an ISO 4217 currency code"):
        PriceBook(currency="ABC", prices=())
