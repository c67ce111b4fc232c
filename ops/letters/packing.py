"""A letter as one JSON value and back: what a file of `export` and the audit trail keep, whole."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ops.letters.letter import Letter
from ops.letters.places import Place
from ops.letters.reading import letter_of
from ops.wrong_use import WrongUse


def packed(letter: Letter) -> dict[str, Any]:
    """All that SQS gave: the body byte for byte, and every attribute."""
    return letter.to_dict() | {
        "body": letter.body,
        "attributes": {name: _packed(value) for name, value in letter.attributes.items()},
        "system": dict(letter.system),
    }


def unpacked(value: Mapping[str, Any], known: Sequence[Place]) -> Letter:
    """What `packed` gave, without a receipt. Raises WrongUse for anything else, and for a queue that is not known."""
    try:
        place = {place.name: place for place in known}[value["queue"]]
        attributes = {name: _unpacked(attribute) for name, attribute in value["attributes"].items()}
        message = {
            "MessageId": value["id"],
            "Body": value["body"],
            "MessageAttributes": attributes,
            "Attributes": value["system"],
        }
        return letter_of(message, place)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise WrongUse(f"this is no dead letter of this stage: {error!r}") from error


def line(letter: Letter) -> str:
    """Of an NDJSON file."""
    return json.dumps(packed(letter), ensure_ascii=True, separators=(",", ":"))


def _packed(attribute: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in attribute.items()
    }


def _unpacked(attribute: Mapping[str, Any]) -> dict[str, Any]:
    return {name: base64.b64decode(value) if name == "BinaryValue" else value for name, value in attribute.items()}
