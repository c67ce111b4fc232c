"""Work in the background, what was shown before it, and the watch that tells of it all."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.deployed import CannotAsk
from contracts.lines import Line
from local.embedded.polling import wait_until
from ops.console.depths import Depth, Depths
from ops.console.feed import Feed, News
from ops.console.flow import Filter
from ops.console.jobs import Job, Jobs, Progress, Tell, Work
from ops.console.shown import Shown
from ops.console.sse import message, with_heartbeat
from ops.target import Target
from tests.unit.console_builders import line

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def jobs() -> Jobs:
    numbers = iter(range(1000))
    return Jobs(new_id=lambda: str(next(numbers)), now=lambda: NOON)


def over(work: Work) -> Job:
    job = jobs().start("Something", work, back="/")
    job.join(10)
    return job


def test_a_job_ends_as_its_work_says() -> None:
    def work(tell: Tell) -> Progress:
        tell(Progress(sentence="half", done=1, planned=2))
        return Progress(standing="done", sentence="all", done=2, planned=2)

    assert over(work).progress == Progress(standing="done", sentence="all", done=2, planned=2)


@pytest.mark.parametrize("error", [CannotAsk("SQS is down"), ValueError("a defect")])
def test_a_job_that_fails_says_why_and_how_far_it_was(error: Exception) -> None:
    def work(tell: Tell) -> Progress:
        tell(Progress(done=1, planned=2))
        raise error

    progress = over(work).progress

    assert (progress.standing, progress.done) == ("failed", 1)
    assert str(error) in progress.sentence


def test_a_job_that_is_stopped_lets_go_of_what_it_holds() -> None:
    going, let_go = threading.Event(), threading.Event()

    def work(tell: Tell) -> Progress:
        try:
            while True:
                tell(Progress(sentence="going"))
                going.set()
        finally:
            let_go.set()

    found = jobs()
    job = found.start("Endless", work, back="/")
    assert going.wait(10)
    found.end_all()

    assert let_go.is_set()
    assert job.progress.standing == "stopped"


def test_a_job_s_news_end_with_its_end() -> None:
    job = over(lambda _: Progress(standing="done", sentence="all"))

    async def heard() -> list[Progress]:
        return [progress async for progress in job.news()]

    assert [progress.standing for progress in asyncio.run(heard())] == ["done"]


def test_what_was_shown_can_be_agreed_to_once() -> None:
    shown = Shown(new_id=lambda: "key")

    key = shown.keep([])

    assert shown.of(key) == ()
    assert shown.of(key) is None
    assert shown.of("another") is None


def test_a_message_with_many_lines_is_one_event() -> None:
    assert message("rows", "a\r\nb\n") == "event: rows\ndata: a\ndata: b\ndata: \n\n"


def test_a_silent_stream_says_now_and_then_that_it_is_there() -> None:
    async def slow() -> AsyncGenerator[str, None]:
        await asyncio.sleep(0.05)
        yield "at last"

    async def heard() -> list[str]:
        return [text async for text in with_heartbeat(slow(), seconds=0.01)]

    first, *later, last = asyncio.run(heard())
    assert first.startswith(":")
    assert later
    assert all(text.startswith(":") for text in later)
    assert last == "at last"


class Stage:
    """What a feed asks."""

    def __init__(self) -> None:
        self.asked = 0
        self.lines: list[list[Line]] = []
        self.error: Exception | None = None

    def tail(self) -> Sequence[Line]:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.lines.pop(0) if self.lines else []

    def depths(self) -> Depths:
        return Depths(queues={"billing": Depth()}, dead={"billing": Depth(waiting=2)})


def feed(stage: Stage) -> Feed:
    return Feed(
        Target.named("dev"), tail=stage.tail, depths=stage.depths, elapsed=lambda: 0.0, now_ms=lambda: 1_000_000
    )


def test_a_feed_that_nobody_listens_to_asks_nothing_by_itself() -> None:
    stage = Stage()
    idle = feed(stage)

    idle.start()
    idle.stop()

    assert stage.asked == 0


def test_a_page_is_told_what_is_known_and_what_is_new_until_the_feed_stops() -> None:
    """A line may be told twice, when it comes just as the page does: a page knows them apart."""
    stage = Stage()
    stage.lines = [[line(event_id="e-1")], [line(event_id="e-2")]]
    watching = feed(stage)
    told: list[News] = []

    def seen() -> list[str]:
        return list(dict.fromkeys(each.event_id for news in told for each in news.lines))

    async def listen() -> None:
        async for news in watching.news():
            told.append(news)
            if len(seen()) == 2:
                await asyncio.to_thread(watching.stop)

    watching.now()
    watching.start()
    asyncio.run(listen())

    assert seen() == ["e-1", "e-2"]
    assert [news.first for news in told][:1] == [True]
    assert told[0].state.health.details == ("2 dead letters wait in billing.",)
    assert [each.event_id for each in watching.latest(Filter(), 10)] == ["e-2", "e-1"]


@pytest.mark.parametrize("error", [CannotAsk("no credentials"), RuntimeError("a defect")])
def test_a_stage_that_does_not_answer_is_told_so_and_asked_again(error: Exception) -> None:
    stage = Stage()
    stage.error = error
    watching = feed(stage)

    ill = watching.now().health

    assert (ill.level, ill.sentence) == ("bad", "The stage does not answer.")
    assert str(error) in ill.details[0]


def test_a_watch_outlives_a_round_that_failed() -> None:
    stage: Any = Stage()
    stage.error = RuntimeError("a defect")
    watching = feed(stage)

    async def listen() -> None:
        async for each in watching.news():
            if each.state.health.sentence == "The stage does not answer.":
                stage.error = None
            else:
                break

    watching.start()
    asyncio.run(listen())
    watching.stop()

    wait_until(lambda: stage.asked >= 2, what="it asked again", timeout=10)
