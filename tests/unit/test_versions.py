"""One event in several versions: what is read, what is refused, what is let pass, and what a producer sends."""

from __future__ import annotations

import pytest

from contracts.compatibility.verdict import Mode
from events.catalog import CATALOG, NEWEST, payload_of
from events.envelope import CloudEvent, InvalidEvent
from events.twins import in_versions
from events.versions import Active, OlderVersionTravels, UnknownEvent, version_of
from tests.unit.event_builders import paid, usage
from tests.unit.version_builders import DEPRECATED, RETIRED, TYPE, history, install, made_up


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, history(RETIRED, DEPRECATED, Active()))


@pytest.fixture
def four(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, history(DEPRECATED, RETIRED, DEPRECATED, Active()))


def refusal(event) -> UnknownEvent:
    with pytest.raises(UnknownEvent) as caught:
        payload_of(event)
    return caught.value


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize("version", [1, 3, 4])
def test_every_version_that_is_not_retired_is_read_as_the_newest(version: int) -> None:
    assert payload_of(made_up(version)).to_data() == {"size_4": 5, "more": [1]}


@pytest.mark.usefixtures("three")
def test_data_that_does_not_fit_its_version_is_named_in_that_version_s_words() -> None:
    with pytest.raises(InvalidEvent, match=r"^data\.size_2: "):
        payload_of(made_up(2, data={"size_3": 5}))


@pytest.mark.usefixtures("three")
def test_a_retired_version_is_refused_with_the_day_and_the_version_to_send() -> None:
    error = refusal(made_up(1))

    assert str(error) == "dataschema: made.up v1 was retired on 2026-02-03: send v3"
    assert not isinstance(error, OlderVersionTravels)


@pytest.mark.usefixtures("three")
def test_an_unknown_version_says_which_are_read() -> None:
    assert str(refusal(made_up(4))) == "dataschema: made.up v4 is unknown: known: v2, v3"


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("older", ["2", "3", 3, "1,2", "7,2,1"])
def test_a_newer_version_is_left_to_an_older_one_that_is_read_and_travels_too(older: object) -> None:
    assert isinstance(refusal(made_up(4, olderversions=older)), OlderVersionTravels)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("older", ["1", "4", "", "0", "02", "2;3", "v2", True, "9" * 5000])
def test_a_newer_version_is_left_to_nobody_when_no_version_that_is_read_travels(older: object) -> None:
    assert not isinstance(refusal(made_up(4, olderversions=older)), OlderVersionTravels)


def test_no_version_that_is_older_than_the_newest_is_let_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else two readers might each leave the event to the other."""
    made = history(DEPRECATED, DEPRECATED, Active())
    del made.catalog[TYPE, 2]
    install(monkeypatch, made)

    assert not isinstance(refusal(made_up(2, olderversions="1")), OlderVersionTravels)


@pytest.mark.usefixtures("three")
def test_a_version_that_is_read_is_read_whatever_else_travels() -> None:
    assert payload_of(made_up(3, olderversions="2")).to_data() == {"size_3": 5, "more": [1]}


def test_a_version_with_more_digits_than_anybody_can_hold_is_unknown() -> None:
    with pytest.raises(UnknownEvent, match="more than 9 digits"):
        version_of(usage(dataschema="urn:breakwater:schema:partner.usage.reported:v" + "9" * 5000))


@pytest.mark.usefixtures("four")
def test_a_producer_sends_the_newest_first_and_each_names_the_older_ones() -> None:
    newest = made_up(4, traceparent="00-a-b-01")

    events = in_versions(newest)

    assert [version_of(event) for event in events] == [4, 3, 1]
    assert [event.extensions.get("olderversions") for event in events] == ["1,3", "1", None]
    assert [event.data for event in events] == [{f"size_{n}": 5, "more": [1]} for n in (4, 3, 1)]
    assert [payload_of(event) for event in events] == [payload_of(newest)] * 3


@pytest.mark.usefixtures("four")
def test_an_event_in_several_versions_is_one_event() -> None:
    newest = made_up(4, time="2026-05-20T14:30:00Z", subject="s", traceparent="00-a-b-01")

    kept = [
        {k: v for k, v in event.to_dict().items() if k not in ("data", "dataschema", "olderversions")}
        for event in in_versions(newest)
    ]

    assert kept == [kept[0]] * 3
    assert {event.identity for event in in_versions(newest)} == {newest.identity}


def test_an_event_of_a_type_with_one_version_goes_alone_and_as_it_is() -> None:
    assert in_versions(paid()) == (paid(),)


@pytest.mark.usefixtures("three")
def test_a_producer_starts_from_the_newest_version() -> None:
    with pytest.raises(ValueError, match="give it in v3"):
        in_versions(made_up(2))


@pytest.mark.usefixtures("three")
def test_a_producer_sends_no_version_of_data_that_does_not_fit() -> None:
    with pytest.raises(InvalidEvent, match=r"data\.size_3"):
        in_versions(made_up(3, data={}))


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize(
    ("known", "fates"),
    [
        ([DEPRECATED], ["let pass", "let pass", "applied"]),
        ([DEPRECATED, Active()], ["let pass", "let pass", "applied"]),
        ([DEPRECATED, RETIRED, Active()], ["let pass", "applied", "applied"]),
        ([DEPRECATED, RETIRED, DEPRECATED, Active()], ["applied", "applied", "applied"]),
    ],
)
def test_whatever_a_reader_knows_it_applies_the_event_and_refuses_none_of_its_versions(
    known: list, fates: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    events = in_versions(made_up(4))
    install(monkeypatch, history(*known))

    assert [fate(event) for event in events] == fates


def fate(event: CloudEvent) -> str:
    try:
        payload_of(event)
    except OlderVersionTravels:
        return "let pass"
    return "applied"


def test_the_newest_version_has_the_plain_name_and_an_older_one_its_number() -> None:
    for (type_, version), model in CATALOG.items():
        plain = NEWEST[type_].__name__
        assert model.__name__ == (plain if model is NEWEST[type_] else f"{plain}V{version}")


def test_every_version_says_how_its_releases_are_held_to_each_other() -> None:
    assert all(model.compatibility in Mode for model in CATALOG.values())
