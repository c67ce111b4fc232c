"""`python -m bench.dead_letters`: many dead letters of five kinds on the embedded stack; one kind is redriven.

They are grouped, and timed. Then the cause of one kind has passed: it is redriven with a rate limit by `ops dlq`, which
is killed without a word, twice, and goes on each time. At the end each of its letters has had its effect (an e-mail)
once, the trail accounts for each, and the letters of the other kinds are where they were.
"""

from __future__ import annotations

import json
import re
import secrets
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from os import environ  # noqa: TID251 - a composition root
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import uuid4  # noqa: TID251 - a composition root

import typer

from bench.letter_kinds import Kinds, bury
from bench.machine import machine
from events.catalog import Channels, CustomerContactUpdated, initial
from local.embedded.client import Client
from local.embedded.cloud import Cloud
from local.embedded.emulator_env import emulator_python
from local.embedded.mailbox import mails
from local.embedded.ministack import running_ministack
from local.embedded.paths import PROJECT
from local.embedded.polling import wait_until
from local.embedded.stack import Stack, deploy_stack
from ops.aws import Aws
from ops.letters.desk import Desk
from ops.letters.grouping import Group, grouped
from ops.letters.letter import Letter
from ops.letters.operations import Step, last_steps
from ops.target import Target
from runtime.clock import SystemClock

