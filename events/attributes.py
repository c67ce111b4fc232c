"""CloudEvents' attributes: the types of the specification, and a quick look that tells the usual ones.

The types say what is wrong. Most attributes have nothing wrong with them, and look like the last ones: `FITS` says so
of a value for a fraction of what a type takes. What it does not say yes to, the types have to judge.

Source: CloudEvents 1.0.2 specification, "Type System"; RFC 3986, RFC 3339, RFC 2046.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from events.problems import FORBIDDEN, Problem

#: Characters of a text that is remembered: what is remembered must not depend on who sends how much.
_SHORT: Final = 128
_REMEMBERED: Final = 1024

_PCHAR = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
_SEGMENT_NO_COLON = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=@]|%[0-9A-Fa-f]{2})+"
_AUTHORITY = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2}|\[[0-9A-Fa-fvV:.]+\])*"
_PATH_ABEMPTY = rf"(?:/{_PCHAR}*)*"
_TAIL = rf"(?:\?(?:{_PCHAR}|[/?])*)?(?:#(?:{_PCHAR}|[/?])*)?"
_HIER = rf"(?://{_AUTHORITY}{_PATH_ABEMPTY}|/(?:{_PCHAR}+{_PATH_ABEMPTY})?|{_PCHAR}+{_PATH_ABEMPTY}|)"
_RELATIVE = rf"(?://{_AUTHORITY}{_PATH_ABEMPTY}|/(?:{_PCHAR}+{_PATH_ABEMPTY})?|{_SEGMENT_NO_COLON}{_PATH_ABEMPTY}|)"
_URI = re.compile(rf"[A-Za-z][A-Za-z0-9+.\-]*:{_HIER}{_TAIL}")
_URI_REFERENCE = re.compile(rf"(?:[A-Za-z][A-Za-z0-9+.\-]*:{_HIER}|{_RELATIVE}){_TAIL}")
_TIMESTAMP = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105 - an RFC 9110 token, not a secret
_QUOTED = r'"(?:[\t !#-\[\]-~]|\\[\t -~])*"'
_MEDIA_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|{_QUOTED}))*[ \t]*")
_EXTENSION_NAME = re.compile(r"[a-z0-9]{1,20}", re.ASCII)


def _text(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    if FORBIDDEN.search(value):
        raise ValueError("must not contain control characters or Unicode noncharacters")
    return value


def _uri_reference(value: str) -> str:
    if not value or not _URI_REFERENCE.fullmatch(value):
        raise ValueError("must be a non-empty URI-reference (RFC 3986)")
    return value


def _uri(value: str) -> str:
    if not _URI.fullmatch(value):
        raise ValueError("must be an absolute URI (RFC 3986)")
    return value


def _timestamp(value: str) -> str:
    parse_time(value)
    return value


def _media_type(value: str) -> str:
    if not _MEDIA_TYPE.fullmatch(value):
        raise ValueError("must be a media type (RFC 2046), such as application/json")
    return value


def _base64(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except ValueError as error:
        raise ValueError(f"must be base64: {error}") from error
    return value


Text = Annotated[str, Field(strict=True), AfterValidator(_text)]
UriReference = Annotated[str, Field(strict=True), AfterValidator(_uri_reference)]
Uri = Annotated[str, Field(strict=True), AfterValidator(_uri)]
Timestamp = Annotated[str, Field(strict=True), AfterValidator(_timestamp)]
MediaType = Annotated[str, Field(strict=True), AfterValidator(_media_type)]
Base64 = Annotated[str, Field(strict=True), AfterValidator(_base64)]


def parse_time(value: str) -> datetime:
    """An RFC 3339 timestamp as an aware datetime, in microseconds (finer digits are cut).

    Raises ValueError for anything else, with RFC 3339 named.
    """
    return _remembered_time(value) if len(value) <= _SHORT else _time(value)


def _time(value: str) -> datetime:
    match = _TIMESTAMP.fullmatch(value)
    if match is None:
        raise ValueError("must be an RFC 3339 timestamp, such as 2026-05-20T14:30:00Z")
    date, clock, fraction, offset = match.groups()
    micros = ((fraction or ".")[1:] + "000000")[:6]
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}.{micros}{'+00:00' if offset in 'Zz' else offset}")
        moment.astimezone(UTC)  # at the ends of the calendar, not every local time has one
    except (ValueError, OverflowError) as error:
        raise ValueError(f"must be an RFC 3339 timestamp: {error}") from error
    return moment


#: An event's time is asked for more than once, and its data often has the same.
_remembered_time: Final = lru_cache(maxsize=_REMEMBERED)(_time)


def format_time(value: datetime) -> str:
    """An aware datetime as RFC 3339 in UTC, with as many fractional digits as it needs."""
    if value.tzinfo is None:
        raise ValueError("a naive datetime has no place on the wire: give it a time zone")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def extension_problems(extensions: Mapping[str, object]) -> Iterable[Problem]:
    """What is wrong with the names and values of extension attributes."""
    for name, value in extensions.items():
        if not _EXTENSION_NAME.fullmatch(name):
            yield Problem(name, "extension names are 1 to 20 lower-case letters or digits")
        elif isinstance(value, bool):
            continue
        elif isinstance(value, int):
            if not -(2**31) <= value < 2**31:
                yield Problem(name, "integer attributes are 32-bit signed")
        elif not isinstance(value, str):
            yield Problem(name, f"extension values are boolean, integer or string, not {type(value).__name__}")
        elif FORBIDDEN.search(value):
            yield Problem(name, "must not contain control characters or Unicode noncharacters")


Fits = Callable[[Any], bool]


def fits_extension(name: str, value: object) -> bool:
    """Whether there is certainly nothing wrong with an extension: a text under a usual name."""
    return type(value) is str and _is_name(name) and (not value or _is_plain(value))


def _is_plain(value: object) -> bool:
    """Printable ASCII has no forbidden characters."""
    return type(value) is str and value != "" and value.isascii() and value.isprintable()


def _quickly(judge: Callable[[str], object]) -> Fits:
    """A judge that raises ValueError, asked once about what comes again and again."""

    @lru_cache(maxsize=_REMEMBERED)
    def is_good(value: str) -> bool:
        try:
            judge(value)
        except ValueError:
            return False
        return True

    def fits(value: object) -> bool:
        return type(value) is str and len(value) <= _SHORT and is_good(value)

    return fits


def _extension_name(name: str) -> None:
    if not _EXTENSION_NAME.fullmatch(name):
        raise ValueError(name)


_is_name: Final = _quickly(_extension_name)

#: Attribute -> whether a value certainly fits its type. False means nothing yet.
FITS: Final[Mapping[str, Fits]] = MappingProxyType(
    {
        "specversion": lambda value: value == "1.0" and type(value) is str,
        "id": _is_plain,
        "source": _quickly(_uri_reference),
        "type": _is_plain,
        "time": _quickly(parse_time),
        "subject": _is_plain,
        "datacontenttype": _quickly(_media_type),
        "dataschema": _quickly(_uri),
        "data": lambda _: True,
    }
)
