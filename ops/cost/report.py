"""The answer as people read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ops.cost.answer import Answer
from ops.cost.bill import COMPONENTS, Line
from ops.cost.figures import assumptions, measured_on

_COMPONENTS: Final = tuple(dict.fromkeys(COMPONENTS.values()))
_NAME: Final = 15
_CELL: Final = 13
_FIRST: Final = 12
#: Smaller changes are noise beside the assumptions.
_WORTH: Final = 5


def table(answer: Answer) -> str:
    return "\n".join([*_head(answer), "", *_services(answer), "", *_beside(answer), "", *_changes(answer)])


def explanation(answer: Answer) -> str:
    """Every line as quantity x price = dollars, then what was assumed, and where each price is from."""
    return "\n".join([*_lines(answer), "", *_assumed(), "", *_sources(answer)])


def _head(answer: Answer) -> Iterator[str]:
    scope = answer.scope
    yield (
        f"{answer.stage}, topology {scope.topology.text}: {scope.rate * 60:,.0f} requests a minute "
        f"({answer.requests / 1e6:,.0f} M a month), "
        f"mix `{scope.mix.name}`, in month {scope.months:g}, dollars a month"
    )
    yield f"{answer.prices.region}, list prices of {answer.prices.date}, no free tier; measured {measured_on()}"


def _services(answer: Answer) -> Iterator[str]:
    sums = answer.bill.by()
    yield _row("", [*_COMPONENTS, "total", "per M"])
    for service in sorted({service for service, _ in sums}):
        yield _dollars(answer, service, [sums.get((service, c), 0.0) for c in _COMPONENTS])
    yield _dollars(answer, "total", [sum(d for (_, k), d in sums.items() if k == c) for c in _COMPONENTS])
    worst = answer.bill.dominating
    yield ""
    yield f"dominates: {worst.name}: {_arithmetic(worst)}"


def _dollars(answer: Answer, name: str, cells: list[float]) -> str:
    total = sum(cells)
    shown = [f"{cell:,.0f}" if cell else "-" for cell in cells]
    return _row(name, [*shown, f"{total:,.0f}", f"{total / answer.requests * 1e6:.3f}"])


def _beside(answer: Answer) -> Iterator[str]:
    now = answer.bill.dollars
    for name, dollars in answer.beside.items():
        yield f"{name:28}{dollars:>10,.0f}   {now / dollars:.2f} of it"
    yield f"{'by month':28}" + "  ".join(f"{month}: {dollars:,.0f}" for month, dollars in answer.ages.items())
    yield f"{'by mix':28}" + "  ".join(f"{name}: {dollars:,.0f}" for name, dollars in answer.mixes.items())


def _changes(answer: Answer) -> Iterator[str]:
    yield "What would change it, each alone:"
    for change in answer.changes:
        if abs(change.dollars) >= _WORTH:
            yield f"{change.dollars:>+10,.0f}  {change.where:11} {change.what}"


def _lines(answer: Answer) -> Iterator[str]:
    for line in sorted(answer.bill.lines, key=lambda line: -line.dollars):
        yield f"{line.name}\n    {_arithmetic(line)}\n    {line.use.why}"


def _arithmetic(line: Line) -> str:
    return f"{line.use.quantity:,.3f} {line.unit} x ${line.each:.8g} = ${line.dollars:,.2f}"


def _assumed() -> Iterator[str]:
    yield f"Assumed ({assumptions().date}):"
    for name, assumed in {**assumptions().latency_ms, **assumptions().values}.items():
        yield f"    {name} {assumed.value:g}: {assumed.source}"


def _sources(answer: Answer) -> Iterator[str]:
    yield f"Prices in {answer.prices.currency} ({answer.prices.region}):"
    used = {line.use.price for line in answer.bill.lines}
    for key in sorted(used):
        price = answer.prices.prices[key]
        tiers = ", ".join(f"{each:g}" if end is None else f"{each:g} up to {end:g}" for end, each in price.tiers)
        yield f"    {key}, {price.unit}: {tiers}. {price.source}, seen {price.seen}"


def _row(name: str, cells: list[str]) -> str:
    return f"{name:{_NAME}}" + "".join(f"{cell:>{_CELL}}" for cell in cells)
