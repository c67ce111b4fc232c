from __future__ import annotations

from datetime import date

import pytest

from contracts.compatibility.verdict import Finding, Mode
from contracts.gate import judge
from events.versions import Active, Deprecated, Retired
from tests.unit.contract_builders import (
    LANGUAGES,
    OPTIONAL_TEXT,
    RELEASED,
    TYPE,
    a_model,
    judged,
    releases_of,
    toy,
    toy_findings,
)

ORDER = a_model(order_id=str)
EARLY, SUNSET = date(2027, 5, 1), date(2027, 11, 27)
DEPRECATED = Deprecated(since=RELEASED, sunset=SUNSET)
BACKWARD = (Mode.BACKWARD, Mode.BACKWARD_TRANSITIVE)
FORWARD = (Mode.FORWARD, Mode.FORWARD_TRANSITIVE)
FULL = (Mode.FULL, Mode.FULL_TRANSITIVE)
TRANSITIVE = tuple(mode for mode in Mode if mode.is_transitive)
ADDED = {"order_id": str, "gift": str}
REMOVED = {}


def nobody(*_: object, **__: object) -> str:
    return ""


def test_what_was_never_released_can_hurt_nobody() -> None:
    judgement = judged(a_model(order_id=int))

    assert judgement.passes
    assert judgement.compared == 0


def test_what_is_as_it_was_released_is_not_even_compared() -> None:
    judgement = judged(ORDER, a_model(order_id=str))

    assert (judgement.verdicts, judgement.compared) == ((), 0)


def test_an_optional_field_may_be_added_in_every_mode() -> None:
    for mode in Mode:
        assert judged(a_model(mode=mode, order_id=str, note=OPTIONAL_TEXT), a_model(mode=mode, order_id=str)).passes


@pytest.mark.parametrize(
    ("fields", "modes"),
    [(ADDED, BACKWARD + FULL), (REMOVED, FORWARD + FULL), ({"order_id": int}, BACKWARD + FORWARD + FULL)],
    ids=["required-added", "required-removed", "retyped"],
)
def test_a_change_is_refused_in_the_modes_whose_direction_it_breaks(fields: dict, modes: tuple[Mode, ...]) -> None:
    refusing = {
        mode for mode in Mode if not judged(a_model(mode=mode, **fields), a_model(mode=mode, order_id=str)).passes
    }

    assert refusing == set(modes)


def test_a_field_that_comes_back_with_another_type_is_refused_by_the_transitive_modes_alone() -> None:
    """The last release lacks it; an older one has it, and its events still lie in the archive."""
    history = [{"note": OPTIONAL_TEXT}, {"more": OPTIONAL_TEXT}]
    today = {"note": (int | None, None), "more": OPTIONAL_TEXT}

    refusing = {
        mode
        for mode in Mode
        if not judged(a_model(mode=mode, **today), *(a_model(mode=mode, **f) for f in history)).passes
    }

    assert refusing == set(TRANSITIVE)


def test_each_direction_says_who_is_hurt() -> None:
    [added] = judged(a_model(**ADDED), ORDER).verdicts
    [removed] = judged(a_model(**REMOVED), ORDER, readers="read by packing (packing/domain.py:7)").verdicts

    assert added.hurts.startswith("old data: events in queues")
    assert removed.hurts == "old readers: read by packing (packing/domain.py:7)"


def test_a_verdict_is_one_line_that_says_where_what_who_and_what_to_do() -> None:
    [verdict] = judged(a_model(), ORDER, readers="read by packing (packing/domain.py:7)").verdicts

    assert str(verdict) == (
        "shop.order.placed v1: data.order_id: removes it (PROPERTY_REMOVED, against release 1 of 2026-11-27). "
        "Hurts old readers: read by packing (packing/domain.py:7). Instead: keep `order_id` and fill it as before, "
        "or start a new version with `python -m ops schemas bump shop.order.placed`."
    )


