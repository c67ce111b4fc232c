"""Lambda functions, and Lambda's poller between a queue and a function."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, Protocol, TypeVar

from local.memory.clock import DeadlineExceeded, VirtualClock
from local.memory.latency import Latency
from local.memory.queue import ACCOUNT, REGION, MemoryQueue, Message

#: Of all messages of one invocation. Source: Lambda's payload quota.
_MAX_PAYLOAD: Final = 6 * 1024 * 1024
_KEPT_ERRORS: Final = 100

Port = TypeVar("Port")
Handler = Callable[[dict[str, Any], Any], Any]
Trace = Callable[[str, str, str], None]


class FunctionCrashed(BaseException):
    """Raise it inside a handler to end the function as a killed process would: no `except Exception` sees it."""


class InvocationFailed(Exception):
    """The invocation did not return: the handler raised, crashed, or ran into the time limit (`__cause__`)."""


class Network(Protocol):
    """What lies between a sandbox and the services that it calls."""

    def connect(self, sandbox: Sandbox, name: str, port: Port) -> Port:
        """`port` as it is reached from the sandbox; `name` is the service's."""


@dataclass(slots=True, eq=False)
class Sandbox:
    """One process of a function. It runs one invocation (its request id) with one event at a time, and serves no more
    when it is `dead`: it crashed, or was killed at its time limit."""

    function: str
    clock: VirtualClock
    network: Network | None = None
    invocation: str = ""
    event: Mapping[str, Any] = field(default_factory=dict)
    dead: bool = False

    def reach(self, name: str, port: Port) -> Port:
        """A service as this process reaches it."""
        return port if self.network is None else self.network.connect(self, name, port)

    def crash(self) -> FunctionCrashed:
        """The error that ends the process: raise it."""
        self.dead = True
        return FunctionCrashed("the process is dead")


@dataclass(frozen=True, slots=True)
class PerSandbox:
    """Composes a function's handler anew for each of its processes, with caches and connections of its own.

    A plain handler in its place is one that all of them share.
    """

    compose: Callable[[Sandbox], Handler]


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaContext:
    """What a handler gets beside its event."""

    function_name: str
    function_version: str = "$LATEST"
    invoked_function_arn: str
    memory_limit_in_mb: int
    aws_request_id: str
    log_group_name: str
    log_stream_name: str = "memory"
    clock: VirtualClock = field(repr=False)
    deadline: int = field(repr=False)

    def get_remaining_time_in_millis(self) -> int:
        return max(0, (self.deadline - self.clock.micros) // 1000)


class MemoryFunction:
    """One function. `errors` keeps the latest failures, `invocations` counts all calls.

    Invocations that are under way at the same time run in sandboxes of their own. The sandbox that was used last
    is the first to be used again; one that crashed or ran out of time is lost.
    """

    def __init__(
        self,
        name: str,
        handler: Handler | PerSandbox,
        *,
        clock: VirtualClock,
        random: Random,
        timeout: int,
        memory_mib: int = 512,
        trace: Trace | None = None,
        network: Network | None = None,
    ) -> None:
        self.name = name
        self.timeout = timeout
        self.invocations = 0
        self.errors: deque[BaseException] = deque(maxlen=_KEPT_ERRORS)
        self._handler = handler
        self._memory_mib = memory_mib
        self._clock = clock
        self._random = random
        self._trace = trace
        self._network = network
        self._warm: list[tuple[Sandbox, Handler]] = []

    def invoke(self, event: dict[str, Any]) -> Any:
        """The handler's answer. Raises InvocationFailed; a handler that sleeps past its time limit is cut off there."""
        self.invocations += 1
        context = self._context()
        if self._trace is not None:
            self._trace(f"function {self.name}", f"{len(event.get('Records', ()))} records", context.aws_request_id)
        sandbox, handler = self._warm.pop() if self._warm else self._started()
        sandbox.invocation, sandbox.event = context.aws_request_id, event
        try:
            with self._clock.deadline(self.timeout):
                answer = handler(event, context)
        except (FunctionCrashed, DeadlineExceeded) as error:
            sandbox.dead = True
            raise self._failed(error) from error
        except Exception as error:
            self._warm.append((sandbox, handler))
            raise self._failed(error) from error
        self._warm.append((sandbox, handler))
        return answer

    def _started(self) -> tuple[Sandbox, Handler]:
        sandbox = Sandbox(self.name, self._clock, self._network)
        return sandbox, self._handler.compose(sandbox) if isinstance(self._handler, PerSandbox) else self._handler

    def _failed(self, error: BaseException) -> InvocationFailed:
        self.errors.append(error)
        return InvocationFailed(f"{self.name}: {type(error).__name__}: {error}")

    def _context(self) -> LambdaContext:
        return LambdaContext(
            function_name=self.name,
            invoked_function_arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}",
            memory_limit_in_mb=self._memory_mib,
            aws_request_id=f"{self._random.getrandbits(128):032x}",
            log_group_name=f"/aws/lambda/{self.name}",
            clock=self._clock,
            deadline=self._clock.micros + self.timeout * 1_000_000,
        )


