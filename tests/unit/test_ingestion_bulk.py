"""Files: streamed, in sections, and again and again to the same effect."""

from __future__ import annotations

import gzip
import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.envelope import CloudEvent, derived_id
from functions.ingestion import bulk
from functions.ingestion.domain import normalised
from functions.ingestion.ports import FileGone, FileRef, Progress
from runtime.errors import (
    DependencyUnavailable,
    InFlightElsewhere,
    OutOfTime,
    TransientError,
    Unfinished,
    UnreadableMessage,
)
from tests.unit.bulk_builders import Bulk, csv, news_of, row, rows
from tests.unit.ingestion_builders import NOW, contact, settled, usage


@pytest.fixture
def small_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "SECTION_LINES", 20)
    monkeypatch.setattr(bulk, "BATCH", 10)


def ndjson(*events: CloudEvent) -> bytes:
    return "".join(event.to_json() + "\n" for event in events).encode()


THREE_EVENTS = ndjson(*(usage(id=f"u-{n}", data=usage().data | {"quantity": 1}) for n in range(3)))


def test_every_row_of_a_file_is_an_event_and_the_result_counts_them() -> None:
    made = Bulk()
    body = rows(25)

    made.ingest(made.upload(body))

    assert made.totals == {"api_calls": 25}
    assert [len(call) for call in made.bus.calls] == [10, 10, 5]
    assert made.result() == {
        "file": "incoming/usage.csv",
        "etag": made.result()["etag"],
        "version": "v1",
        "complete": True,
        "accepted": 25,
        "rejected": 0,
        "lines": 26,
        "bytes": len(body),
        "reject_files": [],
    }


def test_cloudevents_in_a_file_become_what_they_become_over_http() -> None:
    made, events = Bulk(), [usage(), settled(id="p-1"), contact(id="c-1")]

    made.ingest(made.upload(ndjson(*events), "events.ndjson"))

    assert made.sent == [normalised(event, NOW).to_dict() for event in events]


def test_the_bad_lines_are_named_with_their_reasons_and_the_others_are_accepted() -> None:
    made = Bulk()

    made.ingest(made.upload(csv(row(1), row(2, "many"), "", "nonsense", row(3))))

    assert made.totals == {"api_calls": 2}
    assert (made.result()["accepted"], made.result()["rejected"], made.result()["complete"]) == (2, 2, True)
    number, nonsense = made.rejects()
    assert (number["line"], [p["field"] for p in number["problems"]], number["record"]) == (
        3,
        ["quantity"],
        row(2, "many"),
    )
    assert (nonsense["line"], nonsense["reason"]) == (5, "line: has 1 fields, the header names 6")


def test_a_line_that_is_too_long_is_rejected_and_the_next_is_accepted() -> None:
    made = Bulk()

    made.ingest(made.upload(csv("x" * 2_000_000, row(1))))

    (rejected,) = made.rejects()
    assert "longer than" in rejected["reason"]
    assert made.totals == {"api_calls": 1}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.csv", rows(3)),
        ("a.CSV", b"\xef\xbb\xbf" + rows(3).replace(b"\n", b"\r\n")),
        ("a.csv.gz", gzip.compress(rows(2), mtime=0) + gzip.compress(rows(3)[len(rows(2)) :], mtime=0)),
        ("a.jsonl", THREE_EVENTS),
        ("a.ndjson.gz", gzip.compress(THREE_EVENTS, mtime=0)),
    ],
)
def test_a_file_is_read_as_its_name_says(name: str, body: bytes) -> None:
    made = Bulk()

    made.ingest(made.upload(body, name))

    assert made.totals == {"api_calls": 3}
    assert made.result(name)["complete"]


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("usage.xlsx", b"PK", "file: its name must say what is in it"),
        ("usage.csv", b"id,quantity\n1,2\n", "header: must name the columns"),
        ("usage.csv.gz", b"source,id\n", "file: it is not gzip"),
        (
            "usage.csv.gz",
            gzip.compress(rows(3), compresslevel=0, mtime=0)[:-20],
            "file: the gzip stream ends too early",
        ),
    ],
)
def test_a_file_that_cannot_be_read_to_its_end_says_why(name: str, body: bytes, reason: str) -> None:
    made = Bulk()

    made.ingest(made.upload(body, name))

    assert not made.result(name)["complete"]
    assert made.rejects(name)[-1]["reason"].startswith(reason)


