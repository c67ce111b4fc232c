"""What was shown to somebody before they confirmed: they agree to these letters, and to no others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from ops.letters.letter import Letter

_KEPT: Final = 20


class Shown:
    def __init__(self, *, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._letters: OrderedDict[str, tuple[Letter, ...]] = OrderedDict()

    def keep(self, letters: Sequence[Letter]) -> str:
        """The key by which a form brings them back."""
        key = self._new_id()
        self._letters[key] = tuple(letters)
        while len(self._letters) > _KEPT:
            self._letters.popitem(last=False)
        return key

    def of(self, key: str) -> tuple[Letter, ...] | None:
        """Once: a form that is sent twice redrives once."""
        return self._letters.pop(key, None)