def failed_messages(answer: object, batch: Sequence[Message]) -> Sequence[Message]:
    """The messages of a batch that the function's answer leaves in the queue.

    No answer, or one without failures, is success; one whose failures Lambda cannot make out fails them all.
    """
    failures = answer.get("batchItemFailures") if isinstance(answer, Mapping) else None
    if failures is None or failures == []:
        return ()
    if not isinstance(failures, list):
        return batch
    named = [failure.get("itemIdentifier") if isinstance(failure, Mapping) else None for failure in failures]
    by_id = {message.id: message for message in batch}
    if not all(isinstance(name, str) and name in by_id for name in named):
        return batch
    return [by_id[name] for name in dict.fromkeys(named) if name is not None]


class Poller:
    """Lambda's event source mapping of a queue, with ReportBatchItemFailures.

    At most `max_concurrency` invocations are under way at a time. With a `batching_window` it waits so many
    seconds for a batch to fill. Messages of a failed invocation come back when their visibility timeout ends.
    """

    def __init__(
        self,
        queue: MemoryQueue,
        function: MemoryFunction,
        *,
        clock: VirtualClock,
        random: Random,
        latency: Latency | None = None,
        batch_size: int = 10,
        batching_window: float = 0,
        max_concurrency: int = 10,
    ) -> None:
        self.queue = queue
        self.function = function
        self.batch_size = batch_size
        self.batching_window = batching_window
        self.max_concurrency = max_concurrency
        self._clock = clock
        self._random = random
        self._latency = latency or Latency()
        self._running = 0
        self._woken_for: int | None = None
        self._ticket = 0
        self._gathered: list[Message] = []
        self._window_end = 0
        queue.on_arrival(self._look_again)

    def _look_again(self) -> None:
        """See to it that a poll follows once there is something to receive and a free slot; polls never pile up."""
        visible_at = self.queue.next_visible_at() if self._running < self.max_concurrency else None
        if self._woken_for is not None:
            if visible_at is not None and self._woken_for <= visible_at:
                return
            self._clock.cancel(self._ticket)
            self._woken_for = None
        if visible_at is not None:
            self._woken_for = visible_at
            at = visible_at + round(self._latency.poll.draw(self._random) * 1_000_000)
            self._ticket = self._clock.call_at_micros(at, self._poll)

    def _poll(self) -> None:
        self._woken_for = None
        self._fill_slots()

    def _fill_slots(self) -> None:
        while self._running < self.max_concurrency:
            self._gather()
            if not self._gathered or self._waits_for_more():
                break
            self._start()
        self._look_again()

    def _gather(self) -> None:
        room = _MAX_PAYLOAD - sum(message.size for message in self._gathered)
        received = self.queue.receive(self.batch_size - len(self._gathered), max_bytes=room)
        if received and not self._gathered and self.batching_window:
            self._window_end = self._clock.micros + round(self.batching_window * 1_000_000)
            self._clock.call_at_micros(self._window_end, self._fill_slots)
        self._gathered += received

    def _waits_for_more(self) -> bool:
        return len(self._gathered) < self.batch_size and self._clock.micros < self._window_end

    def _start(self) -> None:
        batch, self._gathered = self._gathered, []
        self._running += 1
        self._clock.spawn(lambda: self._work(batch))

    def _work(self, batch: Sequence[Message]) -> None:
        receipts = self._run(batch)
        self._clock.call_later(self._latency.function.draw(self._random), lambda: self._finish(receipts))

    def _run(self, batch: Sequence[Message]) -> Sequence[str]:
        """Receipts of the messages that are done."""
        records = [message.to_record(self.queue.arn) for message in batch]
        try:
            answer = self.function.invoke({"Records": records})
        except InvocationFailed:
            return ()
        failed = {message.id for message in failed_messages(answer, batch)}
        return [record["receiptHandle"] for record in records if record["messageId"] not in failed]

    def _finish(self, receipts: Sequence[str]) -> None:
        for receipt in receipts:
            self.queue.delete(receipt)
        self._running -= 1
        self._fill_slots() if self._gathered else self._look_again()
