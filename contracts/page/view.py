"""What the catalog page shows, as plain values: the template only lays them out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from contracts.company import SERVICES, Route, consumers_of, lifecycle_of, producers_of, routes
from contracts.eventbridge_binding import resource
from contracts.examples import example_files
from contracts.json_schema import schema_of
from contracts.page.fields import FieldRow, field_rows
from events.catalog import CATALOG, Payload
from runtime.manifest import Service

#: (type, version) -> a document.
Documents = Mapping[tuple[str, int], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One of the texts to read and copy: an example, a schema."""

    key: str
    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class VersionView:
    """`lifecycle` is one word, `dates` says what it means for the calendar, where it does."""

    number: int
    lifecycle: str
    dates: str
    purpose: str
    fields: tuple[FieldRow, ...]
    panels: tuple[Panel, ...]


@dataclass(frozen=True, kw_only=True)
class ConsumerView:
    """One rule's way to a function, with the names that its parts have in the account."""

    route: Route

    @property
    def service(self) -> str:
        return self.route.service.name

    @property
    def function(self) -> str:
        return resource(self.route.consumer.function.name)

    @property
    def rule(self) -> str:
        return resource(self.route.rule)

    @property
    def queue(self) -> str:
        return resource(self.route.consumer.name)

    @property
    def dead_letters(self) -> str:
        return resource(f"{self.route.consumer.name}-dlq")

    @property
    def pattern(self) -> str:
        return json.dumps(self.route.subscription.pattern, indent=2)


@dataclass(frozen=True, kw_only=True)
class TypeView:
    """An event type. `versions` are newest first."""

    name: str
    versions: tuple[VersionView, ...]
    producers: tuple[str, ...]
    consumers: tuple[ConsumerView, ...]
    produced_elsewhere: bool
    consumed_elsewhere: bool

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]

    @property
    def purpose(self) -> str:
        return self.versions[0].purpose

    @cached_property
    def search_text(self) -> str:
        """All that a search finds it by, in lower case."""
        words = [self.name, self.purpose, *self.producers]
        words += [word for c in self.consumers for word in (c.service, c.function, c.rule)]
        words += [row.path for version in self.versions for row in version.fields]
        return " ".join(dict.fromkeys(words)).lower()


@dataclass(frozen=True, kw_only=True)
class ServiceView:
    name: str
    sends: tuple[str, ...]
    takes_in: tuple[str, ...]
    routes: tuple[str, ...]


def types(avro: Documents, services: tuple[Service, ...] = SERVICES) -> tuple[TypeView, ...]:
    """In the order of the flow: what comes from elsewhere, then what each service sends."""
    models: dict[str, list[type[Payload]]] = {}
    for model in CATALOG.values():
        models.setdefault(model.type, []).append(model)
    views = [_type(versions, avro) for versions in models.values()]
    rank = {service.name: index for index, service in enumerate(services)}
    return tuple(sorted(views, key=lambda view: _place(view, rank)))


def _place(view: TypeView, rank: Mapping[str, int]) -> int:
    """Those of other systems come first, and last what nobody sends yet."""
    return -1 if view.produced_elsewhere else min((rank[name] for name in view.producers), default=len(rank))


def families(views: Iterable[TypeView]) -> list[tuple[str, list[TypeView]]]:
    return [(family, list(members)) for family, members in groupby(views, key=lambda view: view.family)]


def services() -> tuple[ServiceView, ...]:
    return tuple(
        ServiceView(
            name=service.name,
            sends=service.emits,
            takes_in=tuple(dict.fromkeys(route.type for route in routes([service]))),
            routes=tuple(route for api in service.apis for route in api.routes),
        )
        for service in SERVICES
    )


def _type(models: list[type[Payload]], avro: Documents) -> TypeView:
    newest_first = sorted(models, key=lambda model: -model.version)
    newest = newest_first[0]
    return TypeView(
        name=newest.type,
        versions=tuple(_version(model, avro) for model in newest_first),
        producers=tuple(service.name for service in producers_of(newest.type)),
        consumers=tuple(ConsumerView(route=route) for route in consumers_of(newest.type)),
        produced_elsewhere=newest.produced_elsewhere,
        consumed_elsewhere=newest.consumed_elsewhere,
    )


def _version(model: type[Payload], avro: Documents) -> VersionView:
    schema = schema_of(model)
    return VersionView(
        number=model.version,
        lifecycle=lifecycle_of(model),
        dates=_dates(model),
        purpose=model.__doc__ or "",
        fields=field_rows(schema),
        panels=tuple(_panels(model, schema, avro.get((model.type, model.version)))),
    )


def _dates(model: type[Payload]) -> str:
    """`since 2026-11-27, sunset 2027-11-27`."""
    life = getattr(model, "lifecycle", ())
    return ", ".join(f"{name} {value}" for name, value in zip(getattr(life, "_fields", ()), life, strict=True) if value)


def _panels(model: type[Payload], schema: Any, avro: Any) -> Iterable[Panel]:
    titles = ("Example", "Every field") if len(example_files(model)) > 1 else ("Example",)
    for title, document in zip(titles, example_files(model).values(), strict=True):
        yield Panel(key=title.lower().replace(" ", "-"), title=title, text=_text(document))
    yield Panel(key="json-schema", title="JSON Schema", text=_text(schema))
    if avro is not None:
        yield Panel(key="avro", title="Avro", text=_text(avro))


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document, indent=2, ensure_ascii=False)
