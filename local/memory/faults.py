"""What goes wrong between a function and the services that it calls, as data.

Every call goes through one seam, which names it: the n-th `invoices.save` of function `billing`. Before its effect a
call takes time, so that others get in between; then its `Fault`, if it has one, decides what becomes of it. A process
that has crashed or run out of time calls nobody any more, whatever its code does on the way out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol, cast

from botocore.exceptions import ClientError, ReadTimeoutError

from local.memory.clock import DeadlineExceeded, VirtualClock
from local.memory.functions import Port, Sandbox
from local.memory.idempotency import MemoryIdempotency
from runtime.errors import DependencyUnavailable, Throttled, TransientError
from runtime.publisher import EntryResult

#: Seconds that the SDK waits for an answer before it gives up.
_ANSWER_TIMEOUT: Final = 3.0
#: Longer than any function may run.
_FOR_EVER: Final = 10_000.0
_RECORD_ALL: Final = "ledger.record_all"
_RECORD_CALLS: Final = ("_get_record", "_put_record", "_update_record", "_delete_record")


class Fault(StrEnum):
    """What becomes of one call."""

    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    PARTIAL = "partial"  # some entries are taken, the others are not: of calls that carry many
    LOST = "response lost"  # it happened, and the caller hears of a time-out
    REPEATED = "repeated"  # the answer was lost, the SDK tried again, and the second answer counts
    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"
    HANG_BEFORE = "hang before"  # until the function's time is over; it never happened
    HANG_AFTER = "hang after"  # the same, but it happened


class Call(NamedTuple):
    """The `nth` time that `function` makes the call `name`, such as `invoices.save`."""

    function: str
    name: str
    nth: int

    def __str__(self) -> str:
        return f"{self.function}: {self.name} #{self.nth}"


class Made(NamedTuple):
    """A call that was made, by the invocation with this request id, and what went wrong with it."""

    micros: int
    invocation: str
    call: Call
    fault: Fault | None


class Weather(Protocol):
    """What a call is to meet. The same call always meets the same."""

    def latency(self, call: Call) -> float:
        """Seconds before its effect."""

    def fault(self, call: Call, micros: int) -> Fault | None: ...

    def takes(self, call: Call, entry: int) -> bool:
        """Whether a call with a PARTIAL fault takes this entry."""


class Effect(NamedTuple):
    """A call has had its effect, heard of or not."""

    micros: int
    sandbox: Sandbox
    invocation: str
    call: Call
    arguments: tuple[Any, ...]
    named: Mapping[str, Any]
    answer: Any


OnEffect = Callable[[Effect], None]


def _nobody(_: Effect) -> None:
    """Nobody listens."""


class FaultyNetwork:
    """A local.memory.functions.Network in which calls meet the `weather`, until it is `calm`.

    `made` has all calls, `refused` those that the service itself had an error for.
    """

    def __init__(self, clock: VirtualClock, weather: Weather, on_effect: OnEffect = _nobody) -> None:
        self.made: list[Made] = []
        self.refused: list[tuple[Call, Exception]] = []
        self.calm = False
        self.on_effect = on_effect
        self._clock = clock
        self._weather = weather
        self._counts = Counter[tuple[str, str]]()

    def connect(self, sandbox: Sandbox, name: str, port: Port) -> Port:
        if isinstance(port, MemoryIdempotency):
            self._connect_records(sandbox, name, port)
            return port
        return cast("Port", _Connection(self, sandbox, name, port))

    def call(
        self,
        sandbox: Sandbox,
        name: str,
        effect: Callable[..., Any],
        arguments: tuple[Any, ...],
        named: Mapping[str, Any],
    ) -> Any:
        """Raises what the caller would see; ends the sandbox where its process would end."""
        if sandbox.dead:
            raise sandbox.crash()
        call = self._numbered(sandbox.function, name)
        fault = None if self.calm else self._weather.fault(call, self._clock.micros)
        self.made.append(Made(self._clock.micros, sandbox.invocation, call, fault))
        self._sleep(sandbox, self._weather.latency(call))

        def happen(*given: Any) -> Any:
            try:
                answer = effect(*given, **named)
            except Exception as error:
                self.refused.append((call, error))
                raise
            self.on_effect(Effect(self._clock.micros, sandbox, sandbox.invocation, call, given, named, answer))
            return answer

        return _Attempt(self, sandbox, call, happen, arguments).meet(fault)

    def takes(self, call: Call, entry: int) -> bool:
        return self._weather.takes(call, entry)

    def record_all(self, sandbox: Sandbox, effect: Callable[..., Any], usages: Sequence[Any]) -> Mapping[Any, Any]:
        """The ledger tells of what failed for each of its records, also when the whole call has failed."""
        try:
            return cast("Mapping[Any, Any]", self.call(sandbox, _RECORD_ALL, effect, (usages,), {}))
        except TransientError as error:
            return dict.fromkeys((usage.identity for usage in usages), error)

    def wait(self, sandbox: Sandbox, seconds: float) -> None:
        """The process does nothing but wait; it may well end over that."""
        self._sleep(sandbox, seconds)

    def _sleep(self, sandbox: Sandbox, seconds: float) -> None:
        try:
            self._clock.sleep(seconds)
        except DeadlineExceeded:
            sandbox.dead = True
            raise

    def _numbered(self, function: str, name: str) -> Call:
        self._counts[function, name] += 1
        return Call(function, name, self._counts[function, name])

    def _connect_records(self, sandbox: Sandbox, name: str, store: MemoryIdempotency) -> None:
        """Powertools calls the store's own methods: the seam goes under them."""
        for method in _RECORD_CALLS:
            effect = getattr(store, method)
            setattr(store, method, self._record_call(sandbox, f"{name}.{method.split('_')[1]}", effect))

    def _record_call(self, sandbox: Sandbox, name: str, effect: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            try:
                return self.call(sandbox, name, effect, (*arguments, *named.values()), {})
            except Throttled as error:
                raise _client_error("ProvisionedThroughputExceededException") from error
            except DependencyUnavailable as error:
                raise ReadTimeoutError(endpoint_url="DynamoDB") from error

        return call


class _Connection:
    """A port behind the seam."""

    def __init__(self, network: FaultyNetwork, sandbox: Sandbox, name: str, port: object) -> None:
        self._network = network
        self._sandbox = sandbox
        self._name = name
        self._port = port

    def __getattr__(self, method: str) -> Any:
        effect, name = getattr(self._port, method), f"{self._name}.{method}"
        if not callable(effect):  # what the port knows by itself
            return effect

        def call(*arguments: Any, **named: Any) -> Any:
            if name == _RECORD_ALL:
                return self._network.record_all(self._sandbox, effect, *arguments)
            return self._network.call(self._sandbox, name, effect, arguments, named)

        # Looked up once: the next access finds the attribute.
        self.__dict__[method] = call
        return call


class _Attempt(NamedTuple):
    """One call on its way."""

    network: FaultyNetwork
    sandbox: Sandbox
    call: Call
    happen: Callable[..., Any]
    arguments: tuple[Any, ...]

    def meet(self, fault: Fault | None) -> Any:
        return self.happen(*self.arguments) if fault is None else _MEETS[fault](self)

    def throttled(self) -> Any:
        raise Throttled(f"{self.call}: slow down")

    def unavailable(self) -> Any:
        raise DependencyUnavailable(f"{self.call}: connection refused")

    def partial(self) -> Any:
        split = _PARTIAL.get(self.call.name)
        return split(self) if split else self.throttled()

    def lost(self) -> Any:
        self._happen_unheard()
        self.network.wait(self.sandbox, _ANSWER_TIMEOUT)
        raise DependencyUnavailable(f"{self.call}: no answer in time")

    def repeated(self) -> Any:
        self._happen_unheard()
        self.network.wait(self.sandbox, _ANSWER_TIMEOUT)
        return self.happen(*self.arguments)

    def crash_before(self) -> Any:
        raise self.sandbox.crash()

    def crash_after(self) -> Any:
        self._happen_unheard()
        raise self.sandbox.crash()

    def hang_before(self) -> Any:
        self.network.wait(self.sandbox, _FOR_EVER)

    def hang_after(self) -> Any:
        self._happen_unheard()
        self.network.wait(self.sandbox, _FOR_EVER)

    def _happen_unheard(self) -> None:
        """The answer is lost, and so is an error."""
        with suppress(Exception):
            self.happen(*self.arguments)

    def partial_put(self) -> Sequence[EntryResult]:
        entries = self.arguments[0]
        taken = [self.network.takes(self.call, index) for index in range(len(entries))]
        chosen = [entry for entry, is_taken in zip(entries, taken, strict=True) if is_taken]
        results = iter(self.happen(chosen) if chosen else ())
        refused = EntryResult("InternalFailure" if self.call.nth % 2 else "ThrottlingException", "for now")
        return [next(results) if is_taken else refused for is_taken in taken]

    def partial_record(self) -> Mapping[Any, Any]:
        usages = self.arguments[0]
        taken = [usage for index, usage in enumerate(usages) if self.network.takes(self.call, index)]
        written = {usage.identity for usage in taken}
        failures = dict(self.happen(taken) if taken else {})
        left = (usage.identity for usage in usages if usage.identity not in written)
        return failures | dict.fromkeys(left, Throttled(f"{self.call}: not processed"))


_MEETS: Final[Mapping[Fault, Callable[[_Attempt], Any]]] = {
    Fault.THROTTLED: _Attempt.throttled,
    Fault.UNAVAILABLE: _Attempt.unavailable,
    Fault.PARTIAL: _Attempt.partial,
    Fault.LOST: _Attempt.lost,
    Fault.REPEATED: _Attempt.repeated,
    Fault.CRASH_BEFORE: _Attempt.crash_before,
    Fault.CRASH_AFTER: _Attempt.crash_after,
    Fault.HANG_BEFORE: _Attempt.hang_before,
    Fault.HANG_AFTER: _Attempt.hang_after,
}
_PARTIAL: Final[Mapping[str, Callable[[_Attempt], Any]]] = {
    "bus.put": _Attempt.partial_put,
    _RECORD_ALL: _Attempt.partial_record,
}


def _client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "the simulation said so"}}, "DynamoDB")
