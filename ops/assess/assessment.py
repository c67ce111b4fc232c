"""The whole answer: what was asked with, the three questions, what each topology would be, and how far to go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ops.assess.advice import Advice, advise, pressures
from ops.assess.company import Company
from ops.assess.facts import TOPOLOGIES, Known, Model, Modelled, taken_out
from ops.assess.questions import MODELLED, Answer, answers
from ops.assess.rules import EACH
from runtime.topology import MONOLITH


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    company: Company
    carried: Mapping[str, Modelled]
    known: Known
    answers: Sequence[Answer]
    advice: Advice

    def document(self) -> dict[str, Any]:
        """Each number with where it is from."""
        return {
            "company": {
                field: {"value": value, "source": self.company.source_of(field)}
                for field, value in self.company.model_dump(mode="json").items()
            },
            "questions": [asdict(answer) for answer in self.answers],
            "topologies": {
                name: {"modelled": asdict(found), "measured": self._measured(name), "source": MODELLED}
                for name, found in self.carried.items()
            },
            "advice": asdict(self.advice),
            "lines_drawn": [{**asdict(line), "source": "a judgement: ops/assess/rules.py"} for line in EACH],
        }

    def _measured(self, topology: str) -> dict[str, Any] | None:
        """None for a topology that nobody has measured."""
        found = self.known.measured.get(topology)
        return {**asdict(found), "on": self.known.measured_on} if found else None


def assess(company: Company, model: Model, known: Known) -> Assessment:
    """Raises what `model` raises."""
    carried = {topology: model(topology, company) for topology in _asked(company)}
    found = pressures(company, carried[MONOLITH])
    return Assessment(
        company=company,
        carried=carried,
        known=known,
        answers=answers(company, found, carried, known),
        advice=advise(company, found, carried),
    )


def _asked(company: Company) -> Sequence[str]:
    """Both ends, and between them the one that takes out the one module that must scale alone."""
    middle = [taken_out(company.scale_alone[0])] if len(company.scale_alone) == 1 else []
    return [TOPOLOGIES[0], *middle, TOPOLOGIES[1]]
