"""The assessment as people read it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any, Final

from ops.assess.assessment import Assessment
from ops.assess.company import Company
from ops.assess.questions import MODELLED
from ops.assess.rules import EACH

_WIDTH: Final = 118
_NAME: Final = 34
_CELL: Final = 14


def told(assessment: Assessment) -> str:
    lines = [*_advice(assessment), *_questions(assessment), *_options(assessment), *_asked(assessment.company)]
    return "\n".join([*lines, *_drawn()])


def _advice(assessment: Assessment) -> Iterator[str]:
    advice = assessment.advice
    yield f"{advice.step.upper()}" + (f"   -c topology={advice.topology}" if advice.topology else "")
    yield from (_point(reason) for reason in advice.because)
    yield from (_point(f"next: {step}") for step in advice.then)


def _questions(assessment: Assessment) -> Iterator[str]:
    for answer in assessment.answers:
        yield ""
        yield f"{answer.question} {answer.answer.capitalize()}."
        yield from (_point(f"{said.text} ({said.source})") for said in answer.because)


def _options(assessment: Assessment) -> Iterator[str]:
    company = assessment.company
    yield ""
    yield _row("", ("$ a month", "p95 ms", "at once", "restarted"))
    yield _row("now, as told", (f"{company.bill:,.0f}", f"{company.p95_ms:,.0f}", "", ""))
    for name, found in assessment.carried.items():
        measured = assessment.known.measured.get(name)
        anew = f"{len(measured.services_restarted)} of 3" if measured else "not measured"
        yield _row(name, (f"{found.dollars:,.0f}", f"{found.p95_ms:,.0f}", f"{found.at_once}", anew))
        yield from (_point(f"{quota} would be asked for {times:.1f} x what it gives") for quota, times in found.broken)
    yield _point(
        f"{MODELLED}, mix `{company.mix}`; p95 is of the slowest that somebody waits for. Restarted: services, when a "
        f"line of one changes (measured {assessment.known.measured_on})."
    )


def _asked(company: Company) -> Iterator[str]:
    yield ""
    yield "Asked with:"
    for field, value in company.model_dump().items():
        yield f"  {field:{_NAME}}{_shown(value):>{_CELL * 2}}  {company.source_of(field)}"


def _drawn() -> Iterator[str]:
    yield ""
    yield "Lines drawn by judgement (ops/assess/rules.py):"
    yield from (_point(f"{line.value:g}: {line.why}") for line in EACH)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return f"{value:,g}" if isinstance(value, float) else f"{value}"


def _row(name: str, cells: tuple[str, ...]) -> str:
    return f"  {name:{_NAME}}" + "".join(f"{cell:>{_CELL}}" for cell in cells)


def _point(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="  - ", subsequent_indent="    ")
