"""Should you move, and how far: several companies, and where each figure is from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops.__main__ import app
from ops.assess.asking import QUESTIONS, asked
from ops.assess.company import Company
from ops.assess.facts import taken_out
from ops.assess.report import told
from ops.wrong_use import WrongUse
from tests.unit.assess_builders import KNOWN, assessed, modelled, with_p95

#: Nothing hurts in this one, however large it is.
CONTENT = {"blocked": 0.0, "deploys_a_week": 2, "p95_ms": 200, "scale_alone": ()}
#: Each with what differs from the company that migrated.
COMPANIES = {
    "a small company": ({"rate": 500, "engineers": 3}, "stay"),
    "a small company with slow pages": ({"rate": 500, "engineers": 3, "p95_ms": 900}, "stay"),
    "a large company that is content": (CONTENT, "stay"),
    "two teams in each other's way": (
        {"rate": 5_000, "engineers": 14, "scale_alone": ()},
        "modularise in place",
    ),
    "two teams that release seldom, and then wait": (
        {**CONTENT, "engineers": 14, "blocked": 0.5},
        "modularise in place",
    ),
    "two teams that only wait for deploys": ({**CONTENT, "engineers": 14, "deploys_a_week": 20}, "modularise in place"),
    "two teams, tables shared": (
        {"rate": 50_000, "engineers": 30, "shared_tables": True},
        "modularise in place",
    ),
    "three teams that are blind": ({"engineers": 30, "traces": False}, "modularise in place"),
    "one module with peaks of its own": (
        {**CONTENT, "engineers": 6, "scale_alone": ("notification",)},
        "take one out",
    ),
    "the company that migrated": ({}, "services"),
    "three teams in each other's way, under little load": ({"rate": 500, "engineers": 30}, "services"),
}


@pytest.mark.parametrize(("given", "step"), COMPANIES.values(), ids=COMPANIES)
def test_each_company_is_told_the_smallest_step_that_heals_what_hurts(given, step):
    assert assessed(**given).advice.step == step


def test_the_one_that_is_taken_out_stands_alone_in_the_topology_and_is_modelled_so():
    found = assessed(**CONTENT | {"engineers": 6, "scale_alone": ("notification",)})

    assert found.advice.topology == "ingestion+billing,notification" == taken_out("notification")
    assert list(found.carried) == ["monolith", "ingestion+billing,notification", "services"]


def test_what_is_too_slow_in_one_function_is_taken_apart_only_when_that_makes_it_quick_enough():
    slow = CONTENT | {"p95_ms": 400, "engineers": 6}

    heals = with_p95({"monolith": 300, "services": 200}, **slow)
    does_not = with_p95({"monolith": 400, "services": 390}, **slow)

    assert (heals.advice.step, does_not.advice.step) == ("services", "modularise in place")


def test_who_is_told_to_stay_is_told_when_to_ask_again():
    advice = assessed(rate=500, engineers=3).advice

    assert advice.topology is None
    assert "ask again at 5,000 requests a minute" in advice.then[0]


def test_what_must_come_first_is_told_and_the_goal_after_it():
    advice = assessed(engineers=30, traces=False).advice

    assert any("cannot be followed" in reason for reason in advice.because)
    assert advice.then == ["then: services, `-c topology=services`"]


def test_the_three_questions_are_answered_in_their_order():
    found = assessed(shared_tables=True, traces=False).answers

    assert [(answer.question.partition(" ")[0], answer.answer) for answer in found] == [
        ("Is", "yes"),
        ("Can", "not yet"),
        ("Can", "not yet"),
    ]


def test_every_sentence_and_every_number_says_where_it_is_from():
    document = assessed(rate=500).document()

    assert all(said["source"] for answer in document["questions"] for said in answer["because"])
    assert {field: entry["source"] for field, entry in document["company"].items() if entry["source"] == "yours"} == {
        "rate": "yours"
    }
    assert {entry["source"] for entry in document["company"].values()} == {
        "yours",
        "assumed",
        "told of the migration",
    }
    assert all(topology["source"].startswith("modelled") for topology in document["topologies"].values())


def test_the_report_has_what_the_models_say_and_nothing_else_in_their_place():
    company = Company.of({"rate": 20_000})

    text = told(assessed(rate=20_000))

    for topology in ("monolith", "services"):
        assert f"{modelled(topology, company).dollars:,.0f}" in text
    assert "(measured a quiet day)" in text


def test_a_file_gives_the_numbers_and_options_stand_above_it(tmp_path: Path):
    file = tmp_path / "us.json"
    file.write_text(json.dumps({"rate": 100, "engineers": 4}))

    company = Company.from_file(file, {"engineers": 5})

    assert (company.rate, company.engineers, company.source_of("rate"), company.source_of("bill")) == (
        100,
        5,
        "yours",
        "told of the migration",
    )


@pytest.mark.parametrize("given", [{"blocked": 2}, {"scale_alone": ("search",)}, {"size": 3}])
def test_a_number_that_makes_no_sense_is_named(given):
    with pytest.raises(WrongUse, match=next(iter(given))):
        Company.of(given)


def test_a_file_that_is_no_such_file_is_wrong_use(tmp_path: Path):
    with pytest.raises(WrongUse, match="missing"):
        Company.from_file(tmp_path / "missing.json", {})


def test_somebody_at_a_terminal_is_asked_for_every_number_and_an_empty_answer_is_the_default():
    answers = {"Engineers who change the system": "5", QUESTIONS["scale_alone"]: "billing, ingestion"}

    given = asked(answers.get)

    assert set(QUESTIONS) == set(Company.model_fields)
    assert given == {"engineers": "5", "scale_alone": ("billing", "ingestion")}
    assert Company.of(given).engineers == 5


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    """The command, with models that answer at once."""
    monkeypatch.setattr("ops.assess.command.model", lambda _: modelled)
    monkeypatch.setattr("ops.assess.command.known", lambda: KNOWN)
    return lambda *options: CliRunner().invoke(app, ["assess", *options])


def test_the_command_says_stay_to_a_small_company_first_of_all(run):
    answer = run("--rate", "500/min", "--engineers", "3")

    assert answer.exit_code == 0
    assert answer.stdout.startswith("STAY\n")


def test_the_command_answers_a_script_in_json_with_what_options_say(run):
    answer = run("--json", "--scale-alone", "none", "--no-traces", "--blocked", "0.1")

    company = json.loads(answer.stdout)["company"]
    assert company["scale_alone"] == {"value": [], "source": "yours"}
    assert (company["traces"]["value"], company["blocked"]["value"]) == (False, 0.1)


@pytest.mark.parametrize("options", [("--rate", "many"), ("--scale-alone", "search"), ("--company", "missing.json")])
def test_wrong_use_ends_with_2(run, options):
    answer = run(*options)

    assert answer.exit_code == 2
    assert answer.stdout == ""
