"""One event in several versions, for producers in a migration: readers of each find one that they can read."""

from __future__ import annotations

from collections.abc import Sequence

from events.catalog import payload_of, readable_versions
from events.envelope import CloudEvent
from events.upcasting import downcast
from events.versions import OLDER_VERSIONS, dataschema, version_of


def in_versions(event: CloudEvent) -> tuple[CloudEvent, ...]:
    """The event, and the same event in each older version that is not retired; the newest first.

    All share its identity: who reads several of them applies the first. Each but the oldest names the older ones, so
    that who does not know it yet may let it pass. Raises InvalidEvent for data that does not fit, and ValueError for
    an event that is not in its type's newest version.
    """
    data, version = payload_of(event).to_data(), version_of(event)
    *older, newest = readable_versions(event.type)
    if version != newest:
        raise ValueError(f"{event.type} v{version} is not the newest: give it in v{newest}")
    return (
        _naming(event, older),
        *(
            _naming(_with(event, downcast(data, event.type, newest, old), old), older[:place])
            for place, old in reversed([*enumerate(older)])
        ),
    )


def _with(event: CloudEvent, data: dict[str, object], version: int) -> CloudEvent:
    return event.model_copy(update={"data": data, "dataschema": dataschema(event.type, version)})


def _naming(event: CloudEvent, older: Sequence[int]) -> CloudEvent:
    if not older:
        return event
    return event.model_copy(update={"extensions": {**event.extensions, OLDER_VERSIONS: ",".join(map(str, older))}})