def test_one_cause_is_one_verdict_however_many_languages_directions_and_releases_find_it() -> None:
    judgement = judged(a_model(order_id=int), ORDER, a_model(order_id=str, note=OPTIONAL_TEXT))

    [verdict] = [verdict for verdict in judgement.verdicts if verdict.path == "data.order_id"]
    assert verdict.found == ("json_schema: TYPE_CHANGED", "avro: TYPE_CHANGED")
    assert verdict.directions == ("backward", "forward")
    assert verdict.releases == (1, 2)
    assert "against releases 1 and 2" in str(verdict)


def test_what_only_avro_finds_is_told_in_its_words() -> None:
    def symbols(**pair) -> list[Finding]:
        return [Finding(path="order_id", rule="SYMBOL_REMOVED", change="lacks the symbol A")]

    avro = toy("avro", findings=symbols, counterexample=lambda **_: "A")
    judgement = judged(a_model(order_id=str, note=OPTIONAL_TEXT), ORDER, languages=(toy(), avro))

    [verdict] = judgement.verdicts
    assert (verdict.rule, verdict.change) == ("SYMBOL_REMOVED", "today's avro lacks the symbol A")


def test_a_rename_is_recognised() -> None:
    [verdict] = judged(a_model(order_ref=str), ORDER).verdicts

    assert verdict.path == "data.order_id"
    assert "looks like a rename of `order_id` to `order_ref`" in verdict.change
    assert "add `order_ref` as an optional field" in verdict.advice
    assert verdict.directions == ("backward", "forward")


def test_a_field_of_another_type_is_no_new_name() -> None:
    verdicts = judged(a_model(order_ref=int), ORDER).verdicts

    assert {verdict.path for verdict in verdicts} == {"data.order_id", "data.order_ref"}


def test_an_optional_field_may_go_unless_something_still_uses_it() -> None:
    before = a_model(order_id=str, note=OPTIONAL_TEXT)

    assert judged(ORDER, before).passes
    [verdict] = judged(ORDER, before, readers="matched by rule orders of packing").verdicts
    assert (verdict.rule, verdict.path) == ("REMOVED_FIELD_IN_USE", "data.note")
    assert "matched by rule orders of packing" in str(verdict)


def test_who_passes_on_the_whole_needs_no_optional_field() -> None:
    before = a_model(order_id=str, note=OPTIONAL_TEXT)

    def hurt_by(*_: object, by_name: bool = False) -> str:
        return "" if by_name else "passed on whole by packing"

    judgement = judge({(TYPE, 1): ORDER}, {(TYPE, 1): releases_of(before)}, languages=LANGUAGES, hurt_by=hurt_by)

    assert judgement.passes


def test_nobody_is_asked_for_who_reads_where_nobody_is_hurt() -> None:
    def ask(*_: object, **__: object) -> str:
        pytest.fail("it takes ten seconds")

    today = a_model(order_id=str, gift=str)

    judge({(TYPE, 1): today}, {(TYPE, 1): releases_of(ORDER)}, languages=LANGUAGES, hurt_by=ask)


def test_a_released_version_that_is_gone_from_the_catalog_is_missed() -> None:
    [verdict] = judge({}, {(TYPE, 1): releases_of(ORDER)}, languages=LANGUAGES, hurt_by=nobody).verdicts

    assert (verdict.rule, verdict.version) == ("VERSION_REMOVED", 1)


@pytest.mark.parametrize("released", [{}, {(TYPE, 1): releases_of(ORDER)}], ids=["never-released", "released"])
def test_a_version_that_skips_a_number_says_which_it_should_be(released: dict) -> None:
    catalog = {(TYPE, 1): ORDER, (TYPE, 3): a_model(version=3, order_id=str)}

    [verdict] = judge(catalog, released, languages=LANGUAGES, hurt_by=nobody).verdicts

    assert (verdict.rule, verdict.advice) == ("VERSION_SKIPPED", "number it v2")


