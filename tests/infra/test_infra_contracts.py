"""The contracts as AWS is told of them: all releases on Glue, the newest on EventBridge, services' own beside them."""

from __future__ import annotations

import json
from datetime import date

import pytest
from aws_cdk import App, Stack
from botocore.session import Session
from botocore.validate import ParamValidator

from contracts.compatibility.verdict import Mode
from contracts.releases import InvalidRelease, Release, released
from events.catalog import CATALOG
from events.versions import Active
from infra.components.contract import publish_contract
from infra.components.relations import BrokenRelation
from infra.components.schema_registry import SchemaRegistry, distinct
from infra.config import stage_named
from infra.stacks.contracts import ContractsStack
from runtime.contract import Contract, contract_of, schema_key
from runtime.manifest import Service
from tests.infra.templates import SERVICES, STACKS, Template


@pytest.fixture(params=["dev", "prod"])
def contracts(request, assemblies):
    return assemblies[request.param].stacks["Contracts"]


@pytest.fixture
def history():
    """(type, version) -> its releases, as the gate reads them: what is not released yet is not in it."""
    return released()


def schemas_in(template: Template):
    """(type, version) -> logical id and properties of its schema on Glue."""
    return {schema_key(p["Name"]): (name, p) for name, p in template.of_type("AWS::Glue::Schema").items()}


def test_every_version_that_was_released_is_a_schema_on_glue_that_begins_with_its_first_release(contracts, history):
    (registry,) = contracts.of_type("AWS::Glue::Registry")
    schemas = schemas_in(contracts)

    assert set(schemas) == set(history)
    for key, (_, schema) in schemas.items():
        assert schema["DataFormat"] == "AVRO"
        assert schema["Registry"] == {"Arn": {"Fn::GetAtt": [registry, "Arn"]}}
        assert json.loads(schema["SchemaDefinition"]) == history[key][0].avro


def test_glue_judges_new_versions_in_the_mode_of_the_newest_release(contracts, history):
    for key, (_, schema) in schemas_in(contracts).items():
        assert schema["Compatibility"] == history[key][-1].compatibility.replace("_TRANSITIVE", "_ALL")


def test_eventbridge_shows_the_newest_release_of_every_version_of_the_catalog(contracts, history):
    schemas = {schema_key(s["SchemaName"]): s for s in contracts.of_type("AWS::EventSchemas::Schema").values()}

    assert set(schemas) == set(history) & set(CATALOG)
    for (type_, version), schema in schemas.items():
        named = json.loads(schema["Content"])["components"]["schemas"]
        event, payload = named["AWSEvent"], history[type_, version][-1].json_schema
        assert schema["Type"] == "OpenApi3"
        assert len(schema["Content"]) < 100_000
        assert event["x-amazon-events-detail-type"] == type_
        assert set(named[payload["title"]]["properties"]) == set(payload["properties"])


def test_what_has_left_the_catalog_stays_on_glue(monkeypatch, tmp_path, history):
    gone, *rest = history
    monkeypatch.setattr("infra.stacks.contracts.CATALOG", {key: CATALOG[key] for key in rest})
    app = App(outdir=str(tmp_path))
    ContractsStack(app, "Contracts", stage=stage_named("dev"))
    app.synth()
    template = Template(tmp_path / "Contracts.template.json")

    shown = {schema_key(s["SchemaName"]) for s in template.of_type("AWS::EventSchemas::Schema").values()}

    assert gone in schemas_in(template)
    assert gone not in shown


def test_eventbridge_is_told_who_sends_what_unless_others_send_it_too(contracts):
    documents = [json.loads(s["Content"]) for s in contracts.of_type("AWS::EventSchemas::Schema").values()]
    events = [document["components"]["schemas"]["AWSEvent"] for document in documents]
    elsewhere = {type_ for (type_, _), model in CATALOG.items() if model.produced_elsewhere}

    told = {e["x-amazon-events-detail-type"]: e.get("x-amazon-events-source") for e in events}

    senders = {t: f"{s.name}-service" for s in SERVICES.values() for t in s.emits if t not in elsewhere}
    assert told == {type_: senders.get(type_) for type_ in told}


def test_the_contracts_need_no_rights_and_give_none(contracts):
    kinds = {resource["Type"] for resource in contracts.body["Resources"].values()}

    assert {kind.split("::")[1] for kind in kinds} == {"Glue", "EventSchemas"}


def test_every_service_publishes_what_it_sends_and_reads(assembly):
    for stack, service in SERVICES.items():
        (parameter,) = assembly.stacks[stack].of_type("AWS::SSM::Parameter").values()

        assert parameter["Name"] == f"/breakwater/{assembly.stage}/contracts/{service.name}"
        assert Contract.parse(parameter["Value"]) == contract_of(service)
        assert (parameter["Type"], parameter["Tier"]) == ("String", "Standard")
        assert len(parameter["Value"].encode()) <= 4096


def test_the_emulator_has_no_stack_of_contracts():
    assert "Contracts" not in STACKS["embedded"]
    assert not stage_named("embedded").schema_registry


