"""Assessments with nothing faked: the templates as they are, both models, and the committed results."""

from __future__ import annotations

import pytest

from infra.cdk_app import build
from ops.assess.assessment import assess
from ops.assess.company import Company
from ops.assess.facts import known, model
from ops.cost.templates import read


@pytest.fixture(scope="module")
def real_model(tmp_path_factory):
    """The models on templates of these sources, each topology synthesised once."""
    made = {}

    def templates(stage, topology, _):
        if topology not in made:
            made[topology] = tmp_path_factory.mktemp("assessed")
            build(stage, made[topology], topology).synth()
        return read(made[topology])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ops.cost.asking.templates_of", templates)
        yield model(lambda _: None)


def test_a_small_company_is_told_to_stay(real_model):
    company = Company.of({"rate": 500, "engineers": 3})

    found = assess(company, real_model, known())

    assert found.advice.step == "stay"
    assert all(0 < topology.dollars < company.bill for topology in found.carried.values())


def test_what_is_taken_out_is_modelled_in_the_topology_that_is_advised(real_model):
    company = Company.of({"engineers": 6, "scale_alone": ("ingestion",), "rate": 20_000})

    found = assess(company, real_model, known())

    assert (found.advice.step, found.advice.topology) == ("take one out", "billing+notification,ingestion")
    assert found.carried["billing+notification,ingestion"].lost == 0
