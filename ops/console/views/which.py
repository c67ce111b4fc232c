"""Which letters an address or a form means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from ops.console.console import Console
from ops.console.problems import Problem
from ops.letters.desk import only
from ops.letters.grouping import Group, grouped
from ops.letters.letter import Letter
from ops.letters.selection import Selection
from ops.wrong_use import WrongUse

_GONE = "Others may hold its letters, or have redriven or parked them: the audit trail knows."


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """One group, or one letter. Never all of them: that is said on the command line, if anywhere."""

    group: str = ""
    id: str = ""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Which:
        """Raises Problem when nothing is said."""
        which = cls(group=values.get("group", "").strip(), id=values.get("id", "").strip())
        if not (which.group or which.id):
            raise Problem(HTTPStatus.BAD_REQUEST, "Which letters?", "Choose a group or a letter under Dead letters.")
        return which

    @property
    def selection(self) -> Selection:
        return Selection(groups=(self.group,) if self.group else (), ids=(self.id,) if self.id else ())

    @property
    def back(self) -> str:
        """The page that shows them."""
        return (
            f"/letters/letter?{urlencode({'id': self.id})}"
            if self.id
            else f"/letters/group?{urlencode({'group': self.group})}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    group: Group
    letters: tuple[Letter, ...]


def the_group(console: Console, which: Which) -> Found:
    """Raises Problem when it has no letters that can be seen."""
    look = console.look(which.selection)
    if not look.letters:
        raise Problem(HTTPStatus.NOT_FOUND, "These letters are not there", _GONE)
    return Found(group=grouped(look.letters)[0], letters=look.letters)


def the_letter(console: Console, id_: str) -> Letter:
    """Raises Problem when it cannot be seen, or more than one goes by this id."""
    try:
        return only(console.look(Selection(ids=(id_,))).letters, id_)
    except WrongUse as error:
        raise Problem(HTTPStatus.NOT_FOUND, "This letter is not there", str(error)) from error
