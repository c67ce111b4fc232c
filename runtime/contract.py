"""What a service says of itself: which events it sends and reads, in which versions, and where that is published.

`infra/` publishes it beside each service, `contracts/` compares it with what is deployed. No function imports it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from events.catalog import readable_versions
from runtime.manifest import Service

_SCHEMA_NAME: Final = re.compile(r"(?P<type>.+)\.v(?P<version>[1-9]\d*)", re.ASCII)

Versions = Mapping[str, tuple[int, ...]]


class InvalidContract(ValueError):
    """Something else lies where a service's contract should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Event type -> versions. Types that the catalog does not have are left out."""

    emits: Versions
    reads: Versions

    def to_json(self) -> str:
        """The same text for the same contract, compact: what holds it is small."""
        return json.dumps({"emits": _plain(self.emits), "reads": _plain(self.reads)}, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidContract. What a newer contract says besides is passed over."""
        try:
            found = json.loads(text)
            return cls(emits=_versions(found["emits"]), reads=_versions(found["reads"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidContract(f"{text[:80]!r} is no contract: {error!r}") from error


def contract_of(service: Service) -> Contract:
    """What the service sends and reads once it is deployed with this catalog."""
    reads = {
        type_
        for consumer in service.consumers
        for subscription in consumer.subscriptions
        if subscription.bus == "own"
        for type_ in subscription.pattern["detail-type"]
    }
    return Contract(emits=_versions_of(service.emits), reads=_versions_of(reads))


def registry_name(stage: str) -> str:
    """The stage's registry, on Glue and on EventBridge."""
    return f"breakwater-{stage}"


def schema_name(type_: str, version: int) -> str:
    """The schema of one type and version, on Glue and on EventBridge."""
    return f"{type_}.v{version}"


def schema_key(name: str) -> tuple[str, int] | None:
    """Type and version of a schema by its name; None for a name that is not ours."""
    match = _SCHEMA_NAME.fullmatch(name)
    return (match["type"], int(match["version"])) if match else None


def contracts_path(stage: str) -> str:
    """The parameters of this path, one for each service, hold the contracts of what is deployed."""
    return f"/breakwater/{stage}/contracts"


def _versions_of(types: Iterable[str]) -> Versions:
    """A type is sent and read in all of its versions that are not retired (see events.versions)."""
    return {type_: versions for type_ in sorted(types) if (versions := readable_versions(type_))}


def _plain(versions: Versions) -> dict[str, list[int]]:
    return {type_: list(found) for type_, found in sorted(versions.items())}


def _versions(found: Mapping[str, Any]) -> Versions:
    return {type_: tuple(int(version) for version in versions) for type_, versions in found.items()}
