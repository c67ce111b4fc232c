"""Manifests whose `emits` is not what the code makes.

A payload counts as sent when the code makes one: calls its model, or validates data into it, also where the class
came as an argument. A class that is looked up (`CATALOG[type_, 1]`) is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from contracts.wiring.picture import Picture, Problem
from runtime.manifest import Service


def of_code(picture: Picture) -> Iterator[Problem]:
    for service in picture.services:
        for type_ in service.emits:
            if type_ in picture.types and not _sends(picture, service, type_):
                message = f"emits {type_}, but its code never makes one"
                yield picture.in_emits(service, type_, message, "send it, or take it out of emits")
        for type_, where in sorted(_made(picture, service).items()):
            if type_ not in service.emits:
                message = f"does not emit {type_}, but makes one in {where}"
                yield picture.in_emits(
                    service, type_, message, "add it to emits: others can only rely on what is there"
                )


def _sends(picture: Picture, service: Service, type_: str) -> bool:
    """It makes it. Or it is made elsewhere, and the code at least speaks of it: then it passes it on."""
    own = [built for built in picture.built if (built.service, built.type) == (service.name, type_)]
    return bool(own) if picture.is_produced_elsewhere(type_) else any(not built.named for built in own)


def _made(picture: Picture, service: Service) -> dict[str, str]:
    """Type -> the first place where one is made."""
    own = [built for built in picture.built if built.service == service.name and not built.named]
    return {built.type: built.where for built in reversed(own)}