def test_an_empty_file_has_a_result() -> None:
    made = Bulk()

    made.ingest(made.upload(b""))

    assert (made.result()["complete"], made.result()["lines"]) == (True, 0)


@pytest.mark.parametrize("name", ["usage.csv", "usage.csv.gz"])
def test_the_work_goes_on_at_the_checkpoint_when_the_time_was_up(small_sections: None, name: str) -> None:
    made = Bulk(seconds=5)
    made.call = lambda: made.clock.sleep(1)  # type: ignore[method-assign]
    body = csv(*(row(n, "bad" if n % 30 == 0 else 1) for n in range(1, 101)))
    file = made.upload(gzip.compress(body) if name.endswith(".gz") else body, name)

    times = made.ingest_all(file)

    assert times > 2
    assert made.totals == {"api_calls": 97}
    assert Counter(event["id"] for event in made.sent).most_common(1)[0][1] <= 2
    assert (made.result(name)["accepted"], made.result(name)["bytes"]) == (97, len(body))
    assert [reject["line"] for reject in made.rejects(name)] == [31, 61, 91]


def test_no_section_is_begun_anew_that_was_done(small_sections: None) -> None:
    made = Bulk(seconds=4)
    made.call = lambda: made.clock.sleep(1)  # type: ignore[method-assign]
    file = made.upload(rows(100))

    with pytest.raises(Unfinished, match="done up to line 20"):
        made.ingest(file)
    made.bus.calls.clear()
    with pytest.raises(Unfinished):
        made.ingest(file)

    assert made.sent[0]["id"] == derived_id("metering", "u-20", "ingestion.usage.recorded", 0)


def test_a_try_is_lost_when_nothing_could_be_done(small_sections: None) -> None:
    made = Bulk(seconds=1)
    made.call = lambda: made.clock.sleep(1)  # type: ignore[method-assign]

    with pytest.raises(OutOfTime):
        made.ingest(made.upload(rows(100)))


def test_nothing_is_begun_when_the_time_is_up_in_the_middle_of_a_line_without_end() -> None:
    made = Bulk(seconds=5)
    file = made.upload(b"x" * 20_000_000)
    read = made.files.read

    def slowly(*where: object) -> bytes:
        made.clock.sleep(1)
        return read(*where)  # type: ignore[arg-type]

    made.files.read = slowly  # type: ignore[method-assign]

    with pytest.raises(OutOfTime):
        made.ingest(file)


def test_what_could_not_be_sent_for_now_is_sent_when_the_file_comes_again(small_sections: None) -> None:
    made = Bulk()
    file = made.upload(rows(50))
    made.bus.script = {derived_id("metering", "u-5", "ingestion.usage.recorded", 0): ["InternalFailure"] * 3}

    with pytest.raises(TransientError) as error:
        made.ingest(file)
    made.ingest(file)

    assert isinstance(error.value, DependencyUnavailable)
    assert made.totals == {"api_calls": 50}
    assert made.result()["accepted"] == 50


def test_an_outage_after_some_progress_costs_no_try(small_sections: None) -> None:
    made = Bulk()
    made.bus.script = {derived_id("metering", "u-45", "ingestion.usage.recorded", 0): ["ThrottlingException"] * 3}

    with pytest.raises(Unfinished, match="done up to line 40"):
        made.ingest(made.upload(rows(50)))


def test_lines_are_published_in_hundreds_and_large_ones_in_fewer() -> None:
    made = Bulk()

    made.ingest(made.upload(rows(250)))
    large = [usage(id=f"l-{n}", data=usage().data | {"note": "x" * 400_000}) for n in range(4)]
    made.ingest(made.upload(ndjson(*large), "large.ndjson"))

    assert [len(events) for events in made.published] == [100, 100, 50, 3, 1]


def test_a_line_that_the_bus_refuses_for_good_is_rejected() -> None:
    made = Bulk()
    made.bus.script = {derived_id("metering", "u-2", "ingestion.usage.recorded", 0): ["NotAuthorizedForSource"]}

    made.ingest(made.upload(rows(3)))

    assert [(r["line"], r["problems"][0]["field"]) for r in made.rejects()] == [(3, "event")]
    assert (made.result()["accepted"], made.result()["rejected"]) == (2, 1)


