from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from contracts.asyncapi import ELSEWHERE, company_document, service_document
from contracts.company import SERVICES, routes
from contracts.eventbridge_binding import NAME, OBJECTS
from events.catalog import CATALOG, TYPES
from events.envelope import CloudEvent
from tests.node.packages import JUDGES, installed, run_node

ROOT = Path(__file__).parents[2]
DOCUMENTS = {"company": company_document(), **{service.name: service_document(service) for service in SERVICES}}
EACH = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)

ERROR, WARNING = 0, 1


#: What makes the company's document a wrong one.
BREAKAGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "unknown action": lambda d: d["operations"]["billing.send.billing.invoice.paid"].update(action="shout"),
    "unknown binding": lambda d: d["channels"]["billing.invoice.paid"].update(bindings={"eventbridge": {}}),
    "unknown type": lambda d: d["components"]["schemas"]["billing.invoice.paid.v1"].update(type="money"),
    "operation without its channel": lambda d: d["channels"].pop("billing.invoice.paid"),
}


def objections_to(*files: Path) -> dict[str, list[dict[str, Any]]]:
    """File -> what AsyncAPI's own parser holds against it, informations and hints left out."""
    result = run_node(JUDGES / "asyncapi.cjs", installed(JUDGES), *files)
    assert result.returncode == 0, result.stderr
    return {
        Path(report["file"]).stem: [d for d in report["diagnostics"] if d["severity"] in (ERROR, WARNING)]
        for report in json.loads(result.stdout)
    }


def test_the_official_parser_has_nothing_against_the_committed_documents() -> None:
    files = [ROOT / "events" / "asyncapi.json", *(ROOT / "events" / "asyncapi").glob("*.json")]

    assert objections_to(*files) == {"asyncapi": [], **{service.name: [] for service in SERVICES}}


def test_the_official_parser_objects_to_each_broken_document(tmp_path: Path) -> None:
    for name, breaks in BREAKAGES.items():
        document = company_document()
        breaks(document)
        (tmp_path / f"{name}.json").write_text(json.dumps(document))

    objections = objections_to(*tmp_path.iterdir())

    assert objections.keys() == BREAKAGES.keys()
    assert all(objections.values())


def test_the_company_s_document_has_every_event_type_and_every_version() -> None:
    document = DOCUMENTS["company"]

    assert document["channels"].keys() == TYPES
    assert document["components"]["messages"].keys() == {f"{type_}.v{version}" for type_, version in CATALOG}


def test_every_service_sends_and_takes_in_what_its_manifest_says() -> None:
    for service in SERVICES:
        operations = DOCUMENTS[service.name]["operations"]
        sent = {name for name, operation in operations.items() if operation["action"] == "send"}
        received = {name for name, operation in operations.items() if operation["action"] == "receive"}

        assert sent == {f"{service.name}.send.{type_}" for type_ in service.emits}
        assert received == {f"{route.rule}.receive.{route.type}" for route in routes([service])}
        assert operations.items() <= DOCUMENTS["company"]["operations"].items()


def test_a_service_s_document_leaves_out_what_it_has_nothing_to_do_with() -> None:
    assert "customer.contact.updated" not in DOCUMENTS["billing"]["channels"]
    assert "customer.contact.updated.v1" not in DOCUMENTS["billing"]["components"]["schemas"]


def test_systems_that_are_not_ours_are_named_as_such() -> None:
    channels = DOCUMENTS["company"]["channels"]

    assert channels["customer.contact.updated"]["x-producers"] == ["ingestion", ELSEWHERE]
    assert channels["notification.message.sent"]["x-consumers"] == [ELSEWHERE]
    assert channels["billing.invoice.paid"]["x-consumers"] == ["notification"]


@EACH
def test_every_message_s_examples_are_what_its_payload_and_headers_say(document: dict[str, Any]) -> None:
    components = document["components"]
    headers = components["messageTraits"]["CloudEventOnEventBridge"]["headers"]
    for message in components["messages"].values():
        payload = jsonschema.Draft202012Validator({**message["payload"], "components": components})
        for example in message["examples"]:
            assert list(payload.iter_errors(example["payload"])) == []
            assert list(jsonschema.Draft202012Validator(headers).iter_errors(example["headers"])) == []
        assert not payload.is_valid({**message["examples"][0]["payload"], "data": {}})


def test_the_envelope_has_every_attribute_that_a_cloudevent_has() -> None:
    attributes = DOCUMENTS["company"]["components"]["schemas"]["CloudEvent"]["properties"].keys()

    assert CloudEvent.model_fields.keys() - {"data", "data_base64", "extensions"} <= attributes


def test_the_binding_s_page_says_every_field_of_every_object_and_no_other() -> None:
    page = (ROOT / "docs" / "asyncapi-eventbridge-binding.md").read_text()
    sections = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    tables = {
        section.splitlines()[0]: re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", section, re.MULTILINE)
        for section in sections
    }

    for model in OBJECTS:
        fields = [(field.alias, field.description) for field in model.model_fields.values()]
        assert tables[model.__name__.removesuffix("Binding")] == fields


def test_the_binding_s_page_shows_what_the_documents_have() -> None:
    page = (ROOT / "docs" / "asyncapi-eventbridge-binding.md").read_text()
    shown = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    document = DOCUMENTS["company"]

    assert shown == [
        {NAME: document["channels"]["billing.invoice.paid"]["bindings"][NAME]},
        document["operations"]["notification-invoices.receive.billing.invoice.paid"]["bindings"],
    ]
