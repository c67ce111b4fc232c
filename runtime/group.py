"""One function for several services: whatever it is called with goes to the handler that its manifest names.

    messages of the group's queue   to each consumer whose subscriptions pick them, a share of the batch each
    changes of a table              to the outbox relay of the service whose table it is
    an HTTP request                 to the API whose route it is
    a clock's call                  to the schedule's function

A share that fails as a whole (its code cannot be imported, its settings are missing) is given back; the others' are
done. A message for several consumers comes back until all of them are done with it: to those that were, it is a
duplicate. One that came by a rule and is for nobody here (its consumer has left the group) stays on the queue.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from functools import cache
from typing import Any, Final

from runtime.manifest import Consumer, Function, HttpApi, Service
from runtime.routing import check_routable, matches
from runtime.settings import CommaSeparated, Settings
from runtime.telemetry import logger
from runtime.topology import Group

ENVIRONMENT: Final[MutableMapping[str, str]] = os.environ  # noqa: TID251 - this is the composition root
#: A stage variable of the group's HTTP APIs: whose it is, where two have the same route.
API: Final = "api"

Handler = Callable[[Any, Any], Any]
Load = Callable[[Function], Handler]


class UnknownCall(ValueError):
    """It is nothing that any function of the group is called with."""


class GroupSettings(Settings):
    """Beside them, each service's own variables (see own_variable)."""

    group_name: str
    group_services: CommaSeparated


class GroupFunction:
    """Lambda entry point. `load` gives a function's own handler, and is asked when that is needed first."""

    def __init__(self, group: Group, load: Load) -> None:
        for consumer in group.consumers:
            for subscription in consumer.subscriptions:
                check_routable(subscription.pattern)
        self._group = group
        self._load = cache(load)

    def __call__(self, event: Any, context: Any) -> Any:
        """Raises UnknownCall, and what the handler raises."""
        records = event.get("Records") or ()
        if records and records[0].get("eventSource") == "aws:sqs":
            return self._consume(records, context)
        return self._load(self._function(event, records))(event, context)

    def _function(self, event: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> Function:
        if records and records[0].get("eventSource") == "aws:dynamodb":
            return self._relay(records[0])
        if "routeKey" in event or "http" in event.get("requestContext", {}):
            return self._api(event).function
        if event.get("source") == "aws.scheduler":
            return self._schedule(event)
        raise UnknownCall(f"{self._group.name} is called with {sorted(event)}, which none of its functions takes")

    def _consume(self, records: Sequence[Mapping[str, Any]], context: Any) -> dict[str, list[dict[str, str]]]:
        failed = dict.fromkeys(record["messageId"] for record in records if not self._takers(record["body"]))
        if failed:
            logger().error("no consumer in this group takes what came by a rule", extra={"message_ids": list(failed)})
        for consumer, share in self._shares(records):
            failed |= dict.fromkeys(self._run(consumer, share, context))
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    def _run(self, consumer: Consumer, share: Sequence[Mapping[str, Any]], context: Any) -> Sequence[str]:
        """The ids of the messages to be tried again."""
        try:
            answer = self._load(consumer.function)({"Records": list(share)}, context)
        except Exception:  # noqa: BLE001 - whatever it is, it fails this consumer's share and no other's
            logger().exception("a consumer failed as a whole", extra={"consumer": consumer.name})
            return [record["messageId"] for record in share]
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def _shares(self, records: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Consumer, list[Mapping[str, Any]]]]:
        shares: dict[str, list[Mapping[str, Any]]] = {consumer.name: [] for consumer in self._group.consumers}
        for record in records:
            for consumer in self._takers(record["body"]):
                shares[consumer.name].append(record)
        yield from ((c, share) for c in self._group.consumers if (share := shares[c.name]))

    def _takers(self, body: str) -> Sequence[Consumer]:
        """What came by no rule was sent straight to the queue, and is for who takes such: the first that does, where
        its type does not tell.
        """
        consumers, message = self._group.consumers, _message(body)
        if "detail-type" in message:
            return [c for c in consumers if any(matches(s.pattern, message) for s in c.subscriptions)]
        direct = [c for c in consumers if c.sent_directly]
        return [c for c in direct if message.get("type") in c.event_types] or direct[:1] or consumers[:1]

    def _relay(self, record: Mapping[str, Any]) -> Function:
        table = str(record.get("eventSourceARN", "")).partition("/")[2].partition("/")[0]
        owners = [s for s in self._group.services if s.relays and _is_named(table, s.name)]
        relays = owners[0].relays if owners else self._group.relays
        return relays[0].function

    def _api(self, event: Mapping[str, Any]) -> HttpApi:
        apis = [api for service in self._group.services for api in service.apis]
        named = (event.get("stageVariables") or {}).get(API)
        candidates = [api for api in apis if api.function.name == named] or apis
        route = event.get("routeKey")
        return next((api for api in candidates if route in api.routes), candidates[0])

    def _schedule(self, event: Mapping[str, Any]) -> Function:
        called = str(event.get("resources", [""])[0]).rpartition("/")[2]
        for schedule in self._group.schedules:
            if _is_named(called, schedule.function.name):
                return schedule.function
        raise UnknownCall(f"{self._group.name} has no schedule {called!r}")


def _message(body: str) -> Mapping[str, Any]:
    """An EventBridge event, or a CloudEvent (of several, the first); empty for what is neither."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    first = message[0] if isinstance(message, list) and message else message
    return first if isinstance(first, dict) else {}


def _is_named(deployed: str, name: str) -> bool:
    """Resources have their stage's prefix before their names."""
    return deployed == name or deployed.endswith(f"-{name}")


def own_variable(service: str, name: str) -> str:
    """What a variable is called that one of the group's services alone sees, under the name that it knows."""
    return f"{service.upper()}__{name}"


@cache
def _function() -> GroupFunction:
    settings = GroupSettings.from_env(ENVIRONMENT)
    services = {name: _manifest(name) for name in settings.group_services}
    owners = {function: name for name, service in services.items() for function in service.functions}
    group = Group(settings.group_name, tuple(services.values()))
    return GroupFunction(group, lambda function: _in_its_environment(owners[function], _handler(function)))


def _in_its_environment(service: str, handle: Handler) -> Handler:
    """Every service reads its own settings under their own names, at its first use."""
    prefix = own_variable(service, "")
    own = {name.removeprefix(prefix): value for name, value in ENVIRONMENT.items() if name.startswith(prefix)}

    def call(event: Any, context: Any) -> Any:
        ENVIRONMENT.update(own)
        return handle(event, context)

    return call


def _manifest(service: str) -> Service:
    found: Service = importlib.import_module(f"functions.{service}.manifest").SERVICE
    return found


def _handler(function: Function) -> Handler:
    module, _, name = function.handler.rpartition(".")
    found: Handler = getattr(importlib.import_module(module), name)
    return found


def handle(event: Any, context: Any) -> Any:
    return _function()(event, context)
