"""The price list, as data. A meter that is not here cannot be used: its events end in the dead-letter queue."""

from typing import Final

from functions.billing.rating import Price, PriceBook, Tier, flat

PRICES: Final = PriceBook(
    currency="USD",
    prices=(
        Price(
            meter="api_calls",
            description="API calls",
            per=1_000,
            tiers=(
                Tier(up_to=10_000, price=0),  # free of charge
                Tier(up_to=1_000_000, price=40),  # $0.40 per 1,000
                Tier(up_to=None, price=25),  # $0.25 per 1,000
            ),
        ),
        flat("storage_gb_hours", "Storage, GB-hours", price=3_200, per=100_000),  # $0.00032 each
        flat("seats", "Seats", price=1_500),  # $15.00 each
    ),
)
