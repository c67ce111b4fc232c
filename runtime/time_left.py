"""What a batch may still begin before its function ends."""

from __future__ import annotations

from typing import Any, Final

#: Milliseconds that a batch keeps to publish its events and to settle its records. No record is begun with less.
_RESERVE: Final = 12_000
#: Milliseconds that one call may take, and some more (see runtime.aws). With less, none is begun: a function that ends
#: in the middle has settled nothing, and would do it all again, without end if there is always too much to do.
_CALL: Final = 8_500
#: Milliseconds of an invocation below which both are shorter, in proportion.
_SHORT: Final = 30_000


class TimeLeft:
    """Of one invocation, made when it begins. `context` is Lambda's."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._share = min(1.0, context.get_remaining_time_in_millis() / _SHORT)

    @property
    def for_a_record(self) -> bool:
        return self._is_more_than(_RESERVE)

    def for_calls(self, count: int = 1) -> bool:
        return self._is_more_than(count * _CALL)

    def _is_more_than(self, millis: int) -> bool:
        return bool(self._context.get_remaining_time_in_millis() >= self._share * millis)
