"""How a run is told on the terminal: phases with their times, hops, a table of outcomes, and how to go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from contracts.lines import Line
from local.embedded.assembly import STAGE
from local.embedded.hops import told
from local.embedded.mailbox import mailbox_url
from local.embedded.play import Outcome
from local.embedded.stack import Stack, access


class Teller:
    """Prints, from any thread, line by line and at once. Remembers how long each phase took.

    `age` are the seconds for which the command had been running before.
    """

    def __init__(self, out: TextIO, *, age: float = 0.0, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._elapsed = elapsed
        self._start = elapsed() - age
        self._lock = threading.Lock()
        self.phases: list[tuple[str, float]] = [("Starting Python", age)] if age else []
        self.receipt_after: float | None = None
        self.over_http: set[str] = set()

    def say(self, text: str) -> None:
        with self._lock:
            print(f"{self._since_start():7.2f} s  {text}", file=self._out, flush=True)

    def line(self, text: str = "") -> None:
        with self._lock:
            print(text, file=self._out, flush=True)

    def hop(self, hop: Line) -> None:
        for line in told(hop, over_http=hop.function == "ingestion" and hop.event_id in self.over_http):
            self.say(f"  {line}")

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A headline, and the time that what is inside takes."""
        self.line()
        self.say(name)
        started = self._elapsed()
        try:
            yield
        finally:
            self.phases.append((name, self._elapsed() - started))

    def outcomes(self, outcomes: Sequence[Outcome]) -> None:
        self.line()
        width = max(len(outcome.name) for outcome in outcomes)
        for outcome in outcomes:
            self.line(f"  {'ok  ' if outcome.ok else 'FAIL'}  {outcome.name:<{width}}  {outcome.seen}")
            if not outcome.ok:
                self.line(f"        {'':<{width}}  expected: {outcome.expected}")

    def timings(self) -> None:
        self.line()
        self.line("  where the time went")
        for name, seconds in self.phases:
            self.line(f"  {seconds:7.2f} s  {name}")
        self.line(f"  {self._since_start():7.2f} s  all of it")
        if self.receipt_after is not None:
            self.line(f"  {self.receipt_after:7.2f} s  until the first receipt")

    def first_receipt(self) -> None:
        """What the demonstration is about has happened."""
        self.receipt_after = self._since_start()

    @contextmanager
    def stopping(self) -> Iterator[Callable[[], None]]:
        """Gives what is to be called when the end begins; then tells how long it took from there."""
        began: list[float] = []
        yield lambda: began.append(self._elapsed())
        if began:
            self.phases.append(("Stopping", self._elapsed() - began[-1]))
            self.line(f"  everything is stopped, in {self.phases[-1][1]:.2f} s")

    def _since_start(self) -> float:
        return self._elapsed() - self._start

    def box(self, title: str, lines: Sequence[str]) -> None:
        self.line()
        self.line(f"  {title}")
        for line in lines:
            self.line(f"  │ {line}")

    def questions(self, stack: Stack, *answered_by: str) -> None:
        """Lines that tell, when pasted into another terminal in the project, where events went and why one stopped."""
        environment = _environment(stack)
        self.line()
        self.line("  Where is my event? While this is up:")
        for words in answered_by:
            self.line(f"  {environment} .venv/bin/python -m ops why {words} --stage {STAGE}")

    def ways_in(self, stack: Stack, invoice_id: str, console: str) -> None:
        """Endpoints, the console where there is one, and three lines to paste into another terminal in the project."""
        environment = _environment(stack)
        media_type = "content-type: application/cloudevents+json"
        self.line()
        self.line(f"  ingestion   {stack.ingestion_url}/events")
        self.line(f"  billing     {stack.billing_url}/invoices")
        self.line(f"  bus         {stack.bus_name} at {stack.cloud.endpoint}")
        self.line(f"  e-mails     {mailbox_url(stack.cloud)}")
        if console:
            self.line(f"  console     {console}")
        self.line()
        self.line("  Three lines to try in another terminal; what happens is told here:")
        self.line()
        self.line(f"  curl -i {stack.ingestion_url}/events -H '{media_type}' --data-binary @examples/usage.json")
        self.line(f"  {environment} aws events put-events --entries file://examples/put-events.json")
        self.line(f"  curl {stack.billing_url}/invoices/{invoice_id}")
        self.line()


def _environment(stack: Stack) -> str:
    return " ".join(f"{name}={value}" for name, value in access(stack.cloud, is_ours=stack.is_ours).items())