_LOOKS: Final = 3
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`count` letters in all. `lease` are the seconds for which a killed redrive keeps its letters from others."""

    count: int
    rate: float = 100
    kills: int = 2
    lease: int = 20
    patience: int = 1_800


@dataclass(kw_only=True)
class Result:
    """What came of it. `lost`, `twice`, `unaccounted` and `touched` must be 0, `groups` 5."""

    letters: int
    groups: int = 0
    seconds_to_group: float = 0
    seconds_until_given_back: float = 0
    cpu_seconds_to_group: float = 0
    seconds_each: tuple[float, ...] = ()
    kind: int = 0
    kills: int = 0
    sent_messages: int = 0
    seconds_to_redrive: float = 0
    lost: int = 0
    twice: int = 0
    unaccounted: int = 0
    touched: int = 0
    steps: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_exact(self) -> bool:
        return not (self.lost or self.twice or self.unaccounted or self.touched) and self.groups == 5  # noqa: PLR2004

    def figures(self) -> dict[str, Any]:
        return {**asdict(self), "is_exact": self.is_exact, "machine": machine(f"{SystemClock().now():%Y-%m-%d}")}


def token() -> str:
    """A word without digits, which no other run has."""
    return "".join(secrets.choice(_LETTERS) for _ in range(10))


class DeadLetterRun:
    """One run on a stack that stands, with the clients of one operator."""

    def __init__(self, stack: Stack, settings: Settings, say: Say) -> None:
        self._stack = stack
        self._settings = settings
        self._say = say
        self._kinds = Kinds(token=token(), moment=SystemClock().now().replace(microsecond=0))
        self._result = Result(letters=settings.count, kind=settings.count // 5)
        self._desk = _desk(stack)

    def perform(self) -> Result:
        self._know_the_customer()
        self._bury()
        before = self._group()
        (group,) = (g for g in before if "unavailable" in g.example.subject.id)
        self._redrive(group)
        self._judge(group, {g.id: g.count for g in before if g.id != group.id})
        return self._result

    def _bury(self) -> None:
        for kind in self._kinds.all():
            bury(self._stack, kind, self._result.kind)
        self._say(f"{self._settings.count:,} letters of {len(self._kinds.all())} kinds are buried")

    def _group(self) -> list[Group]:
        """As an operator would, some times over; the last answer."""
        times: list[float] = []
        whole: list[float] = []
        for _ in range(_LOOKS):
            started, cpu = time.perf_counter(), time.process_time()
            with self._desk.looking() as look:
                found = [group for group in grouped(look.letters) if self._is_ours(group.example)]
                times.append(round(time.perf_counter() - started, 2))
                self._result.cpu_seconds_to_group = round(time.process_time() - cpu, 2)
            whole.append(round(time.perf_counter() - started, 2))
        self._result.groups, self._result.seconds_each = len(found), tuple(times)
        self._result.seconds_to_group = statistics.median(times)
        self._result.seconds_until_given_back = statistics.median(whole)
        self._say(f"grouped in {times} s: {[(g.count, g.example.reason) for g in found]}")
        return found

    def _redrive(self, group: Group) -> None:
        """Killed when it has come some of the way, and taken up again."""
        started, self._full = time.monotonic(), 0
        self._full = -self._sent()
        more = ["--group", group.id, "--why", "the mail service is back", "--yes"]
        for kill in range(self._settings.kills):
            self._killed(more, sent=(kill + 1) * group.count // (self._settings.kills + 1))
            more = ["--resume", self._operation]
        with self._command(more) as process:
            out, _ = process.communicate(timeout=self._settings.patience)
        if process.returncode:
            raise RuntimeError(f"the redrive ended with {process.returncode}: {out}")
        self._result.seconds_to_redrive = round(time.monotonic() - started, 1)
        self._wait(lambda: self._stack.backlog() == 0, "all that was sent is handled")

    def _killed(self, more: list[str], *, sent: int) -> None:
        with self._command(more) as process:
            self._wait(lambda: process.poll() is not None or self._sent() >= sent, f"{sent} letters are sent")
            if process.poll() is not None:
                raise RuntimeError(
                    f"the redrive ended by itself, with {process.returncode}: {process.communicate()[0]}"
                )
            process.kill()
            process.wait()
        self._result.kills += 1
        self._say(f"killed after {self._sent():,} of {self._result.kind:,}")

    def _command(self, more: list[str]) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "ops", "dlq", "redrive", "--stage", "embedded", "--json", "--watch", "0"]
        command += ["--endpoint-url", self._stack.cloud.endpoint, "--lease", str(self._settings.lease)]
        command += ["--rate", str(self._settings.rate), *more]
        variables = {k: v for k, v in environ.items() if not k.startswith("AWS_")} | self._stack.cloud.environment()
        return subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=PROJECT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    @property
    def _operation(self) -> str:
        (latest,) = self._desk.trail.accounts(limit=1)
        return latest.operation.id

    def _sent(self) -> int:
        """As the queue says: what is not there any more."""
        (box,) = self._desk.boxes(["notification"])
        return self._full - box.counts().total

    def _judge(self, group: Group, others: Mapping[str, int]) -> None:
        result, entries = self._result, self._desk.trail.entries(self._operation)
        last = last_steps(entries)
        sent = [entry for entry in last.values() if entry.step is Step.SENT]
        steps = Counter(entry.step.value for entry in entries)
        after = Counter(letter.fingerprint for letter in self._desk.look().letters if self._is_ours(letter))
        result.steps = dict(steps)
        result.sent_messages = steps[Step.SENT.value]
        result.unaccounted = group.count - len(sent) + sum(entry.fingerprint != group.id for entry in entries)
        result.touched = sum(abs(after[id_] - count) for id_, count in others.items()) + after[group.id]
        receipts = self._receipts()
        result.lost = sum(receipts[self._kinds.invoice(n)] == 0 for n in range(result.kind))
        result.twice = sum(count - 1 for count in receipts.values() if count > 1)

    def _receipts(self) -> Counter[str]:
        """E-mails by the invoice that they are about."""
        name = re.compile(rf"inv-{self._kinds.token}-\d{{5}}")
        found = mails(self._stack.cloud, to=f"{self._kinds.customer}@example.com")
        return Counter(invoice for mail in found for invoice in set(name.findall(f"{mail.subject} {mail.text}")))

    def _know_the_customer(self) -> None:
        customer = self._kinds.customer
        channels = Channels(email=f"{customer}@example.com")
        payload = CustomerContactUpdated(customer_id=customer, name="Ada Lovelace", channels=channels)
        event = initial(payload, id=f"{self._kinds.token}-contact", source="crm", time=self._kinds.moment)
        Client(self._stack).put(event)
        key = {"customer_id": {"S": self._kinds.customer}}
        table = self._stack.deployed["Breakwater-embedded-Notification"].outputs["ContactsTableName"]
        dynamodb = self._stack.cloud.client("dynamodb")
        self._wait(lambda: dynamodb.get_item(TableName=table, Key=key).get("Item"), "the contact is known")

    def _is_ours(self, letter: Letter) -> bool:
        return self._kinds.token in letter.body

    def _wait(self, probe: Callable[[], object], what: str) -> None:
        wait_until(probe, what=what, timeout=self._settings.patience, interval=0.2)


def _desk(stack: Stack) -> Desk:
    target = Target(stage=Target.named("embedded").stage, aws=Aws(endpoint_url=stack.cloud.endpoint))
    for service in ("sqs", "dynamodb", "sts", "events", "s3"):
        target.clients[service] = stack.cloud.client(service)
    return Desk(target=target, user="bench", clock=SystemClock(), new_id=uuid4)


def run(settings: Settings, say: Say) -> Result:
    """The whole of it, on an emulator of its own. Raises DeadlinePassed."""
    clean = {name: value for name, value in environ.items() if not name.startswith(("AWS_", "BREAKWATER_"))}
    with running_ministack(emulator_python(say)) as url:
        return DeadLetterRun(deploy_stack(Cloud(url), clean, say, is_ours=True), settings, say).perform()


def main(
    count: Annotated[int, typer.Option(min=50, help="letters, a fifth of each kind")] = 10_000,
    rate: Annotated[float, typer.Option(help="letters a second")] = 100,
    kills: Annotated[int, typer.Option(help="how often the redrive is killed")] = 2,
    out: Annotated[Path | None, typer.Option(help="where to write the result as JSON, too")] = None,
) -> None:
    """Exits with 0 when nothing was lost, nothing was done twice, and everything is accounted for."""
    result = run(Settings(count=count, rate=rate, kills=kills), lambda line: print(line, flush=True))
    text = json.dumps(result.figures(), indent=2)
    print(text)
    if out:
        out.write_text(text + "\n")
    raise typer.Exit(0 if result.is_exact else 1)


if __name__ == "__main__":
    typer.run(main)
