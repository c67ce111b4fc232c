"""Looking at dead letters by the real calls: nothing is lost, nothing is kept from others, everything is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from contracts.deployed import CannotAsk
from ops.letters.box import Box
from ops.letters.grouping import grouped
from ops.letters.looking import looking
from ops.letters.places import places
from ops.letters.selection import Selection
from ops.target import Target
from ops.wrong_use import WrongUse
from runtime.clock import SystemClock
from runtime.errors import DependencyUnavailable
from tests.contract.letters_stage import StageOfLetters, messages, payments
from tests.unit.runtime_fakes import FakeClock


@pytest.fixture
def stage() -> Iterator[StageOfLetters]:
    with mock_aws():
        yield StageOfLetters()


def test_every_letter_is_seen_once_and_given_back_at_once(stage: StageOfLetters) -> None:
    for event in payments(23):
        stage.bury(event)

    look = stage.desk().look()

    assert sorted(letter.subject.id for letter in look.letters) == [event.id for event in payments(23)]
    assert stage.free("notification-dlq") == 23
    assert not look.elsewhere


def test_many_letters_are_seen_by_several_hands_at_once(stage: StageOfLetters) -> None:
    for event in payments(130):
        stage.bury(event)

    assert len(stage.desk().look().letters) == 130
    assert stage.free("notification-dlq") == 130


def test_a_message_that_sqs_hands_out_twice_is_one_letter(stage: StageOfLetters) -> None:
    for event in payments(12):
        stage.bury(event)
    desk = stage.desk()
    sqs = Forgetful(desk.target.client("sqs"))
    desk.target.clients["sqs"] = sqs

    look = desk.look()

    assert sqs.repeated > 0
    assert sorted(letter.subject.id for letter in look.letters) == [event.id for event in payments(12)]
    assert stage.free("notification-dlq") == 12


def test_an_empty_answer_is_asked_again_while_the_queue_says_that_there_is_more(stage: StageOfLetters) -> None:
    for event in payments(3):
        stage.bury(event)
    desk = stage.desk()
    desk.target.clients["sqs"] = Shy(desk.target.client("sqs"))

    assert len(desk.look().letters) == 3


def test_what_others_hold_is_counted_and_not_waited_for_for_ever(stage: StageOfLetters) -> None:
    for event in payments(5):
        stage.bury(event)
    queue = stage.places["notification-dlq"].queue
    stage.sqs.receive_message(QueueUrl=stage.url(queue), MaxNumberOfMessages=2, VisibilityTimeout=60)

    look = stage.desk().look()

    assert len(look.letters) == 3
    assert look.elsewhere == {"notification-dlq": 2}


def test_letters_are_given_back_when_looking_is_interrupted(stage: StageOfLetters) -> None:
    for event in payments(15):
        stage.bury(event)
    desk = stage.desk()
    desk.target.clients["sqs"] = Interrupted(desk.target.client("sqs"))

    with pytest.raises(KeyboardInterrupt):
        desk.look(Selection(places=("notification-dlq",)))

    assert stage.free("notification-dlq") == 15


def test_two_that_look_at_the_same_time_both_see_everything(stage: StageOfLetters) -> None:
    for event in payments(40):
        stage.bury(event)
    looks: dict[str, int] = {}

    def see(user: str) -> None:
        looks[user] = len(stage.desk(user=user, clock=SystemClock(), patience=60).look().letters)

    threads = [threading.Thread(target=see, args=(user,)) for user in ("ada", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert looks == {"ada": 40, "bob": 40}
    assert stage.free("notification-dlq") == 40


def test_groups_are_by_what_went_wrong_and_the_largest_is_first(stage: StageOfLetters) -> None:
    for event in payments(5):
        stage.bury(event)
    for event in payments(2, start=50):
        stage.bury(event, error=DependencyUnavailable(f"SES: 503 for {event.id}"))
    stage.bury(payments(1)[0], "billing-dlq")

    groups = grouped(stage.desk().look().letters)

    assert [(g.count, g.example.place.owner, g.example.reason) for g in groups] == [
        (5, "notification", "business_rule"),
        (2, "notification", "dependency_unavailable"),
        (1, "billing", "business_rule"),
    ]
    assert groups[0].error == "invoice <value> is void"


def test_a_letter_that_is_named_by_its_event_is_found_and_one_that_is_not_there_is_explained(
    stage: StageOfLetters,
) -> None:
    stage.bury(payments(1)[0])

    assert stage.desk().letter("evt-0000").subject.id == "evt-0000"
    with pytest.raises(WrongUse, match="no letter goes by evt-9999"):
        stage.desk().letter("evt-9999")


def test_a_stage_that_is_not_deployed_says_so() -> None:
    with mock_aws():
        boxes = [Box(Target.named("prod").client("sqs"), places(Target.named("prod"))[0])]

        with pytest.raises(CannotAsk, match="Is the stage deployed there"), looking(boxes, clock=FakeClock()):
            pass


class Around:
    """A client that answers as the one inside, but for what a subclass says."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Forgetful(Around):
    """Hands out what it has just handed out, once a queue: as SQS may."""

    def __init__(self, inner: Any) -> None:
        super().__init__(inner)
        self.repeated = 0

    def receive_message(self, **request: Any) -> Any:
        answer = self._inner.receive_message(**request)
        if answer.get("Messages") and not self.repeated:
            self.repeated = len(answer["Messages"])
            for message in messages(request["QueueUrl"].rpartition("/")[2]):
                message.visible_at = 0
        return answer


class Shy(Around):
    """Says that there is nothing, the first time, unless one waits: as SQS may."""

    def receive_message(self, **request: Any) -> Any:
        return self._inner.receive_message(**request) if request["WaitTimeSeconds"] else {}


class Interrupted(Around):
    """Ctrl-C at the second receive."""

    calls = 0

    def receive_message(self, **request: Any) -> Any:
        self.calls += 1
        if self.calls == 2:
            raise KeyboardInterrupt
        return self._inner.receive_message(**request)