def test_a_version_that_was_released_as_retired_may_go() -> None:
    retired = a_model(lifecycle=Retired(on=SUNSET), order_id=str)
    released = {(TYPE, 1): releases_of(ORDER, retired)}

    assert judge({}, released, languages=LANGUAGES, hurt_by=nobody).passes


@pytest.mark.parametrize(
    ("promised", "now", "change"),
    [
        (Active(), Retired(on=SUNSET), "is retired without having been deprecated"),
        (DEPRECATED, Retired(on=EARLY), "ends on 2027-05-01, before the promised 2027-11-27"),
        (DEPRECATED, Deprecated(since=RELEASED, sunset=EARLY), "ends on 2027-05-01, before the promised 2027-11-27"),
    ],
)
def test_a_version_does_not_end_before_it_was_promised_to(promised, now, change: str) -> None:
    [verdict] = judged(a_model(lifecycle=now, order_id=str), a_model(lifecycle=promised, order_id=str)).verdicts

    assert (verdict.rule, verdict.change) == ("ENDS_EARLY", change)


@pytest.mark.parametrize(
    ("promised", "now"),
    [
        (Active(), DEPRECATED),
        (DEPRECATED, Retired(on=SUNSET)),
        (DEPRECATED, Active()),
        (Retired(on=SUNSET), Retired(on=EARLY)),
    ],
)
def test_a_version_may_live_as_long_as_promised_or_longer(promised, now) -> None:
    judgement = judged(a_model(lifecycle=now, order_id=str), a_model(lifecycle=promised, order_id=str))

    assert judgement.verdicts == ()


def test_a_weaker_mode_is_told_and_fails_nothing_by_itself() -> None:
    judgement = judged(a_model(mode=Mode.BACKWARD, order_id=str), ORDER)

    [verdict] = judgement.verdicts
    assert judgement.passes
    assert (verdict.rule, verdict.fails) == ("MODE_WEAKENED", False)


def test_a_weaker_mode_does_not_yet_cover_the_change_that_it_comes_with() -> None:
    at_once = judged(a_model(mode=Mode.NONE), ORDER)
    once_released = judged(a_model(mode=Mode.NONE), ORDER, a_model(mode=Mode.NONE, order_id=str))

    assert not at_once.passes
    assert once_released.passes


def test_a_stronger_mode_needs_no_words() -> None:
    assert judged(ORDER, a_model(mode=Mode.BACKWARD, order_id=str)).verdicts == ()


def test_a_document_that_the_rules_missed_shuts_the_gate_and_is_shown() -> None:
    blind = toy(findings=lambda **_: [], counterexample=lambda **_: {"order_id": "o-1"})

    judgement = judged(
        a_model(), ORDER, languages=(blind, toy("avro", findings=lambda **_: [], counterexample=lambda **_: None))
    )

    assert not judgement.passes
    assert {verdict.rule for verdict in judgement.verdicts} == {"RULES_DISPROVED"}
    assert '{"order_id": "o-1"}' in str(judgement.verdicts[0])


def test_a_break_without_a_witness_is_noted_and_fails_as_the_rules_say() -> None:
    unseen = toy(findings=toy_findings, counterexample=lambda **_: None)

    judgement = judged(a_model(), ORDER, languages=(unseen, LANGUAGES[1]))

    assert not judgement.passes
    assert [note for note in judgement.notes if "REQUIRED_PROPERTY_ADDED" in note]


def test_an_uncertain_finding_needs_no_witness() -> None:
    unsure = toy(
        findings=lambda **_: [Finding(path="order_id", rule="PATTERN_CHANGED", change="differs", certain=False)],
        counterexample=lambda **_: None,
    )

    judgement = judged(a_model(), ORDER, languages=(unsure, LANGUAGES[1]))

    assert judgement.notes == ()
