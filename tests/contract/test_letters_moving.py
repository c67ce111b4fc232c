"""Moving dead letters by the real calls: a letter is at every moment in at least one place, and the trail knows."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import botocore.client
import pytest
from moto import mock_aws

from events.binding import from_sqs_body
from ops.letters import work
from ops.letters.desk import Desk
from ops.letters.editing import changed, document, edited
from ops.letters.operations import Step, last_steps
from ops.letters.packing import unpacked
from ops.letters.selection import Selection
from ops.wrong_use import WrongUse
from runtime.errors import BusinessRuleViolated, DependencyUnavailable, Unpublishable, UnreadableMessage
from tests.contract.letters_stage import DIED, StageOfLetters, envelope, ids, killed, messages, payments
from tests.unit.event_builders import paid

EVERYTHING = Selection()
NOTIFICATION = Selection(places=("notification",))
FAST = work.Pace(rate=1000, watch=0)


@pytest.fixture
def stage() -> Iterator[StageOfLetters]:
    with mock_aws():
        yield StageOfLetters()


def redrive(desk: Desk, selection: Selection = EVERYTHING, pace: work.Pace = FAST, **more: object):
    return work.redrive(desk, selection, pace=pace, why="deployed 1.4.2", tell=lambda _: None, **more)


def test_a_letter_goes_back_byte_for_byte_and_without_its_failure(stage: StageOfLetters) -> None:
    body = stage.bury(paid(id="evt-é", data={"note": "  two  spaces ☃"}))

    report = redrive(stage.desk())

    (message,) = messages("breakwater-dev-notification")
    assert report.is_complete
    assert message.body == body
    assert set(message.message_attributes) == {"first_seen"}
    assert stage.dead("notification-dlq") == []


def test_attributes_of_somebody_elses_go_along(stage: StageOfLetters) -> None:
    stage.drop("ingestion-dlq", envelope(paid()), tenant="acme", tries="2", reason="crashed")

    redrive(stage.desk())

    (message,) = messages("breakwater-dev-ingestion")
    assert set(message.message_attributes) == {"tenant"}


def test_only_what_is_meant_is_moved_and_the_rest_is_free_at_once(stage: StageOfLetters) -> None:
    for event in payments(4):
        stage.bury(event)
    for event in payments(3, start=50):
        stage.bury(event, error=DependencyUnavailable("SES is down"))
    desk = stage.desk()
    (group,) = {x.fingerprint for x in desk.look().letters if x.reason == "dependency_unavailable"}

    with desk.holding(Selection(groups=(group,))) as holding:
        assert len(holding.letters) == 3
        assert stage.free("notification-dlq") == 4
    redrive(desk, Selection(groups=(group,)))

    assert ids(stage.delivered("notification")) == ["evt-0050", "evt-0051", "evt-0052"]
    assert len(stage.dead("notification-dlq")) == stage.free("notification-dlq") == 4


def test_what_a_rule_could_not_deliver_goes_to_the_queue_that_it_was_for(stage: StageOfLetters) -> None:
    body = envelope(paid())
    stage.drop(
        "notification-dlq",
        body,
        RULE_ARN="arn:aws:events:us-east-1:000000000000:rule/bus/r",
        TARGET_ARN="arn:aws:sqs:us-east-1:000000000000:breakwater-dev-notification",
        ERROR_CODE="NO_PERMISSIONS",
        ERROR_MESSAGE="not authorized",
        RETRY_ATTEMPTS="0",
    )

    assert redrive(stage.desk()).is_complete
    assert stage.delivered("notification") == [body]
    assert messages("breakwater-dev-notification")[0].message_attributes == {}


def test_what_the_relay_could_not_publish_goes_onto_the_bus(stage: StageOfLetters) -> None:
    event = paid()
    listener = stage.sqs.create_queue(QueueName="listener")["QueueUrl"]
    events = boto3.client("events")
    events.put_rule(Name="all", EventBusName=stage.target.bus_name, EventPattern='{"source": ["billing-service"]}')
    arn = stage.sqs.get_queue_attributes(QueueUrl=listener, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_targets(Rule="all", EventBusName=stage.target.bus_name, Targets=[{"Id": "q", "Arn": arn}])
    stage.bury(event, "billing-relay-dlq", Unpublishable("too large"), bare=True)

    report = redrive(stage.desk())

    (message,) = messages("listener")
    assert report.is_complete
    assert from_sqs_body(message.body) == event


def test_a_schedule_that_came_to_nothing_is_called_again_with_what_it_was_called_with(stage: StageOfLetters) -> None:
    payload = '{"id":"call-1",  "detail-type":"Scheduled Event"}'
    stage.drop("billing-close-dlq", payload, ERROR_CODE="AWS.Scheduler.ThrottlingException", RETRY_ATTEMPTS="2")
    failed = {
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": {"a": 1},
    }
    stage.drop("billing-close-dlq", json.dumps(failed))

    assert redrive(stage.desk()).is_complete
    assert sorted(stage.lambda_.calls) == [
        ("breakwater-dev-billing-close", '{"a": 1}'),
        ("breakwater-dev-billing-close", payload),
    ]


def test_a_record_that_the_stream_forgot_stays_and_says_why(stage: StageOfLetters) -> None:
    record = {"requestContext": {"condition": "RecordAgeExceeded"}, "DDBStreamBatchInfo": {"batchSize": 3}}
    stage.drop("billing-relay-dlq", json.dumps(record))

    report = redrive(stage.desk())

    assert [why for why in report.refused.values() if "the stream has forgotten" in why]
    assert len(stage.dead("billing-relay-dlq")) == stage.free("billing-relay-dlq") == 1


WANTED = ["evt-0000", "evt-0001"]


@pytest.mark.parametrize("verb", ["redrive", "park", "purge", "edit", "unpark"])
def test_no_letter_is_ever_nowhere_whenever_the_process_is_killed(
    stage: StageOfLetters, tmp_path: Path, verb: str
) -> None:
    """Before each call of the whole command, and so after each; then somebody else does it again, to the end."""
    for at in range(100):
        case = Case(stage, verb, tmp_path / f"{at}.ndjson")
        case.prepare()
        desk = stage.desk()
        with killed(desk, at=at) as killer:
            case.do(desk)

        assert case.somewhere() >= set(WANTED), f"killed at call {at}: {killer.calls}"

        stage.let_leases_lapse()
        case.do_again(stage.desk(user="bob@desktop"))
        assert case.finished() == WANTED, f"killed at call {at}: {killer.calls}"
        if killer.is_over:
            return
    pytest.fail("a command of more than a hundred calls")


class Case:
    """One verb, done to each of WANTED."""

    def __init__(self, stage: StageOfLetters, verb: str, file: Path) -> None:
        self._stage = stage
        self._verb = verb
        self._file = file

    def prepare(self) -> None:
        self._stage.empty()
        self._stage.forget()
        for event in payments(len(WANTED)):
            self._stage.bury(event)
        if self._verb == "unpark":
            work.park(self._stage.desk(), EVERYTHING, why="later", tell=lambda _: None)

    def do(self, desk: Desk) -> None:
        {
            "redrive": lambda: redrive(desk, NOTIFICATION),
            "park": lambda: work.park(desk, NOTIFICATION, why="later", tell=lambda _: None),
            "purge": lambda: self._purge(desk, self._file),
            "edit": lambda: self._edit(desk),
            "unpark": lambda: self._unpark(desk),
        }[self._verb]()

    def do_again(self, desk: Desk) -> None:
        self._file = self._file.with_suffix(".again.ndjson")
        self.do(desk)

    def somewhere(self) -> set[str]:
        """The events that are in a queue, in the trail's keeping, or in a file."""
        bodies = [*self._stage.dead("notification-dlq"), *self._stage.delivered("notification")]
        return {*ids(bodies), *self._parked(), *self._exported()}

    def finished(self) -> list[str]:
        """The events that are where the verb takes them, and nowhere else."""
        dead = sorted(set(ids(self._stage.dead("notification-dlq"))))
        if self._verb == "unpark":
            return [] if self._parked() else dead
        assert not dead
        arrived = {"park": self._parked, "purge": self._exported}.get(self._verb, self._delivered)()
        return sorted(arrived)

    def _delivered(self) -> set[str]:
        return set(ids(self._stage.delivered("notification")))

    def _parked(self) -> set[str]:
        return {entry.subject.id for entry in self._stage.desk().trail.parked().values()}

    def _exported(self) -> set[str]:
        names = self._file.name.removesuffix(".ndjson").removesuffix(".again")
        files = self._file.parent.glob(f"{names}*.ndjson")
        return {json.loads(line)["event"]["id"] for file in files for line in file.read_text().splitlines()}

    def _purge(self, desk: Desk, file: Path) -> None:
        among = desk.look(NOTIFICATION).letters
        work.purge(desk, NOTIFICATION, why="answered by hand", tell=lambda _: None, among=among, file=file)

    def _unpark(self, desk: Desk) -> None:
        work.unpark(desk, list(desk.trail.parked().values()), why="", tell=lambda _: None)

    def _edit(self, desk: Desk) -> None:
        for letter in desk.look(NOTIFICATION).letters:
            event = changed(letter.event.to_dict(), ["data.amount=1"])
            work.edit(desk, edited(letter, event), why="a typing error")


