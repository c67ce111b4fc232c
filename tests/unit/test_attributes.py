"""Items' values: as boto3 would pack and unpack them."""

from __future__ import annotations

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.adapters.attributes import packed, unpacked

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_a_value_is_packed_and_unpacked_as_boto3_does_it(value: object) -> None:
    attribute = packed(value)

    assert attribute == TypeSerializer().serialize(value)
    assert unpacked(attribute) == TypeDeserializer().deserialize(attribute) == value


@pytest.mark.parametrize("value", [1.5, b"bytes", {"a set"}])
def test_what_no_item_of_ours_holds_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="nothing that an item may hold"):
        packed(value)
