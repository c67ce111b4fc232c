"""`explain` and `sample`, and what `new` and `generate` make of their arguments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.authoring.inference import BadExample, data_in, inferred
from contracts.authoring.kinds import KINDS, BadField, field_spec
from contracts.authoring.new_type import BadType, refuse_bad_type, with_new_type
from events.catalog import CATALOG, TYPES
from tests.unit.schemas_cli import schemas, validated

ROOT = Path(__file__).parents[2]
CATALOG_SOURCE = (ROOT / "events/catalog.py").read_text()
PAID = "billing.invoice.paid"


# --- explain


def test_an_explanation_says_what_it_is_who_has_it_and_where(tmp_path: Path) -> None:
    told = schemas("explain", PAID).stdout

    assert "An invoice was paid in full." in told
    assert "amount       required  whole number, 0 to 9,007,199,254,740,991 (integer minor units" in told
    assert "payment_id   optional  text, 1 to 128 characters" in told
    assert "billing  functions/billing/manifest.py:" in told
    assert "notification of notification  functions/notification/handler.py:" in told
    assert "FULL_TRANSITIVE" in told


@pytest.mark.parametrize(("type_", "version"), sorted(CATALOG))
def test_every_type_and_version_is_explained_with_an_example_that_is_valid(type_: str, version: int) -> None:
    explained = json.loads(schemas("explain", type_, "--version", version, "--json").stdout)

    path, line = explained["where"].split(":")
    source = (ROOT / path).read_text().splitlines()
    assert source[int(line) - 1].startswith(f"class {explained['model']}(")
    assert f"events/schemas/{type_}/v{version}.json" in explained["files"]
    assert all((ROOT / file).is_file() for file in explained["files"])
    assert [f["name"] for f in explained["fields"]] == list(CATALOG[type_, version].model_fields)
    assert validated(json.dumps(explained["example"])).exit_code == 0
    assert explained["sent_by"]


def test_an_explanation_names_the_line_of_each_place(tmp_path: Path) -> None:
    explained = json.loads(schemas("explain", PAID, "--json").stdout)

    for where in [*explained["sent_by"].values(), *", ".join(explained["read_by"].values()).split(", ")]:
        path, line = where.split(":")
        text = (ROOT / path).read_text().splitlines()[int(line) - 1]
        assert PAID in text or text.startswith("def consume(")


def test_an_old_version_is_explained_with_its_end() -> None:
    told = schemas("explain", "customer.contact.updated", "--version", 1).stdout

    assert "newest: v2" in told
    assert "v1  deprecated since 2026-11-27, read until 2027-11-27 at least" in told


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("billing.invoce.paid", "did you mean billing.invoice.paid"),
        ("usage", "did you mean ingestion.usage.recorded or partner.usage.reported"),
        ("zzz", "`python -m ops schemas explain` lists what is"),
    ],
)
def test_a_type_that_is_not_there_gets_those_that_are_close(typed: str, hint: str) -> None:
    result = schemas("explain", typed)

    assert result.exit_code == 2
    assert hint in result.stderr


def test_a_version_that_is_not_there_gets_those_that_are() -> None:
    result = schemas("explain", "customer.contact.updated", "--version", 9)

    assert result.exit_code == 2
    assert "has no version 9; it has 1, 2" in result.stderr


def test_without_a_type_all_types_are_listed() -> None:
    listed, told = json.loads(schemas("explain", "--json").stdout), schemas("explain").stdout

    assert {each["type"] for each in listed} == TYPES
    assert all(type_ in told for type_ in TYPES)


# --- sample


@pytest.mark.parametrize(("kind", "code"), [("valid", 0), ("edge", 0), ("invalid", 1)])
@pytest.mark.parametrize("event", [True, False])
def test_samples_can_be_handed_on_to_be_validated(kind: str, code: int, event: bool) -> None:
    made = schemas("sample", "billing.invoice.issued", "--kind", kind, *(["--event"] if event else []))

    judged = validated(made.stdout, *([] if event else ["--type", "billing.invoice.issued"]), "--json")

    counts = json.loads(judged.stdout.strip().split("\n")[-1])
    assert judged.exit_code == code
    assert counts["invalid" if code else "valid"] == made.stdout.count("\n") > 0
    assert counts["valid" if code else "invalid"] == 0


def test_what_is_wrong_with_a_fault_stands_beside_it_or_on_stderr() -> None:
    beside = schemas("sample", PAID, "--kind", "invalid", "--why")
    apart = schemas("sample", PAID, "--kind", "invalid")

    first = json.loads(beside.stdout.split("\n")[0])
    assert first.keys() == {"data", "field", "why"}
    assert apart.stderr.startswith(f"1: {first['field']}: {first['why']}\n")
    assert json.loads(apart.stdout.split("\n")[0]) == first["data"]
    assert beside.stderr == ""


def test_a_sample_of_an_old_version_is_asked_for_by_its_number() -> None:
    old = json.loads(schemas("sample", "customer.contact.updated", "--version", 1, "--event").stdout)

    assert old["dataschema"].endswith(":v1")
    assert "channels" not in old["data"]


# --- new


@pytest.mark.parametrize(
    ("type_", "message"),
    [
        (PAID, "python -m ops schemas bump billing.invoice.paid"),
        ("aws.thing.happened", "is AWS's"),
        ("billing.paid", "who.what.happened"),
        ("Billing.invoice.paid", "who.what.happened"),
        ("billing.invoice.paid!", "who.what.happened"),
        ("billing..paid", "who.what.happened"),
        (f"a.b.{'c' * 125}", "128 characters at most"),
        ("customer.contact.updated_v1", "CustomerContactUpdatedV1"),
    ],
)
def test_a_type_that_cannot_be_is_refused_with_what_to_do(type_: str, message: str) -> None:
    with pytest.raises(BadType, match=message.replace(".", r"\.")):
        refuse_bad_type(type_, CATALOG_SOURCE)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([PAID], "bump"),
        (["order.parcel.shipped", "--field", "size:huge"], "'huge' is no kind of field: identifier, name"),
        (["order.parcel.shipped", "--field", "size"], "is no field: say name:kind"),
        (["order.parcel.shipped", "--field", "a:flag", "--field", "a:text"], "a: each field once"),
        (["order.parcel.shipped", "--from-example", "nowhere.json"], "nowhere.json: No such file"),
    ],
)
def test_wrong_use_of_new_changes_nothing(args: list[str], message: str) -> None:
    result = schemas("new", *args)

    assert result.exit_code == 2
    assert message in result.stderr
    assert (ROOT / "events/catalog.py").read_text() == CATALOG_SOURCE


@pytest.mark.parametrize("name", ["Size", "class", "type", "version", "lifecycle", "model_name", "copy", "a b", "_x"])
def test_a_field_cannot_have_a_name_that_models_or_python_need(name: str) -> None:
    with pytest.raises(BadField):
        field_spec(f"{name}:text")


def test_every_kind_of_field_can_be_had_optional_and_many() -> None:
    suffixes = ("", "?", "[]", "[]?")
    fields = [field_spec(f"{kind}_{i}:{kind}{suffix}") for kind in KINDS for i, suffix in enumerate(suffixes)]

    source = with_new_type(CATALOG_SOURCE, "order.parcel.shipped", fields=fields)

    compile(source, "catalog", "exec")
    assert "    url_0: WebUrl\n    url_1: WebUrl | None = None\n    url_2: tuple[WebUrl, ...]\n" in source
    assert "    url_3: tuple[WebUrl, ...] = ()\n" in source


def test_help_lists_the_kinds_of_field() -> None:
    told = schemas("new", "--help").stdout

    assert all(kind in told for kind in KINDS)


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ([], "must be a JSON object"),
        ({"specversion": "1.0", "type": "a.b.d", "data": {}}, "is of type a.b.d, not a.b.c"),
        ({"detail-type": "a.b.c", "detail": {"specversion": "1.0", "type": "a.b.c", "data": []}}, "data must be"),
        ({"huge": 2**60}, "no JSON reader keeps that exact"),
        ({"mixed": [1, "a"]}, "different things"),
        ({"nested": [[1]]}, "list of lists"),
    ],
)
def test_an_example_that_shows_no_fields_is_refused(example: Any, message: str) -> None:
    with pytest.raises(BadExample, match=message):
        inferred(data_in(example, "a.b.c"), "ABC")


def test_a_list_s_kind_is_one_that_all_its_items_have() -> None:
    data = {"a": [1, -1], "b": [1, 2**40], "c": ["x", "ada@example.com"], "d": [0.5, 1]}

    found = {spec.name: spec.annotation for spec in inferred(data, "ABC").fields}

    assert found["a"].startswith("Annotated[int")
    assert found["b"] == "Total"
    assert found["c"].startswith("Annotated[str")
    assert found["d"].startswith("Annotated[float")


# --- generate


def test_a_package_of_types_that_are_not_there_is_refused(tmp_path: Path) -> None:
    result = schemas("generate", "--lang", "python", "--out", tmp_path / "x", "--types", "billing.invoice.payd")

    assert result.exit_code == 2
    assert "did you mean billing.invoice.paid" in result.stderr
    assert not (tmp_path / "x").exists()