def test_the_registries_own_apis_would_take_what_the_template_says(contracts):
    """No emulator has EventBridge's registry: its API's model is the judge, and Glue's beside it."""
    asked = [
        ("schemas", "CreateRegistry", contracts.of_type("AWS::EventSchemas::Registry")),
        ("schemas", "CreateSchema", contracts.of_type("AWS::EventSchemas::Schema")),
        ("glue", "CreateRegistry", contracts.of_type("AWS::Glue::Registry")),
    ]

    for service, operation, resources in asked:
        shape = Session().get_service_model(service).operation_model(operation).input_shape
        for name, properties in resources.items():
            said = {"RegistryName" if key == "Name" else key: properties[key] for key in properties.keys() - {"Tags"}}
            report = ParamValidator().validate(said, shape)
            assert not report.has_errors(), f"{name}: {report.generate_report()}"
            assert said.keys() <= shape.members.keys()


# What several releases of one schema become.


def release(revision: int, *fields: str, mode: str = "FULL_TRANSITIVE", doc: str = "") -> Release:
    avro = {
        "type": "record",
        "name": "Order",
        "doc": doc,
        "fields": [{"name": name, "type": ["null", "string"], "default": None} for name in fields],
    }
    return Release(
        type="order.placed",
        version=1,
        revision=revision,
        released=date(2026, 11, 27),
        compatibility=Mode(mode),
        lifecycle=Active(),
        json_schema={},
        avro=avro,
    )


def synthesised(tmp_path, *releases: Release, stage: str = "dev") -> Template:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Orders")
    SchemaRegistry(stack, "Glue", histories={("order.placed", 1): releases}, stage=stage_named(stage))
    app.synth()
    return Template(tmp_path / "Orders.template.json")


def test_each_release_is_a_version_of_its_own_registered_after_the_one_before(tmp_path):
    template = synthesised(tmp_path, release(1, "a"), release(2, "a", "b"), release(3, "a", "b", "c"))

    (schema,) = template.of_type("AWS::Glue::Schema")
    versions = template.of_type("AWS::Glue::SchemaVersion")
    second, third = sorted(versions, key=lambda name: len(versions[name]["SchemaDefinition"]))
    resources = template.body["Resources"]
    assert all(v["Schema"] == {"SchemaArn": {"Fn::GetAtt": [schema, "Arn"]}} for v in versions.values())
    assert '"name":"b"' in versions[second]["SchemaDefinition"]
    assert resources[second]["DependsOn"] == [schema]
    assert resources[third]["DependsOn"] == [second]


def test_a_new_release_changes_nothing_of_what_is_registered(tmp_path):
    before = synthesised(tmp_path / "1", release(1, "a"), release(2, "a", "b"))
    after = synthesised(tmp_path / "2", release(1, "a"), release(2, "a", "b"), release(3, "a", "b", "c"))

    assert before.body["Resources"].items() <= after.body["Resources"].items()


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_version_goes_with_its_schema_and_not_before(tmp_path, stage):
    template = synthesised(tmp_path, release(1, "a"), release(2, "a", "b"), stage=stage)

    policies = {r["Type"]: r["DeletionPolicy"] for r in template.body["Resources"].values()}
    kept = "RetainExceptOnCreate" if stage == "prod" else "Delete"
    assert policies == {
        "AWS::Glue::Registry": kept,
        "AWS::Glue::Schema": kept,
        "AWS::Glue::SchemaVersion": "RetainExceptOnCreate",
    }


def test_what_avro_cannot_tell_apart_is_one_version(tmp_path):
    """Glue finds the same canonical form there, and CloudFormation would fail: it exists."""
    releases = release(1, "a"), release(2, "a", doc="better told"), release(3, "a", "b"), release(4, "a")

    template = synthesised(tmp_path, *releases)

    assert [r.revision for r in distinct(releases)] == [1, 3]
    assert len(template.of_type("AWS::Glue::SchemaVersion")) == 1


def test_all_versions_are_compared_in_a_transitive_mode_and_the_latest_in_another(tmp_path):
    (all_of_them,) = (
        synthesised(tmp_path / "1", release(1, "a"), release(2, "a", "b")).of_type("AWS::Glue::Schema").values()
    )
    (latest,) = (
        synthesised(tmp_path / "2", release(1, "a"), release(2, "a", "b", mode="BACKWARD"))
        .of_type("AWS::Glue::Schema")
        .values()
    )

    assert (all_of_them["Compatibility"], all_of_them["CheckpointVersion"]) == ("FULL_ALL", {"VersionNumber": 1})
    assert (latest["Compatibility"], latest["CheckpointVersion"]) == ("BACKWARD", {"IsLatest": True})
    assert "release 2" in latest["Description"]  # what moves the mark


def test_a_contract_that_a_standard_parameter_cannot_hold_stops_synthesis(monkeypatch):
    service = Service(name="verbose", emits=(), consumers=())
    monkeypatch.setattr("infra.components.contract.contract_of", lambda _: Contract(emits={"x" * 4096: (1,)}, reads={}))

    with pytest.raises(BrokenRelation, match=r"verbose: its contract has 4\d+ bytes, a standard parameter holds 4096"):
        publish_contract(Stack(App(), "S"), service, stage=stage_named("dev"))


def test_a_file_that_is_no_release_stops_synthesis(tmp_path, monkeypatch):
    (tmp_path / "stray.json").write_text("{}")
    (tmp_path / "a.b" / "v1").mkdir(parents=True)
    (tmp_path / "a.b" / "v1" / "first.json").write_text("{}")
    monkeypatch.setattr("infra.stacks.contracts.released", lambda: released(tmp_path))

    with pytest.raises(InvalidRelease, match=r"first\.json is no release"):
        ContractsStack(App(), "Contracts", stage=stage_named("dev"))
