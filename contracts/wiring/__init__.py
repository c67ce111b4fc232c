"""Whether the services fit together: every rule can match, everything sent is taken, everything taken is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from contracts.company import SERVICES, SOURCES
from contracts.readers import facts
from contracts.readers.reading import ROOT, Built
from contracts.readers.rules import Catalog
from contracts.wiring.batched import of_batched
from contracts.wiring.code import of_code
from contracts.wiring.picture import Picture, Problem
from contracts.wiring.routes import of_routes
from contracts.wiring.rules import of_rules
from events.catalog import CATALOG
from runtime.manifest import Service

__all__ = ["Problem", "problems"]


def problems(
    services: Sequence[Service] = SERVICES,
    *,
    catalog: Catalog = CATALOG,
    sources: Mapping[str, str] = SOURCES,
    built: Sequence[Built] | None = None,
    root: Path = ROOT,
) -> list[Problem]:
    """Every problem there is, by file and line. `built` is inferred from the services' code unless it is given.

    Rules on the account's default bus are not judged: what AWS's own services send is not in the catalog. Raises
    UnreadableSource for code that does not parse.
    """
    known = facts(services, root).built if built is None else built
    picture = Picture(services=services, catalog=catalog, sources=sources, built=known, root=root)
    return sorted({*of_rules(picture), *of_routes(picture), *of_batched(picture), *of_code(picture)})
