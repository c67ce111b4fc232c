"""The numbers, asked for one by one: an empty answer takes the default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ops.assess.company import Company

#: Field -> the question, as a person is asked.
QUESTIONS: Final[Mapping[str, str]] = {
    "rate": "Requests a minute",
    "mix": "What they are made of: metered, one-by-one, shop, or a file",
    "engineers": "Engineers who change the system",
    "deploys_a_week": "Deploys a week",
    "deploy_minutes": "Minutes that a deploy takes",
    "blocked": "Share of releases that wait for another team's (0 to 1)",
    "p95_ms": "p95 now, in milliseconds",
    "wanted_p95_ms": "p95 that is wanted, in milliseconds",
    "bill": "Bill now, in dollars a month",
    "scale_alone": "Modules that must scale alone, of ingestion, billing, notification (or none)",
    "traces": "Can one request be followed end to end today (yes or no)",
    "shared_tables": "Do modules write each other's tables (yes or no)",
}
#: Question and default -> what was answered.
Prompt = Callable[[str, str], str]


def asked(prompt: Prompt) -> dict[str, Any]:
    """What differs from the defaults, as Company takes it."""
    defaults = Company()
    found = {field: prompt(question, _text(getattr(defaults, field))) for field, question in QUESTIONS.items()}
    return {field: _value(field, text) for field, text in found.items() if text != _text(getattr(defaults, field))}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) or "none" if isinstance(value, tuple) else str(value)


def _value(field: str, text: str) -> Any:
    if field == "scale_alone":
        return tuple(name for name in text.replace(",", " ").split() if name != "none")
    return text.replace("_", "").replace(",", "") if field in {"rate", "bill"} else text
