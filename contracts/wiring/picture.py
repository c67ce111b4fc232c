"""The company as one picture, and what is said of it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.manifests import Manifest
from contracts.readers.reading import Built
from contracts.readers.rules import Catalog, Rule
from events.catalog import Payload
from runtime.manifest import Service


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Problem:
    """Something in a manifest, or in the catalog, that cannot be meant so. `advice` is what to do about it."""

    file: str
    line: int
    message: str
    advice: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}: {self.advice}"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """All that is held against each other.

    `sources`: service -> the `source` of what it makes. `built`: what the services' code makes.
    """

    services: Sequence[Service]
    catalog: Catalog
    sources: Mapping[str, str]
    built: Sequence[Built]
    root: Path

    @property
    def types(self) -> frozenset[str]:
        return frozenset(type_ for type_, _ in self.catalog)

    def models(self, type_: str) -> list[type[Payload]]:
        return [model for (name, _), model in self.catalog.items() if name == type_]

    def emitters(self, type_: str) -> list[Service]:
        return [service for service in self.services if type_ in service.emits]

    def is_produced_elsewhere(self, type_: str) -> bool:
        return any(model.produced_elsewhere for model in self.models(type_))

    def is_consumed_elsewhere(self, type_: str) -> bool:
        return any(model.consumed_elsewhere for model in self.models(type_))

    def sources_of(self, type_: str) -> list[str] | None:
        """Those of the type's emitters; None where it may be any: systems that are not ours send it."""
        if self.is_produced_elsewhere(type_):
            return None
        return sorted(self.sources[service.name] for service in self.emitters(type_) if service.name in self.sources)

    def in_rule(self, rule: Rule, text: object, message: str, advice: str) -> Problem:
        """At the line in the rule where `text` stands."""
        manifest = Manifest(rule.service, self.root)
        return Problem(
            file=manifest.file,
            line=manifest.line_of_subscription(rule.subscription, text),
            message=f"the rule {rule.name} {message}",
            advice=advice,
        )

    def in_emits(self, service: Service, type_: str, message: str, advice: str) -> Problem:
        """At the line where the service emits the type, or emits at all."""
        manifest = Manifest(service, self.root)
        line = manifest.line_of_emits(type_)
        return Problem(file=manifest.file, line=line, message=f"{service.name} {message}", advice=advice)

    def in_catalog(self, type_: str, message: str, advice: str) -> Problem:
        model = self.models(type_)[0]
        path = Path(inspect.getsourcefile(model) or "")
        file = path.relative_to(self.root) if path.is_relative_to(self.root) else path
        return Problem(file=file.as_posix(), line=inspect.getsourcelines(model)[1], message=message, advice=advice)


def some(names: Iterable[str], most: int = 4) -> str:
    """The first few."""
    names = sorted(names)
    more = f" … ({len(names)} in all)" if len(names) > most else ""
    return ", ".join(names[:most]) + more
