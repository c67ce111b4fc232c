"""What is taken at a glance is what would have been judged good, and the very same."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events.attributes import FITS, fits_extension
from events.envelope import CloudEvent, InvalidEvent, derived_id
from events.strict_json import MAX_DEPTH, MAX_VALUES, measured_json, refuse_excess, strict_json
from tests.unit.event_builders import usage

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(("1.0", "", "/partners/acme", "urn:a:b", "a b", "application/json", "2026-05-20T14:30:00Z")),
    st.sampled_from(("2026-02-30T00:00:00Z", "text/plain; a=b", "%zz", "x" * 200, "\x7f", "\ufffe", "caf\u00e9")),
)
VALUES = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.just([]), st.just({}))
NAMES = st.one_of(
    st.sampled_from(("specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema")),
    st.sampled_from(("data", "data_base64", "traceparent", "extensions", "Capital", "a" * 21, "")),
    st.text(max_size=4),
)
GOOD = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}


def judged(members: dict[str, Any]) -> CloudEvent | tuple[str, ...]:
    try:
        return CloudEvent._judged(members)
    except InvalidEvent as error:
        return tuple(map(str, error.problems))


@given(st.dictionaries(NAMES, VALUES, max_size=4), st.booleans())
@example({"subject": ""}, True)
@example({"extensions": "e"}, True)
@example({"data": None, "data_base64": "aGk="}, True)
def test_a_glance_sees_what_a_judge_would_find(others, on_a_good_one):
    members = (GOOD if on_a_good_one else {}) | others

    seen = CloudEvent._at_a_glance(members)

    if seen is not None:
        known = judged(members)
        assert isinstance(known, CloudEvent), known
        assert seen == known
        assert vars(seen) == vars(known)
        assert list(vars(seen)) == list(vars(known))
        assert seen.to_json() == known.to_json()
        assert seen.model_dump() == known.model_dump()


@pytest.mark.parametrize("name", GOOD)
def test_a_glance_never_takes_an_event_that_lacks_something(name):
    members = {key: value for key, value in GOOD.items() if key != name}

    assert CloudEvent._at_a_glance(members) is None
    assert CloudEvent._at_a_glance(members | {name: None}) is None


def test_a_usual_event_is_taken_at_a_glance():
    assert CloudEvent._at_a_glance(usage().to_dict()) == usage()


@pytest.mark.parametrize("name", FITS)
def test_nothing_but_text_fits_an_attribute_at_a_glance(name):
    if name != "data":
        assert not any(FITS[name](value) for value in (1, True, b"1.0", [], {}, None, ""))


def test_an_extension_fits_at_a_glance_when_it_is_a_plain_text():
    assert fits_extension("traceparent", "00-1")
    assert fits_extension("empty", "")
    assert not any(fits_extension("n", value) for value in (1, True, None, "\x00", "caf\u00e9"))
    assert not any(fits_extension(name, "v") for name in ("N", "a_b", "", "a" * 21))


def test_what_the_class_makes_of_attributes_is_what_a_glance_makes_of_them():
    attributes = {"id": "1", "source": "/s", "type": "t", "subject": None, "data": {"a": [1]}}

    assert CloudEvent.of(**attributes) == CloudEvent(**attributes)
    assert CloudEvent.of(**attributes, extensions={"n": 1}) == CloudEvent(**attributes, extensions={"n": 1})
    with pytest.raises(ValueError, match="id"):
        CloudEvent.of(**attributes | {"id": None})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=30,
)


@given(JSON)
def test_a_text_that_is_called_modest_keeps_to_the_limits(value):
    text = json.dumps(value)

    parsed, modest = measured_json(text)

    assert parsed == value
    if modest:
        refuse_excess(value, depth=MAX_DEPTH, values=MAX_VALUES)


def test_a_text_at_its_limit_is_not_called_modest_beyond_it():
    deep = "[" * MAX_DEPTH + "]" * MAX_DEPTH

    assert measured_json(deep)[1]
    assert not measured_json(f"[{deep}]")[1]
    assert not measured_json(json.dumps([0] * MAX_VALUES))[1]


@given(JSON)
def test_an_event_s_text_is_the_one_that_json_writes(value):
    event = usage(data={"value": value})

    assert event.to_json().endswith(f"{json.dumps({'value': value}, separators=(',', ':'), ensure_ascii=False)}}}")


@given(st.lists(st.text() | st.integers(), max_size=4))
def test_a_derived_id_is_that_of_the_parts_json(parts):
    assert derived_id(*parts) == sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()[:32]


@given(st.one_of(st.text(max_size=8), JSON.map(json.dumps), st.text(alphabet=' \n\t{}[]",:1a\\', max_size=12)))
@example("")
@example("[")
@example(" {}")
@example("{} ")
@example("{}{}")
@example("\ufeff{}")
def test_a_text_is_read_as_json_reads_it_or_refused_in_json_s_words(text):
    assert _outcome(strict_json, text) == _outcome(json.loads, text)


def _outcome(read, text):
    try:
        return repr(read(text))
    except json.JSONDecodeError as error:
        return str(error)
    except ValueError:  # stricter than json
        return repr(read) if read is json.loads else _outcome(json.loads, text)
