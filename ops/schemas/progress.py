"""How far a command is, for the person who waits for it."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Final, Self, TextIO

#: Seconds before the first word, and between words.
_PATIENCE: Final = 2.0
_PACE: Final = 0.2
_CLEAR: Final = "\r\x1b[K"


class Progress:
    """One line on a terminal, gone when the work is done. Nothing anywhere else, and nothing for what is quick."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._due = time.monotonic() + _PATIENCE
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._shown:
            self._stream.write(_CLEAR)

    def tell(self, text: str) -> None:
        now = time.monotonic()
        if now >= self._due and self._stream.isatty():
            self._stream.write(f"{_CLEAR}{text}")
            self._stream.flush()
            self._due, self._shown = now + _PACE, True
