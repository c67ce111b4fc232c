"""W3C Trace Context: where in which trace something happened, as text that travels.

A *carrier* is any mapping that may hold `traceparent` and `tracestate`: HTTP headers (names in lower case, fields of
one name joined by commas in their order, as API Gateway does), or the extension attributes of an event.

    malformed `traceparent`   there is no context, and `tracestate` means nothing: whoever continues starts a new trace
    malformed `tracestate`    there is the context without it
    of a later version        read as far as this version goes; passed on as it came, or continued as version 00

Sources: W3C Trace Context (levels 1 and 2); CloudEvents extension "Distributed Tracing"; AWS X-Ray, "Tracing header".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"
#: The attributes of the CloudEvents extension, and the HTTP headers: they have the same names.
FIELDS: Final = (TRACEPARENT, TRACESTATE)
#: A list with more members says nothing.
MAX_MEMBERS: Final = 32
#: Characters of a state that travel, of a whole list's some 16,000: it ends up in the headers of customers' webhooks,
#: and a stranger must not make those too large for them. The recommendation asks for 512.
MAX_STATE: Final = 2048
_LARGE_MEMBER: Final = 128

_SAMPLED: Final = 0x01
#: Those that have a meaning: sampled, and random trace id (level 2). All others are sent as zero.
_KNOWN_FLAGS: Final = 0x03
_OWS: Final = " \t"
_PARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace_id>[0-9a-f]{32})-(?P<parent_id>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
    r"(?P<more>-[\x20-\x7e]{0,256})?"
)
_VISIBLE = r"\x21-\x2b\x2d-\x3c\x3e-\x7e"
_MEMBER = re.compile(rf"(?P<key>[a-z0-9][a-z0-9_\-*/@]{{0,255}})=[ {_VISIBLE}]{{0,255}}[{_VISIBLE}]")
_XRAY_ROOT = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})")
_XRAY_PARENT = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceContext:
    """Something (`parent_id`, 16 digits) in a trace (`trace_id`, 32): lower-case hexadecimal, never all zeroes.

    `tracestate` is empty or well formed, of 32 members and MAX_STATE characters at most, each key once.
    """

    trace_id: str
    parent_id: str
    flags: int = 0
    tracestate: str = ""

    @classmethod
    def of(cls, carrier: Mapping[str, Any]) -> Self | None:
        """What the carrier says; None when that is nothing, or nothing that holds."""
        text = carrier.get(TRACEPARENT)
        match = None if text is None else _match(text)
        if match is None:
            return None
        flags = int(match["flags"], 16) & _KNOWN_FLAGS
        state = _state(carrier.get(TRACESTATE))
        return cls(trace_id=match["trace_id"], parent_id=match["parent_id"], flags=flags, tracestate=state)

    @classmethod
    def from_xray(cls, header: str | None) -> Self | None:
        """From AWS X-Ray's tracing header (`Root=1-…;Parent=…;Sampled=1`); None where root or parent are missing."""
        members = dict(part.strip().partition("=")[::2] for part in (header or "").split(";"))
        root, parent = _XRAY_ROOT.fullmatch(members.get("Root", "")), members.get("Parent", "")
        if root is None or not _XRAY_PARENT.fullmatch(parent) or not parent.strip("0"):
            return None
        return cls(trace_id=root[1] + root[2], parent_id=parent, flags=_SAMPLED if members.get("Sampled") == "1" else 0)

    @property
    def sampled(self) -> bool:
        """Whether whoever is the parent may have recorded it."""
        return bool(self.flags & _SAMPLED)

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.parent_id}-{self.flags:02x}"

    @property
    def carrier(self) -> dict[str, str]:
        return {TRACEPARENT: self.traceparent} | ({TRACESTATE: self.tracestate} if self.tracestate else {})

    def to_xray(self) -> str:
        root = f"1-{self.trace_id[:8]}-{self.trace_id[8:]}"
        return f"Root={root};Parent={self.parent_id};Sampled={int(self.sampled)}"


def passed_on(carrier: Mapping[str, Any]) -> dict[str, str]:
    """The carrier's fields as they came, for whoever takes no part in the trace; none of what does not hold."""
    text = carrier.get(TRACEPARENT)
    if text is None or _match(text) is None:
        return {}
    came = carrier.get(TRACESTATE)
    state = _state(came)
    unchanged = str(came) if state and len(str(came)) <= MAX_STATE else state
    return {TRACEPARENT: str(text)} | ({TRACESTATE: unchanged} if unchanged else {})


def continued(carrier: Mapping[str, Any], context: Mapping[str, str]) -> dict[str, Any]:
    """The carrier with the fields of `context` in the place of its own: never a state of another parent."""
    return {**{name: value for name, value in carrier.items() if name not in FIELDS}, **context}


def trace_id_in(carrier: Mapping[str, Any]) -> str | None:
    text = carrier.get(TRACEPARENT)
    match = None if text is None else _match(text)
    return None if match is None else match["trace_id"]


def _match(text: object) -> re.Match[str] | None:
    """A `traceparent` that holds. Of later versions, more may follow, after a dash."""
    match = _PARENT.fullmatch(text.strip(_OWS)) if isinstance(text, str) else None
    if match is None or match["version"] == "ff" or (match["version"] == "00" and match["more"] is not None):
        return None
    is_zero = not match["trace_id"].strip("0") or not match["parent_id"].strip("0")
    return None if is_zero else match


def _state(text: object) -> str:
    """The list without empty members and white space; empty when any of it does not hold.

    Of a key that stands there twice, the first is the newest: an entry that is changed moves to the front.
    """
    members = [stripped for part in text.split(",") if (stripped := part.strip(_OWS))] if isinstance(text, str) else []
    matches = [_MEMBER.fullmatch(member) for member in members]
    if len(members) > MAX_MEMBERS or None in matches:
        return ""
    entries: dict[str, str] = {}
    for match in filter(None, matches):
        entries.setdefault(match["key"], match[0])
    return _cut(list(entries.values()))


def _cut(entries: list[str]) -> str:
    """What is too long loses whole entries: large ones first, and then the oldest, which are the last."""
    while len(state := ",".join(entries)) > MAX_STATE:
        large = [place for place, entry in enumerate(entries) if len(entry) > _LARGE_MEMBER]
        del entries[large[-1] if large else -1]
    return state
