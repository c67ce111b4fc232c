"""Lines out of any bytes, however they are cut into chunks."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.ingestion.readers import (
    KEPT_BYTES,
    MAX_LINE_BYTES,
    Broken,
    Line,
    bounded,
    gunzipped,
    lines,
    skipped,
)


def chunks_of(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def texts(data: bytes, size: int = 5) -> list[bytes]:
    return [line.text for line in lines(chunks_of(data, size))]


def test_a_line_has_its_number_and_the_place_where_the_next_begins() -> None:
    assert list(lines([b"one\ntw", b"o\n\nthree"])) == [
        Line(1, 4, b"one"),
        Line(2, 8, b"two"),
        Line(3, 9, b""),
        Line(4, 14, b"three"),
    ]


def test_line_ends_of_windows_byte_order_marks_and_lines_of_blanks_are_no_text() -> None:
    assert texts(b"\xef\xbb\xbfone\r\n \t \r\ntwo\r\n") == [b"one", b"", b"two"]


def test_a_byte_order_mark_counts_at_the_start_of_the_file_only() -> None:
    assert texts(b"one\n\xef\xbb\xbftwo") == [b"one", b"\xef\xbb\xbftwo"]


@given(st.lists(st.sampled_from([b"", b"a", b"bb", b"\r", b"caf\xc3\xa9"])), st.integers(1, 7))
def test_lines_are_the_same_however_the_file_is_cut(parts: list[bytes], size: int) -> None:
    data = b"\n".join(parts)

    assert list(lines(chunks_of(data, size))) == list(lines([data]))


@given(st.binary(max_size=60).map(lambda b: b.replace(b"\xef", b"\n")), st.integers(1, 9))
def test_reading_on_at_a_line_s_end_gives_the_lines_that_follow(data: bytes, size: int) -> None:
    all_lines = list(lines([data]))

    for place, line in enumerate(all_lines):
        rest = skipped(chunks_of(data, size), line.end)
        assert list(lines(rest, number=line.number, offset=line.end)) == all_lines[place + 1 :]


def test_a_line_that_is_too_long_is_named_and_cut_and_the_next_one_is_read() -> None:
    data = b"x" * (MAX_LINE_BYTES + 1) + b"\nnext\n"

    long, following = lines(chunks_of(data, 65_536))

    assert (long.number, long.text) == (1, b"x" * KEPT_BYTES)
    assert "longer than 1000000 bytes" in long.problem
    assert following == Line(2, len(data), b"next")


def test_a_line_of_just_the_most_bytes_is_read() -> None:
    (line,) = lines([b"x" * MAX_LINE_BYTES + b"\n"])

    assert (len(line.text), line.problem) == (MAX_LINE_BYTES, "")


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_gzip_is_read_with_all_its_members_and_without_its_padding(size: int) -> None:
    packed = gzip.compress(b"one\n") + gzip.compress(b"") + gzip.compress(b"two\n" * 1000) + b"\0" * 100

    assert b"".join(gunzipped(chunks_of(packed, size))) == b"one\n" + b"two\n" * 1000


def test_what_was_there_before_the_gzip_stream_ended_is_read_and_the_end_is_told() -> None:
    packed = gzip.compress(b"one\ntwo\nthree", compresslevel=0)[:-10]

    *before, last = lines(gunzipped([packed]))

    assert [line.text for line in before] == [b"one", b"two"]
    assert (last.number, last.last) == (3, True)
    assert "ends too early" in last.problem


@pytest.mark.parametrize("data", [b"source,id\n", b"\x1f\x8b\x08\x00rubbish", b"\x1f\x8b\xff"])
def test_what_is_no_gzip_says_so(data: bytes) -> None:
    (only,) = lines(gunzipped([data]))

    assert only.last
    assert "gzip" in only.problem


def test_a_damaged_gzip_stream_says_so() -> None:
    packed = bytearray(gzip.compress(bytes(range(256)) * 50))
    packed[-6] ^= 0xFF  # its checksum

    *_, last = lines(gunzipped([bytes(packed)]))

    assert "incorrect data check" in last.problem


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_no_bytes_are_too_strange(chunks: list[bytes]) -> None:
    for stream in (chunks, gunzipped(chunks), bounded(gunzipped([b"\x1f\x8b\x08\0", *chunks]), 10)):
        assert all(isinstance(line, Line) for line in lines(stream))


def test_a_file_over_the_limit_is_read_up_to_it_however_it_is_cut() -> None:
    for size in (1, 2, 3, 100):
        stream = bounded(chunks_of(b"one\ntwo\nthree\n", size), 9)

        *read, last = lines(stream)

        assert [line.text for line in read] == [b"one", b"two"]
        assert "longer than" in last.problem


def test_a_file_of_just_the_limit_is_whole() -> None:
    assert b"".join(bounded([b"12", b"345"], 5)) == b"12345"
    with pytest.raises(Broken):
        list(bounded([b"12", b"345"], 4))


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(gzip.compress(b"\0" * 200_000_000, compresslevel=1), id="one line of 200 MB in 1 MB"),
        pytest.param(gzip.compress(b"") * 50_000, id="50,000 members with nothing in them"),
    ],
)
def test_a_gzip_bomb_takes_no_more_memory_than_a_line_and_a_chunk(bomb: bytes) -> None:
    tracemalloc.start()
    try:
        problems = [line.problem for line in lines(bounded(gunzipped([bomb]), 100_000_000))]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert all("longer than" in problem for problem in problems)
    assert most < 6 * MAX_LINE_BYTES
