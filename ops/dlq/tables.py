"""Dead letters for people: tables, cards, and ages in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from ops.letters.box import Counts
from ops.letters.grouping import Group
from ops.letters.letter import Letter
from ops.letters.looking import Look
from ops.letters.operations import Account, Entry

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_REASONS: Final = 3
_SOON: Final = timedelta(days=2)


def age(delta: timedelta) -> str:
    """`3d 4h`, `12m 5s`: the two largest units."""
    rest = max(0, int(delta.total_seconds()))
    parts: list[str] = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def table(rows: Sequence[Sequence[str]]) -> str:
    """The first row is its head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def queues(look: Look, places: Iterable[str], parked: Mapping[str, int], now: datetime) -> str:
    rows = [("QUEUE", "LETTERS", "HELD", "PARKED", "OLDEST", "REASONS")]
    for place in places:
        letters = [letter for letter in look.letters if letter.place.name == place]
        counts = look.counts.get(place, Counts(waiting=0, held=0, delayed=0))
        oldest = age(now - min(letter.failed_at for letter in letters)) if letters else "-"
        held = str(look.elsewhere.get(place, 0) or "-")
        total = str(max(len(letters), counts.total))
        rows.append((place, total, held, str(parked.get(place, 0) or "-"), oldest, _reasons(letters)))
    return table(rows)


def warnings(look: Look, now: datetime) -> list[str]:
    """What an operator should know of before it is too late."""
    dying = [letter for letter in look.letters if letter.lost_at - now < _SOON]
    held = sum(look.elsewhere.values())
    lines = []
    if dying:
        first = min(letter.lost_at for letter in dying)
        lines.append(
            f"{len(dying)} letters are thrown away by SQS soon, the first in {age(first - now)}: redrive or park"
        )
    if held:
        lines.append(f"{held} more are held by somebody else, or by a command that was killed a moment ago")
    return lines


def groups(found: Sequence[Group], now: datetime) -> str:
    return "\n\n".join(_group(group, now) for group in found)


def _group(group: Group, now: datetime) -> str:
    example = group.example
    about = example.subject.type or "no readable event"
    return "\n".join(
        (
            f"{group.id}  {group.count:,} x {example.reason}  {example.place.name}  {about}",
            f"  error    {group.error or '(none)'}",
            f"  since    {age(now - group.first)} ago, last {age(now - group.last)} ago",
            f"  example  {example.id}  event {example.called}",
            f"  do       {group.advice}",
        )
    )


def letters(found: Sequence[Letter], now: datetime) -> str:
    rows = [("LETTER", "GROUP", "QUEUE", "EVENT", "TYPE", "DEAD FOR", "REASON")]
    rows += [
        (x.id, x.fingerprint, x.place.name, x.called, x.subject.type, age(now - x.failed_at), x.reason) for x in found
    ]
    return table(rows)


def history(entries: Sequence[Entry]) -> str:
    return "\n".join(
        f"  {entry.at:%Y-%m-%d %H:%M:%S}Z  {entry.verb.value} {entry.step.value}  {entry.who}"
        f"{f'  {entry.note}' if entry.note else ''}  (operation {entry.operation})"
        for entry in entries
    )


def accounts(found: Sequence[Account]) -> str:
    rows = [("OPERATION", "WHEN", "WHAT", "END", "LETTERS", "WHO", "WHY")]
    for account in found:
        operation = account.operation
        counts = ", ".join(f"{count:,} {step}" for step, count in sorted(account.counts.items())) or "-"
        when = f"{operation.started_at:%Y-%m-%d %H:%M:%S}Z"
        end = account.outcome or "not ended"
        rows.append((operation.id, when, operation.verb.value, end, counts, operation.who.user, operation.why or "-"))
    return table(rows)


def _reasons(found: Sequence[Letter]) -> str:
    common = Counter(letter.reason for letter in found).most_common(_REASONS)
    return ", ".join(f"{count:,} {reason}" for reason, count in common) or "-"