def test_a_redrive_that_was_killed_goes_on_under_its_name_and_sends_nothing_that_it_knows_to_have_sent(
    stage: StageOfLetters,
) -> None:
    for at in range(100):
        Case(stage, "redrive", Path()).prepare()
        desk = stage.desk()
        with killed(desk, at=at) as killer:
            redrive(desk, NOTIFICATION, work.Pace(rate=1, watch=0))
        stage.let_leases_lapse()

        for account in [account for account in stage.desk().trail.accounts(limit=1) if not account.outcome]:
            known = [x.subject.id for x in stage.desk().trail.entries(account.operation.id) if x.step is Step.SENT]
            work.resume(stage.desk(user="bob@desktop"), account.operation.id, pace=FAST, tell=lambda _: None)
            entries = last_steps(stage.desk().trail.entries(account.operation.id))
            delivered = ids(stage.delivered("notification"))
            assert [entry.step for entry in entries.values()] == [Step.SENT] * len(WANTED)
            assert sorted(set(delivered)) == WANTED
            assert all(delivered.count(id_) == 1 for id_ in known), "it was known to have been sent"
            assert not stage.dead("notification-dlq")
        if killer.is_over:
            return
    pytest.fail("a command of more than a hundred calls")


def test_two_operators_at_once_never_send_one_letter_twice(
    stage: StageOfLetters, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_at_a_time(monkeypatch)
    for event in payments(30):
        stage.bury(event)
    desks = [stage.desk(user=user) for user in ("ada@laptop", "bob@desktop")]

    threads = [threading.Thread(target=redrive, args=(desk, NOTIFICATION)) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    delivered = ids(stage.delivered("notification"))
    assert len(delivered) == len(set(delivered))
    assert len(delivered) + len(stage.dead("notification-dlq")) == 30


def test_a_letter_that_is_held_by_one_operator_is_told_to_the_other_and_left_alone(stage: StageOfLetters) -> None:
    for event in payments(3):
        stage.bury(event)

    with stage.desk().holding(EVERYTHING):
        report = redrive(stage.desk(user="bob@desktop"))

    assert (report.planned, report.elsewhere) == (0, {"notification-dlq": 3})
    assert not report.is_complete
    assert stage.delivered("notification") == []


def test_a_lease_that_was_lost_while_the_machine_slept_is_not_used(stage: StageOfLetters) -> None:
    stage.bury(paid())
    desk = stage.desk()

    with desk.holding(EVERYTHING) as holding:
        (letter,) = holding.letters
        desk.clock.sleep(desk.lease)  # type: ignore[attr-defined]

        assert holding.still([letter]) == []


def test_what_is_left_is_given_back_when_a_redrive_is_stopped(stage: StageOfLetters) -> None:
    for event in payments(30):
        stage.bury(event)

    def stop(report: work.Report) -> None:
        if report.sent >= 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work.redrive(stage.desk(), NOTIFICATION, pace=FAST, why="", tell=stop)

    (account,) = stage.desk().trail.accounts()
    assert (account.outcome, dict(account.counts)) == ("stopped", {"sent": 10})
    assert stage.free("notification-dlq") == 20


def test_a_redrive_stops_by_itself_when_the_same_failure_comes_back(stage: StageOfLetters) -> None:
    for event in payments(30):
        stage.bury(event)

    report = work.redrive(stage.desk(), NOTIFICATION, pace=FAST, why="", tell=dying_again(stage))

    assert report.sent == 10
    assert report.left == 20
    assert "the failure came back" in report.stopped
    assert stage.free("notification-dlq") == 21
    assert stage.desk().trail.accounts()[0].outcome == "stopped"


def test_another_failure_is_told_of_and_stops_nothing(stage: StageOfLetters) -> None:
    for event in payments(30):
        stage.bury(event)
    tell = dying_again(stage, DependencyUnavailable("SES is down"))

    report = work.redrive(stage.desk(), NOTIFICATION, pace=FAST, why="", tell=tell)

    assert (report.sent, report.stopped, len(report.others)) == (30, "", 1)


def test_one_that_comes_back_after_the_last_was_sent_is_still_noticed(stage: StageOfLetters) -> None:
    stage.bury(paid())

    report = work.redrive(
        stage.desk(), NOTIFICATION, pace=work.Pace(rate=1000, watch=5), why="", tell=dying_again(stage)
    )

    assert len(report.came_back) == 1


def dying_again(stage: StageOfLetters, error: Exception | None = None) -> Callable[[work.Report], None]:
    """After the first batch, one more letter of the same kind, or of another."""
    died: list[bool] = []

    def tell(_: work.Report) -> None:
        if not died:
            died.append(True)
            stage.bury(paid(id="evt-again"), error=error)

    return tell


def test_the_rate_is_kept(stage: StageOfLetters) -> None:
    for event in payments(21):
        stage.bury(event)
    desk = stage.desk()

    redrive(desk, NOTIFICATION, work.Pace(rate=5, watch=0))

    assert sum(desk.clock.slept) == pytest.approx(21 / 5, abs=0.1)  # type: ignore[attr-defined]


def test_only_the_letters_that_were_shown_are_moved(stage: StageOfLetters) -> None:
    for event in payments(2):
        stage.bury(event)
    shown = list(stage.desk().look().letters)
    stage.bury(paid(id="evt-later"))

    redrive(stage.desk(), EVERYTHING, among=shown)

    assert ids(stage.delivered("notification")) == ["evt-0000", "evt-0001"]


def test_an_edit_keeps_the_identity_and_the_original_with_who_and_why(stage: StageOfLetters) -> None:
    body = stage.bury(paid(data={"amount": "a lot"}), error=UnreadableMessage([]))
    desk = stage.desk()
    letter = desk.letter("evt_01J2XYZ")
    data = '{"invoice_id": "i", "customer_id": "c", "amount": 1, "currency": "USD"}'
    result = edited(letter, changed(document(letter, desk.claims), [f"data={data}"]))

    done = work.edit(desk, result, why="the partner sent words")

    (sent,) = stage.delivered("notification")
    (account,) = desk.trail.accounts()
    original = unpacked(desk.trail.original(done.operation, letter.id), desk.places)
    assert from_sqs_body(sent).identity == from_sqs_body(body).identity
    assert from_sqs_body(sent).data == json.loads(data)
    assert (original.body, original.reason) == (body, "unreadable")
    assert desk.trail.original(done.operation, letter.id, edited=True) == sent
    assert (account.operation.why, account.operation.who.user) == ("the partner sent words", "ada@laptop")
    assert [entry.step for entry in desk.trail.history(letter.subject)] == [Step.INTENDED, Step.SENT]


def test_an_edit_needs_a_reason(stage: StageOfLetters) -> None:
    stage.bury(paid())
    letter = stage.desk().letter("evt_01J2XYZ")
    result = edited(letter, changed(letter.event.to_dict(), ["data.amount=1"]))

    with pytest.raises(WrongUse, match="--why"):
        work.edit(stage.desk(), result, why="")


def test_a_parked_letter_comes_back_as_it_was(stage: StageOfLetters) -> None:
    stage.bury(paid(), error=BusinessRuleViolated("it is void"))
    before = stage.desk().letter("evt_01J2XYZ")
    work.park(stage.desk(), EVERYTHING, why="ask finance", tell=lambda _: None)
    assert stage.dead("notification-dlq") == []

    work.unpark(stage.desk(), list(stage.desk().trail.parked().values()), why="", tell=lambda _: None)

    after = stage.desk().letter("evt_01J2XYZ")
    assert (after.body, after.reason, after.error, after.failed_at) == (
        before.body,
        "business_rule",
        "it is void",
        DIED,
    )
    assert after.fingerprint == before.fingerprint
    assert stage.desk().trail.parked() == {}


def test_a_purge_exports_first_and_a_restore_brings_it_back(stage: StageOfLetters, tmp_path: Path) -> None:
    bodies = sorted(stage.bury(event) for event in payments(12))
    file, desk = tmp_path / "purged.ndjson", stage.desk()

    done = work.purge(
        desk, EVERYTHING, why="answered by hand", tell=lambda _: None, among=desk.look().letters, file=file
    )
    assert (done.moved, stage.dead("notification-dlq")) == (12, [])
    work.restore(stage.desk(), file, why="no, they were not", tell=lambda _: None)

    assert sorted(stage.dead("notification-dlq")) == bodies


def test_a_letter_that_arrives_during_a_purge_survives_it(stage: StageOfLetters, tmp_path: Path) -> None:
    stage.bury(paid())
    among = stage.desk().look().letters
    stage.bury(paid(id="evt-later"))

    work.purge(stage.desk(), EVERYTHING, why="x", tell=lambda _: None, among=among, file=tmp_path / "f")

    assert ids(stage.dead("notification-dlq")) == ["evt-later"]


def test_a_letter_as_large_as_sqs_takes_is_kept_by_the_trail_whole(stage: StageOfLetters) -> None:
    body = json.dumps({"noise": noise(700_000)})
    stage.drop("notification-dlq", body)
    done = work.park(stage.desk(), EVERYTHING, why="large", tell=lambda _: None)

    (letter,) = stage.desk().trail.parked()
    assert stage.desk().trail.original(done.operation, letter)["body"] == body


def noise(length: int) -> str:
    """Text that does not compress."""
    import random  # noqa: PLC0415
    import string  # noqa: PLC0415

    return "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=length))  # noqa: S311


def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto is no server: two threads find it half-way through a call, and one message with each of them."""
    lock, make = threading.Lock(), botocore.client.BaseClient._make_api_call

    def call(self: object, name: str, request: object) -> object:
        with lock:
            return make(self, name, request)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)


def test_letters_whose_leases_ran_out_on_the_way_are_taken_up_again(stage: StageOfLetters) -> None:
    for event in payments(30):
        stage.bury(event)
    desk, slept = stage.desk(), []

    def sleep_once(report: work.Report) -> None:
        if not slept:
            slept.append(report.sent)
            desk.clock.sleep(desk.lease)  # type: ignore[attr-defined]
            stage.let_leases_lapse()

    report = work.redrive(desk, NOTIFICATION, pace=FAST, why="", tell=sleep_once)

    assert (report.sent, report.lost, report.left, report.is_complete) == (30, 0, 0, True)
    assert len(ids(stage.delivered("notification"))) == len(set(ids(stage.delivered("notification")))) == 30