def test_news_that_come_twice_change_nothing() -> None:
    made = Bulk()
    file = made.upload(rows(3))
    made.ingest(file)

    again = made.ingest(file)

    assert again.duplicate
    assert len(made.sent) == 3


def test_a_file_that_is_uploaded_again_sends_the_same_events_again() -> None:
    made = Bulk()

    for _ in range(2):
        made.ingest(made.upload(rows(3)))

    assert made.sent[:3] == made.sent[3:]
    assert made.totals == {"api_calls": 3}


def test_of_two_invocations_on_one_file_one_gives_way(small_sections: None) -> None:
    made = Bulk()
    file = made.upload(rows(50))

    def the_other_one() -> None:
        made.call = lambda: None  # type: ignore[method-assign]
        Bulk(files=made.files, checkpoints=made.checkpoints, bus=made.bus).ingest(file)

    made.call = the_other_one  # type: ignore[method-assign]

    with pytest.raises(InFlightElsewhere):
        made.ingest(file)

    assert made.ingest(file).duplicate
    assert made.totals == {"api_calls": 50}
    assert made.result()["accepted"] == 50


def test_the_answers_are_there_before_the_file_counts_as_done() -> None:
    made = Bulk()
    file = made.upload(csv(row(1), "nonsense"))

    def away(*_: object) -> None:
        assert made.rejects()
        raise DependencyUnavailable("the table is away")

    save, made.checkpoints.save = made.checkpoints.save, away  # type: ignore[method-assign]
    with pytest.raises(DependencyUnavailable):
        made.ingest(file)
    before = dict(made.files.objects)
    made.checkpoints.save = save  # type: ignore[method-assign]
    made.ingest(file)

    assert made.files.objects == before


def test_a_file_that_was_deleted_is_a_dead_letter() -> None:
    made = Bulk()
    file = made.upload(rows(3))
    made.files.delete(file)

    with pytest.raises(FileGone):
        made.ingest(file)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"bucket": None}, "data.bucket"),
        ({"object": {"key": "results/a.csv", "etag": "e"}}, "data.object.key"),
        ({"object": {"key": "incoming/" + "a" * 900, "etag": "e"}}, "data.object.key"),
        ({"object": {"key": "incoming/" + "\u20ac" * 300, "etag": "e"}}, "data.object.key"),
        ({"object": {"key": "incoming/a.csv"}}, "data.object.etag"),
    ],
)
def test_news_of_anything_else_are_a_dead_letter(changes: dict[str, object], field: str) -> None:
    made = Bulk()

    with pytest.raises(UnreadableMessage) as error:
        made.ingestion.handle(news_of(made.upload(b""), **changes))

    assert [problem.field for problem in error.value.problems] == [field]


class Killed(BaseException):
    """As a process is: nothing sees it."""


@given(kills=st.lists(st.integers(1, 12), max_size=6), body=st.lists(st.booleans(), max_size=120))
def test_totals_and_answers_are_the_same_however_often_the_work_was_killed(kills: list[int], body: list[bool]) -> None:
    rows_ = [row(n, 1 if good else "bad") for n, good in enumerate(body)]
    whole, killed = Bulk(), Bulk()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "SECTION_LINES", 20)
        whole.ingest(whole.upload(csv(*rows_)))
        file = killed.upload(csv(*rows_))
        for kill in kills:
            _run_until(killed, file, kill)
        killed.ingest(file)

    assert killed.totals == whole.totals
    assert killed.files.objects == whole.files.objects


def _run_until(made: Bulk, file: FileRef, calls: int) -> None:
    left = iter(range(calls))

    def call() -> None:
        if next(left, None) is None:
            raise Killed

    made.call = call  # type: ignore[method-assign]
    try:
        made.ingest(file)
    except Killed:
        pass
    finally:
        made.call = lambda: None  # type: ignore[method-assign]


def test_progress_is_what_a_new_file_has_none_of() -> None:
    assert Bulk().checkpoints.find(FileRef(bucket="b", key="k", etag="e")) == Progress()


def test_reject_files_hold_one_json_object_a_line_however_strange_the_record() -> None:
    made = Bulk()

    made.ingest(made.upload(csv("\ufffe\u2028", "x" * 5_000) + b"\xff\xfe\x00\n"))

    for key in made.result()["reject_files"]:
        for line in made.files.objects[key].splitlines():
            assert set(json.loads(line)) == {"line", "reason", "problems", "record"}
            assert len(line) < 3_000
