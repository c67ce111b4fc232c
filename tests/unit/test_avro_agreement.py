from __future__ import annotations

import pytest

from tests.unit.avro_agreement import KNOWN, Known, explanation, reading, survey


def test_the_rules_and_fastavro_agree_on_random_evolutions_or_it_is_known_why() -> None:
    tally, unexplained = survey(seed=2, count=2_000)

    assert unexplained == []
    assert tally["agree: fits"] > 1_000
    assert tally["agree: does not fit"] > 2_000


@pytest.mark.parametrize(("name", "known"), KNOWN.items(), ids=KNOWN.keys())
def test_where_fastavro_does_otherwise_the_smallest_schemas_show_it(name: str, known: Known) -> None:
    read = reading(writer=known.writer, reader=known.reader)

    assert not read.agrees
    assert ("reads" if read.found is None else "refuses") == known.fastavro
    assert explanation(read) == name
