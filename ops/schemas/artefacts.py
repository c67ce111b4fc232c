"""What is derived from the catalog and committed: one file after another, path -> document."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from contracts.asyncapi import company_document, service_document
from contracts.avro import avro_of
from contracts.company import SERVICES
from contracts.examples import example_files
from contracts.json_schema import schema_of
from contracts.page.render import catalog_page
from events.catalog import CATALOG
from ops import derived

FOLDER: Final = derived.ROOT / "events" / "schemas"
PAGE: Final = derived.ROOT / "docs" / "catalog.html"
ASYNCAPI: Final = derived.ROOT / "events" / "asyncapi"
EXAMPLES: Final = derived.ROOT / "events" / "examples"


def documents() -> dict[Path, Any]:
    """Every derived file of the contract. What else is derived joins here."""
    derived_documents = {
        **{FOLDER / type_ / f"v{version}.json": schema_of(model) for (type_, version), model in CATALOG.items()},
        **{FOLDER / type_ / f"v{version}.avsc": avro_of(model) for (type_, version), model in CATALOG.items()},
        **_examples(),
        ASYNCAPI.with_suffix(".json"): company_document(),
        **{ASYNCAPI / f"{service.name}.json": service_document(service) for service in SERVICES},
    }
    return {**derived_documents, PAGE: catalog_page(_avro(derived_documents))}


def _avro(documents: Mapping[Path, Any]) -> dict[tuple[str, int], Any]:
    """The Avro schemas among the documents, by event type and version: `<type>/v<N>.avsc`."""
    return {
        (path.parent.name, int(path.stem.removeprefix("v"))): document
        for path, document in documents.items()
        if path.suffix == ".avsc"
    }


def _examples() -> dict[Path, Any]:
    return {
        EXAMPLES / model.type / name: document
        for model in CATALOG.values()
        for name, document in example_files(model).items()
    }
