"""The operator's desk: one person at one stage, and all that they need to look at letters and to move them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from contracts.deployed import CannotAsk
from ops.letters.asking import asking
from ops.letters.box import Box
from ops.letters.holding import LEASE, Holding
from ops.letters.letter import Letter
from ops.letters.looking import PATIENCE, Look, looking
from ops.letters.mover import Mover
from ops.letters.operations import Operation, Step, Verb, Who, last_steps
from ops.letters.outlets import BusOutlet, FunctionOutlet, Outlet, QueueOutlet, Redriving
from ops.letters.places import Place, places, places_named
from ops.letters.selection import Selection
from ops.letters.trail import Trail, table_name
from ops.target import Target
from ops.wrong_use import WrongUse
from runtime.claim_check import S3ClaimChecks
from runtime.clock import Clock
from runtime.publisher import EventBridgeBus, Publisher

#: How an operation ends.
DONE: Final = "done"
STOPPED: Final = "stopped"

_DIGITS: Final = 12


@dataclass(frozen=True, kw_only=True)
class Desk:
    """`user` is what this machine calls the operator, `new_id` gives operations their ids. `lease` is in seconds."""

    target: Target
    user: str
    clock: Clock
    new_id: Callable[[], UUID]
    lease: int = LEASE
    patience: float = PATIENCE

    @cached_property
    def trail(self) -> Trail:
        return Trail(self.target.client("dynamodb"), table_name(self.target.stage))

    @cached_property
    def who(self) -> Who:
        """Raises CannotAsk."""
        with asking("STS"):
            return Who(identity=self.target.client("sts").get_caller_identity()["Arn"], user=self.user)

    @property
    def places(self) -> tuple[Place, ...]:
        return places(self.target)

    def boxes(self, names: Sequence[str] = ()) -> list[Box]:
        """Raises WrongUse for a name that no place goes by."""
        return [Box(self.target.client("sqs"), place) for place in places_named(self.target, names)]

    def look(self, selection: Selection | None = None) -> Look:
        """The letters that are meant, all without a selection. Raises CannotAsk and WrongUse."""
        with self.looking(selection) as look:
            return look

    @contextmanager
    def looking(self, selection: Selection | None = None) -> Iterator[Look]:
        """The same as soon as it is known; by the end of the block, the letters are given back, too."""
        wanted = selection or Selection()
        with looking(self.boxes(wanted.places), clock=self.clock, patience=self.patience) as look:
            yield look.only(wanted.matches)

    def letter(self, id_: str) -> Letter:
        """The one that goes by this id (or its beginning). Raises WrongUse when there is none, or more than one."""
        return only(self.look(Selection(ids=(id_,))).letters, id_)

    @contextmanager
    def holding(self, selection: Selection, among: Sequence[Letter] | None = None) -> Iterator[Holding]:
        """The letters that are meant, ours for as long as the block takes; with `among`, only those of them.

        Raises CannotAsk and WrongUse.
        """
        shown = None if among is None else {letter.id for letter in among}

        def is_meant(letter: Letter) -> bool:
            return selection.matches(letter) and (shown is None or letter.id in shown)

        with Holding(self.boxes(selection.places), is_meant, clock=self.clock, lease=self.lease) as holding:
            yield holding

    def begin(self, verb: Verb, *, why: str, **settings: Any) -> Operation:
        """A new operation, in the trail. Raises CannotAsk."""
        operation = Operation(
            id=self.new_id().hex[:_DIGITS],
            verb=verb,
            who=self.who,
            why=why,
            started_at=self.clock.now(),
            settings=settings,
        )
        self.trail.begin(operation)
        return operation

    def resume(self, operation_id: str) -> tuple[Operation, frozenset[str]]:
        """An operation that was interrupted, as ours from now on, and the letters that it had sent.

        Raises WrongUse when there is none that could be taken up, and CannotAsk.
        """
        account = self.trail.account(operation_id)
        if account is None:
            raise WrongUse(f"there is no operation {operation_id}: see `ops dlq audit`")
        if account.operation.verb is not Verb.REDRIVE:
            raise WrongUse(f"operation {operation_id} is no redrive: give its command again")
        operation = replace(account.operation, who=self.who)
        self.trail.resume(operation, self.who, self.clock.now())
        steps = last_steps(self.trail.entries(operation.id))
        return operation, frozenset(id_ for id_, entry in steps.items() if entry.step is Step.SENT)

    @contextmanager
    def ending(self, operation: Operation) -> Iterator[None]:
        """A block that is left by an exception is an operation that was stopped; the trail is told, if it can be."""
        try:
            yield
        except BaseException as error:
            with suppress(CannotAsk):
                self.trail.end(operation, self.clock.now(), outcome=STOPPED, note=f"{type(error).__name__}: {error}")
            raise

    def mover(
        self, holding: Holding, operation: Operation, outlet: Outlet, *, sent_before: frozenset[str] = frozenset()
    ) -> Mover:
        return Mover(
            holding=holding,
            trail=self.trail,
            operation=operation,
            outlet=outlet,
            clock=self.clock,
            sent_before=sent_before,
        )

    @cached_property
    def redriving(self) -> Redriving:
        """Where letters go back to."""
        bus = self.target.bus_name
        return Redriving(
            queue=QueueOutlet(self.target.client("sqs")),
            bus=BusOutlet(self._publisher, bus),
            function=FunctionOutlet(lambda: self.target.client("lambda")),
            bus_name=bus,
        )

    @cached_property
    def claims(self) -> S3ClaimChecks:
        """The bucket for the data of large events. Raises CannotAsk."""
        s3 = self.target.client("s3")
        with asking("STS"):
            account = self.target.client("sts").get_caller_identity()["Account"]
        bucket = self.target.stage.payload_bucket(account=account, region=s3.meta.region_name)
        return S3ClaimChecks(s3, bucket=bucket)

    def now_there(self) -> datetime:
        """The time by SQS's clock, to the second: what letters' times are compared with. Raises CannotAsk."""
        box = self.boxes()[0]
        with asking(box.place.queue):
            answer = self.target.client("sqs").get_queue_attributes(QueueUrl=box.url, AttributeNames=["QueueArn"])
        said = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
        return parsedate_to_datetime(said).astimezone(UTC) if said else self.clock.now().replace(microsecond=0)

    def _publisher(self) -> Publisher:
        bus = EventBridgeBus(self.target.client("events"))
        return Publisher(bus, self.target.bus_name, self.clock, claims=self.claims)


def only(letters: Sequence[Letter], id_: str) -> Letter:
    """Raises WrongUse unless there is exactly one."""
    if len(letters) == 1:
        return letters[0]
    if not letters:
        raise WrongUse(
            f"no letter goes by {id_}: it may be held by somebody else, redriven or parked. See `ops dlq audit`"
        )
    lines = "\n".join(f"  {letter.id}  {letter.place.name}  {letter.reason}: {letter.error}" for letter in letters)
    raise WrongUse(f"{len(letters)} letters go by {id_}; say which:\n{lines}")
