"""Hypothesis strategies: every event that there can be, and what is none."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from events.envelope import CloudEvent

_NONCHARACTERS = [chr(c) for c in (*range(0xFDD0, 0xFDF0), 0xFFFE, 0xFFFF)]
_ATTRIBUTE_CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=_NONCHARACTERS)
_RESERVED = frozenset(CloudEvent.model_fields)

attribute_texts = st.text(_ATTRIBUTE_CHARACTERS, min_size=1)
texts = st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.integers(min_value=-(10**300), max_value=10**300) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)
_segments = st.text("abcXYZ012-._~!$&'()*+,;=@", min_size=1) | st.just("%C3%A9")
paths = st.lists(_segments, min_size=1, max_size=3).map("/".join)
uris = st.builds("{}:{}".format, st.sampled_from(["urn", "https", "a+b.c-d"]), paths)
uri_references = uris | paths | st.builds("/{}?{}#{}".format, paths, paths, paths) | st.builds("//h:1/{}".format, paths)
media_types = st.sampled_from(["application/json", "text/plain; charset=utf-8", "image/png", "a/b+json", 'x/y;z="a b"'])
_offsets = st.integers(min_value=-23 * 60, max_value=23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001 - Hypothesis adds the time zone
    max_value=datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=_offsets,
).map(datetime.isoformat)
extensions = st.dictionaries(
    st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True).filter(lambda name: name not in _RESERVED),
    st.booleans() | st.integers(min_value=-(2**31), max_value=2**31 - 1) | attribute_texts,
    max_size=4,
)
contents = st.fixed_dictionaries({}, optional={"data": json_values}) | st.fixed_dictionaries(
    {"data_base64": st.binary().map(lambda data: base64.b64encode(data).decode())}
)


@st.composite
def event_members(draw: st.DrawFn) -> dict[str, Any]:
    """The members of a valid event, in the JSON event format."""
    required = st.fixed_dictionaries(
        {"specversion": st.just("1.0"), "id": attribute_texts, "source": uri_references, "type": attribute_texts},
        optional={"time": times, "subject": attribute_texts, "datacontenttype": media_types, "dataschema": uris},
    )
    return draw(extensions) | draw(required) | draw(contents)


#: By attribute, values that it cannot have.
BAD_ATTRIBUTES = {
    "specversion": st.sampled_from(["0.3", "1", "", "1.0 ", 1.0, True]),
    "id": st.sampled_from(["", "\x00", "a\nb", "\ufffe", "\ud800", 7, [], {}]),
    "source": st.sampled_from(["", "two words", "%zz", "1a:b", "[", "é", "\n", 7]),
    "type": st.sampled_from(["", "\x7f", "\x85", "\ufdd0", 7]),
    "time": st.sampled_from(
        ["", "now", "2026-05-20", "2026-05-20T14:30:00", "2026-02-30T00:00:00Z", "\uff12026-05-20T00:00:00Z"]
    ),
    "subject": st.sampled_from(["", "\x1f", 7]),
    "datacontenttype": st.sampled_from(["", "json", "a/b;", "a/b;c", 'a/b;c="\n"', "é/b", "a/b\n", 7]),
    "dataschema": st.sampled_from(["", "relative/path", ":", "a b:c", 7]),
    "data_base64": st.sampled_from(["=", "A", "é", "AA=A", "QQ==QQ==", 7]),
    "tenant": st.sampled_from(["\x00", "\uffff", 2**31, -(2**31) - 1, 1.5, [], {}]),
}
