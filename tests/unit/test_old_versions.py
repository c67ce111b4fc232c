"""Old versions are read as the newest: examples that were frozen when they were current, and laws for all others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.catalog import CATALOG, NEWEST, payload_of, readable_versions
from events.envelope import CloudEvent, InvalidEvent
from events.upcasting import DOWNCASTS, UPCASTS, downcast, upcast
from tests.unit.event_builders import members
from tests.unit.hostile_strategies import json_values, texts

STORED = Path(__file__).parent / "old_versions"
CONTACT = "customer.contact.updated"
KNOWN = frozenset({"customer_id", "name", "email", "webhook_url", "channels"})
OLD = sorted((type_, v) for type_ in NEWEST for v in readable_versions(type_) if v < NEWEST[type_].version)


def stored(type_: str, version: int) -> list[Path]:
    return sorted((STORED / type_ / f"v{version}").glob("*.json"))


EXAMPLES = [pytest.param(*key, path, id=f"{key[0]} v{key[1]} {path.stem}") for key in OLD for path in stored(*key)]

names = texts.filter(lambda name: name not in KNOWN)
unknown = st.dictionaries(names, json_values, max_size=4)
identifiers = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.:\-]{0,20}", fullmatch=True)
addresses = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(["ada@example.com", "grace+navy@example.org"]),
        "webhook_url": st.sampled_from(["https://hooks.example.com/in", "http://localhost:8080"]),
    },
)
people = st.fixed_dictionaries({"customer_id": identifiers, "name": st.sampled_from(["Ada", "Grace Hopper", "é"])})
contacts_1 = st.builds(lambda *parts: {k: v for part in parts for k, v in part.items()}, unknown, addresses, people)
channels = st.builds(lambda *parts: {k: v for part in parts for k, v in part.items()}, unknown, addresses)
contacts_2 = st.builds(lambda *parts: {k: v for part in parts for k, v in part.items()}, unknown, people).flatmap(
    lambda data: channels.map(lambda ways: data | {"channels": ways})
)


def leaves(value: Any) -> list[str]:
    """Every value that is no container, as text."""
    if isinstance(value, dict | list):
        return [leaf for child in (value.values() if isinstance(value, dict) else value) for leaf in leaves(child)]
    return [json.dumps(value)]


def contact(data: Any, version: int = 1) -> CloudEvent:
    return CloudEvent.parse(members(type=CONTACT, data=data, dataschema=f"urn:breakwater:schema:{CONTACT}:v{version}"))


def test_there_is_an_old_version_to_test() -> None:
    assert OLD


@pytest.mark.parametrize(("type_", "version"), OLD)
def test_every_old_version_that_is_read_has_an_upcaster_and_stored_examples(type_: str, version: int) -> None:
    assert (type_, version) in UPCASTS
    assert {"least", "full", "unknown-fields"} <= {path.stem for path in stored(type_, version)}


@pytest.mark.parametrize(("type_", "version"), sorted({*UPCASTS, *DOWNCASTS}))
def test_every_cast_is_between_versions_that_the_catalog_has(type_: str, version: int) -> None:
    assert {(type_, version), (type_, version + 1)} <= CATALOG.keys()


@pytest.mark.parametrize(("type_", "version", "path"), EXAMPLES)
def test_a_stored_example_is_read_as_it_was_then(type_: str, version: int, path: Path) -> None:
    example = json.loads(path.read_text())
    event = CloudEvent.parse(example["event"])

    data = CATALOG[type_, version].model_validate(event.data).to_data()

    assert UPCASTS[type_, version](data) == example["next"]
    assert CATALOG[type_, version + 1].model_validate(example["next"]).to_data() == example["next"]
    assert type(payload_of(event)) is NEWEST[type_]


@pytest.mark.parametrize(("type_", "version", "path"), EXAMPLES)
def test_a_cast_leaves_what_it_is_given_as_it_was(type_: str, version: int, path: Path) -> None:
    example = path.read_text()
    before, after = json.loads(example)["event"]["data"], json.loads(example)["next"]

    UPCASTS[type_, version](before)
    DOWNCASTS[type_, version](after)

    assert (before, after) == (json.loads(example)["event"]["data"], json.loads(example)["next"])


@given(contacts_1 | contacts_1.flatmap(lambda data: json_values.map(lambda value: data | {"channels": value})))
def test_every_contact_of_version_1_is_one_of_version_2_that_holds_all_of_it(data: dict[str, Any]) -> None:
    payload = payload_of(contact(data))

    assert type(payload) is NEWEST[CONTACT]
    assert sorted(leaves(payload.to_data())) == sorted(leaves(data))


@given(contacts_1)
def test_version_1_is_the_same_again_when_it_comes_back_from_version_2(data: dict[str, Any]) -> None:
    assert downcast(upcast(data, CONTACT, 1, 2), CONTACT, 2, 1) == data


@given(contacts_2)
def test_version_2_is_the_same_again_when_it_comes_back_from_version_1(data: dict[str, Any]) -> None:
    """So that it is all the same which of one event's versions a reader applies first."""
    old = downcast(data, CONTACT, 2, 1)

    assert payload_of(contact(old)).to_data() == data
    assert CATALOG[CONTACT, 1].model_validate(old).to_data() == old


@given(contacts_2, json_values, st.sampled_from(["email", "webhook_url"]))
def test_a_field_of_version_2_does_not_become_an_address_of_version_1(
    data: dict[str, Any], value: Any, name: str
) -> None:
    old = downcast(data | {name: value}, CONTACT, 2, 1)

    assert old[f"{name}_of_v2"] == value
    assert old.get(name) == data["channels"].get(name)


def test_data_that_does_not_fit_is_named_in_the_words_of_its_own_version() -> None:
    bad = {"customer_id": "cus_1", "name": "Ada", "email": "nobody"}

    with pytest.raises(InvalidEvent) as old:
        payload_of(contact(bad))
    with pytest.raises(InvalidEvent) as new:
        payload_of(contact({"customer_id": "cus_1", "name": "Ada", "channels": {"email": "nobody"}}, version=2))

    assert [p.field for p in old.value.problems] == ["data.email"]
    assert [p.field for p in new.value.problems] == ["data.channels.email"]


@pytest.mark.parametrize("left", [None, "x", 7, [], {"email": "a@b.example"}, {"webhook_url": 7, "sms": "+49"}])
def test_channels_that_version_1_had_of_its_own_are_kept_aside(left: Any) -> None:
    data = {"customer_id": "cus_1", "name": "Ada", "email": "ada@example.com", "channels": left, "channels_of_v1": 1}

    found = payload_of(contact(data)).to_data()

    assert found == {
        "customer_id": "cus_1",
        "name": "Ada",
        "channels": {"email": "ada@example.com"},
        "channels_of_v1": 1,
        "channels_of_v1_of_v1": left,
    }
