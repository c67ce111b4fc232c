"""Payloads with what no type of the catalog has, and one might. They are not in it: it was made before they were."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

import events.catalog  # noqa: F401 - before the classes below
from events.payload import EmailAddress, Identifier, Moment, Open, Payload


class Size(Open):
    unit: Literal["cm", "inch"]
    sides: Annotated[tuple[Annotated[int, Field(strict=True, gt=0, lt=10)], ...], Field(min_length=1, max_length=3)]


class Node(Open):
    """It holds others like it."""

    field: str
    children: tuple[Node, ...] = ()
    best: Node | None = None


class Unusual(Payload):
    """A unicorn; with */ and \"\"\" and \\ in its words."""

    type = "made.up.unusual"
    version = 3

    plate: Annotated[str, Field(strict=True, pattern=r"^[A-Z]{1,3}-\d{2,4}(E|H)?$", max_length=10)]
    ratio: Annotated[float, Field(strict=True, ge=0, le=1)]
    fragile: Annotated[bool, Field(strict=True)]
    sizes: dict[str, Size]
    owner: EmailAddress | Identifier
    extra: Identifier
    node: Node
    nodes: dict[str, Node] | None = None
    mixed: Node | Identifier | None = None
    nothing: Identifier | None
    anything: Any = None
    deadline: Moment | None = None
    fixed: Literal["yes"] = "yes"
    shades: tuple[Literal["light", "dark"], ...] = ()


class Empty(Payload):
    type = "made.up.empty"
