"""Samples are what they say they are, of every type and version and whatever the seed; other judges say so."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.samples import KINDS, as_event, samples
from contracts.samples.patterns import matching
from contracts.shapes import Contract, contract_of, contracts
from events.catalog import CATALOG, payload_of
from events.envelope import CloudEvent, InvalidEvent, problems_in
from tests.unit.unusual_payloads import Empty, Unusual

FORMATS = jsonschema.FormatChecker(["date-time"])
CONTRACTS = st.sampled_from(sorted(CATALOG)).map(lambda key: contract_of(CATALOG[key]))
SEEDS = st.integers(0, 10**9)


def fields_at_fault(contract: Contract, data: Any) -> set[str]:
    try:
        contract.model.model_validate(data)
    except ValidationError as error:
        return {problem.field for problem in problems_in(error, under="data")}
    return set()


def fits_the_schema(contract: Contract, data: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(dict(contract.schema), format_checker=FORMATS).is_valid(data))


@given(contract=CONTRACTS, seed=SEEDS, kind=st.sampled_from(["valid", "edge"]))
@settings(max_examples=60)
def test_good_samples_are_taken_by_the_model_and_by_the_schema(contract: Contract, seed: int, kind: Any) -> None:
    for sample in samples(contract, kind, seed=seed, count=3 if kind == "valid" else None):
        assert fields_at_fault(contract, sample.data) == set(), sample
        assert fits_the_schema(contract, sample.data), sample


@given(contract=CONTRACTS, seed=SEEDS)
@settings(max_examples=60)
def test_faults_are_refused_by_the_model_at_the_field_that_they_name(contract: Contract, seed: int) -> None:
    for sample in samples(contract, "invalid", seed=seed):
        named = re.escape(sample.field)

        found = fields_at_fault(contract, sample.data)

        assert found, sample
        assert all(re.fullmatch(rf"{named}(\..*)?", field) for field in found), (sample, found)


@given(contract=CONTRACTS, seed=SEEDS)
@settings(max_examples=60)
def test_what_a_fault_changes_is_at_its_field_alone(contract: Contract, seed: int) -> None:
    """So that it is refused for what it says, and for nothing else."""
    whole = next(samples(contract, "edge", seed=seed)).why
    assert whole == "every field is there"
    for sample in samples(contract, "invalid", seed=seed):
        assert len(fields_at_fault(contract, sample.data)) == 1


@pytest.mark.parametrize("contract", list(contracts()), ids=lambda contract: contract.urn)
def test_every_bound_of_every_field_is_met_and_passed(contract: Contract) -> None:
    edges = {(sample.field, sample.why.partition(":")[0]) for sample in samples(contract, "edge")}
    faults = {(sample.field, sample.why) for sample in samples(contract, "invalid")}

    for member in contract.root.members:
        field, keywords = f"data.{member.name}", member.shape.keywords
        if "maximum" in keywords:
            assert (field, "the most it may be") in edges
            assert (field, f"is above {keywords['maximum']}") in faults
        if "minimum" in keywords:
            assert (field, "the least it may be") in edges
            assert (field, f"is below {keywords['minimum']}") in faults
        if "maxLength" in keywords:
            assert (field, "the longest it may be") in edges
        if "pattern" in keywords:
            assert [why for name, why in faults if name == field and why.startswith(("does not match", "is not in"))]
        if keywords.get("format") == "date-time":
            assert {(field, "the oldest time"), (field, "the newest time")} <= edges
        if member.required:
            assert (field, "is missing") in faults


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_samples_again_and_another_seed_others(kind: Any) -> None:
    (contract,) = contracts(["billing.invoice.issued"])

    def made(seed: int) -> list[Any]:
        return [sample.data for sample in samples(contract, kind, seed=seed, count=20)]

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_more_edges_than_there_are_begin_again_with_another_payload() -> None:
    (contract,) = contracts(["partner.usage.reported"])
    all_ = list(samples(contract, "edge"))

    more = list(samples(contract, "edge", count=len(all_) + 1))

    assert more[: len(all_)] == all_
    assert more[-1].why == all_[0].why
    assert more[-1].data != all_[0].data


@pytest.mark.parametrize("contract", list(contracts()), ids=lambda contract: contract.urn)
def test_a_sample_as_an_event_is_one_whose_id_is_its_own(contract: Contract) -> None:
    made = [as_event(contract, s, seed=0, index=i) for i, s in enumerate(samples(contract, "edge"))]

    events = [CloudEvent.parse(json.dumps(event)) for event in made]

    assert len({event.identity for event in events}) == len(events)
    assert {(event.type, event.dataschema) for event in events} == {(contract.type, contract.urn)}


def test_an_invoice_s_lines_come_to_its_amount() -> None:
    (contract,) = contracts(["billing.invoice.issued"])

    made = [sample.data for sample in samples(contract, "valid", count=50)]
    with_lines = [data for data in made if data.get("lines")]

    assert with_lines
    assert all(data["amount"] == sum(line["amount"] for line in data["lines"]) for data in with_lines)


@given(seed=SEEDS, model=st.sampled_from([Unusual, Empty]))
@settings(max_examples=40)
def test_samples_of_what_the_catalog_does_not_have_yet_hold_as_well(seed: int, model: Any) -> None:
    contract = contract_of(model)
    for kind in ("valid", "edge"):
        for sample in samples(contract, kind, seed=seed, count=None if kind == "edge" else 5):
            assert fields_at_fault(contract, sample.data) == set(), sample
    for sample in samples(contract, "invalid", seed=seed):
        found = fields_at_fault(contract, sample.data)
        assert any(field.startswith(sample.field) for field in found), (sample, found)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Za-z0-9][A-Za-z0-9_.:\-]*$",
        r"^[^@\s\x00-\x1f,;<>\"]{1,64}@[^@\s\x00-\x1f,;<>\"]+\.[^@\s\x00-\x1f,;<>\".]+$",
        r"^https?://[^\s/?#]+\S*$",
        r"^(?:ab|c\d)+?x{2,}\w\D.[^q]$",
        r"^\u00e9+$",
    ],
)
def test_text_is_made_that_matches_a_pattern(pattern: str) -> None:
    rng = Random(7)  # noqa: S311

    assert all(re.fullmatch(pattern, matching(pattern, rng)) for _ in range(50))


def test_an_invalid_event_is_refused_by_what_reads_the_bus() -> None:
    (contract,) = contracts(["billing.invoice.paid"])
    sample = next(samples(contract, "invalid"))

    with pytest.raises(InvalidEvent) as caught:
        payload_of(CloudEvent.parse(as_event(contract, sample, seed=0, index=0)))

    assert [problem.field for problem in caught.value.problems] == [sample.field]
