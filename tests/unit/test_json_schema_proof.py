"""The rules held against instances, and the instances against rules that were broken on purpose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.compatibility.json_schema import Policy, comparison, numbers, objects, writes
from contracts.compatibility.json_schema.instances import documents, validity
from contracts.compatibility.proof import counterexample, main, tally
from tests.unit.json_schema_evolutions import arr, i, n, obj, s, tree

SCHEMAS = sorted(Path("events/schemas").rglob("*.json"))


def test_rules_and_instances_agree_over_random_evolutions() -> None:
    result = tally(evolutions=1_000, seed=1)

    assert result.missed == []
    assert result.unexplained == []
    assert result.proven > 1_000
    assert result.broken > 300
    assert result.uncertain + result.incomparable < 100


@pytest.mark.parametrize(
    ("module", "rule"),
    [
        (objects, "_required"),
        (objects, "_named"),
        (objects, "_others"),
        (comparison, "_lost_types"),
        (comparison, "strings"),
        (comparison, "numbers"),
        (comparison, "arrays"),
        (comparison, "_enumerated"),
        (numbers.Bound, "findings"),
    ],
    ids=lambda what: getattr(what, "__name__", what),
)
def test_instances_show_that_a_rule_is_missing(module: Any, rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, rule, lambda *_, **__: iter(()))

    few_at_a_time = (tally(evolutions=20, seed=seed) for seed in range(1, 40))

    assert any(result.missed for result in few_at_a_time)


def test_the_same_seed_finds_the_same_counterexample() -> None:
    first, second = (
        counterexample(writer=obj(a=n()), reader=obj(a=i()), policy=Policy.LENIENT, seed=7, tries=100) for _ in range(2)
    )

    assert first == second
    assert first is not None


def test_no_counterexample_is_found_where_the_reader_takes_all() -> None:
    assert counterexample(writer=obj(a=i()), reader=obj(a=n()), policy=Policy.LENIENT, seed=7, tries=100) is None


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_documents_of_a_schema_of_ours_are_valid_and_differ(path: Path) -> None:
    schema = json.loads(path.read_text())

    made = documents(schema, seed=1, count=20)

    assert len({json.dumps(document) for document in made}) == 20
    assert all(map(validity(schema), made))
    assert made == documents(schema, seed=1, count=20)


@pytest.mark.parametrize(
    "schema",
    [
        s(minLength=3, maxLength=3),
        i(minimum=7, maximum=8),
        tree(i()),
        arr(i(), contains={"const": 3}, uniqueItems=True),
    ],
    ids=["length", "window", "recursion", "contains"],
)
def test_documents_keep_to_what_is_hard_to_hit_by_chance(schema: Any) -> None:
    assert documents(schema, seed=1, count=2)


def test_documents_of_a_writer_have_no_property_that_it_does_not_name() -> None:
    made = documents(writes(obj(a=s(), b=obj(c=i())), Policy.LENIENT), seed=1, count=30)

    assert {name for document in made for name in document} == {"a", "b"}
    assert {name for document in made for name in document.get("b", {})} == {"c"}


def test_a_schema_that_nothing_fits_has_no_documents() -> None:
    assert documents({"allOf": [s(), i()]}, seed=1, count=5) == []


def test_the_command_prints_its_counts_and_fails_only_where_the_rules_are_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--evolutions", "5", "--seed", "3"]) == 0
    assert "said to fit, but breaks               0" in capsys.readouterr().out
