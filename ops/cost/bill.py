"""Quantities and prices, multiplied: a line for each thing that AWS bills, with where its quantity comes from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ops.cost.figures import Prices

#: What a price's key starts with -> the name of the component on the table.
COMPONENTS: Final[Mapping[str, str]] = {
    "lambda": "Lambda",
    "sqs": "SQS",
    "eventbridge": "EventBridge",
    "dynamodb": "DynamoDB",
    "logs": "CloudWatch",
    "cloudwatch": "CloudWatch",
    "apigateway": "API Gateway",
    "ses": "SES",
    "secrets": "other",
    "transfer": "other",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """So much of what has a price, in the price's unit, in a month. `why` is its arithmetic, in words."""

    service: str
    resource: str
    price: str
    quantity: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A use with its dollars. Where a price has tiers, each use pays the average of all uses of that price."""

    use: Use
    unit: str
    each: float
    dollars: float

    @property
    def component(self) -> str:
        return COMPONENTS[self.use.price.partition(".")[0]]

    @property
    def name(self) -> str:
        return f"{self.use.service}: {self.use.resource}: {self.use.price}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Of one month."""

    lines: Sequence[Line]

    @property
    def dollars(self) -> float:
        return sum(line.dollars for line in self.lines)

    @property
    def dominating(self) -> Line:
        return max(self.lines, key=lambda line: line.dollars)

    def by(self) -> Mapping[tuple[str, str], float]:
        """(service, component) -> dollars."""
        sums: defaultdict[tuple[str, str], float] = defaultdict(float)
        for line in self.lines:
            sums[line.use.service, line.component] += line.dollars
        return sums


def billed(uses: Iterable[Use], prices: Prices) -> Bill:
    uses = [use for use in uses if use.quantity > 0]
    totals: defaultdict[str, float] = defaultdict(float)
    for use in uses:
        totals[use.price] += use.quantity
    each = {key: prices.prices[key].dollars(total) / total for key, total in totals.items()}
    return Bill(
        lines=[
            Line(
                use=use,
                unit=prices.prices[use.price].unit,
                each=each[use.price],
                dollars=use.quantity * each[use.price],
            )
            for use in uses
        ]
    )
