"""Bulk files: whatever the bytes are, each line is an event, a header or a refusal, and reading can go on anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from events.envelope import InvalidEvent
from functions.ingestion.readers import KEPT_BYTES, MAX_LINE_BYTES, Broken, Line, gunzipped, lines
from functions.ingestion.records import CsvRecords, NdjsonRecords, NoHeader, Records
from tests.fuzz.contract import holds_for, holds_for_refusal

_ENOUGH = 65_536


def fuzz_bulk_lines(data: bytes) -> None:
    """The bytes as a file of each kind."""
    for text in (data, _inflated(data)):
        read = list(lines([text]))
        _numbers_and_places_are_right(read, text)
        _no_cut_makes_a_difference(read, text)
        for records in (NdjsonRecords(), CsvRecords()):
            _every_line_is_judged(read, records)


def _inflated(data: bytes) -> bytes:
    """What of the bytes is gzip, up to where it is none; of a bomb, the beginning."""
    pieces: list[bytes] = []
    with suppress(Broken):
        pieces.extend(islice(gunzipped(_chunks(data)), 4))
    return b"".join(pieces)[:_ENOUGH]


def _numbers_and_places_are_right(read: list[Line], text: bytes) -> None:
    assert [line.number for line in read] == list(range(1, len(read) + 1))
    assert (read[-1].end if read else 0) == len(text)
    assert all(len(line.text) <= (KEPT_BYTES if line.problem else MAX_LINE_BYTES) for line in read)


def _no_cut_makes_a_difference(read: list[Line], text: bytes) -> None:
    """Not where the stream is cut into chunks, and not where somebody stopped and another goes on."""
    assert list(lines(_chunks(text))) == read
    for line in read[:: max(1, len(read) // 4)]:
        rest = lines([text[line.end :]], number=line.number, offset=line.end)
        assert list(rest) == read[line.number :]


def _every_line_is_judged(read: list[Line], records: Records) -> None:
    for line in read:
        try:
            event = records.event(line.text)
        except NoHeader:
            return
        except InvalidEvent as error:
            holds_for_refusal(error)
        else:
            if event is not None:
                holds_for(event)


def _chunks(data: bytes) -> Iterator[bytes]:
    """Some dozens, which end anywhere."""
    size = len(data) // 40 + 1
    return (data[start : start + size] for start in range(0, len(data), size))
