"""`new` and `bump`, each on a copy of the project that is then judged as the project is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.copied_tree import ROOT, CopiedTree

EXAMPLE = {
    "specversion": "1.0",
    "id": "o-1",
    "source": "/shop",
    "type": "order.parcel.shipped",
    "data": {
        "order_id": "ord_1",
        "amount": 4990,
        "currency": "EUR",
        "shipped_at": "2026-05-20T14:30:00Z",
        "express": True,
        "weight_kg": 1.25,
        "balance": -7,
        "contact": "ada@example.com",
        "track": "https://parcels.example/1",
        "period": "2026-05",
        "customer_name": "Zoë",
        "remark": None,
        "tags": [],
        "address": {"street": "Main 1", "country": {"code": "DE"}},
        "items": [{"sku": "a", "count": 1}, {"sku": "b", "gift": False}],
        "scans": [1, 2.5],
    },
}


def is_accepted(tree: CopiedTree) -> None:
    """By what judges the catalog's source in the project itself, with nothing left to derive from it."""
    cache = str(tree.root.parents[1] / "mypy")
    for command in (
        ("ruff", "check", "--no-cache", "events"),
        ("ruff", "format", "--no-cache", "--check", "--quiet", "events"),
        ("mypy", "--cache-dir", cache, "-p", "events"),
    ):
        result = tree.run(*command)
        assert result.returncode == 0, f"{command}: {result.stdout}{result.stderr}"
    for derived in ("schemas", "openapi"):
        result = tree.run("ops", derived, "write")
        assert (result.returncode, result.stdout) == (0, ""), result.stderr


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> CopiedTree:
    """With a type that was asked for field by field, and one that was guessed from an example."""
    tree = CopiedTree(tmp_path_factory.mktemp("grown"))
    (tree.root / "parcel.json").write_text(json.dumps(EXAMPLE))
    fields = ("invoice_id:identifier", "amount:money", "note:text?", "tags:name[]?", "seen:flag")
    asked = [part for field in fields for part in ("--field", field)]
    results = (
        tree.schemas("new", "billing.invoice.voided", "--doc", "An invoice is owed no more.", *asked),
        tree.schemas("new", "order.parcel.shipped", "--from-example", "parcel.json"),
    )
    assert [result.returncode for result in results] == [0, 0], results
    (tree.root / "told.txt").write_text("".join(result.stdout for result in results))
    return tree


def test_new_types_are_accepted_as_if_a_person_had_written_them(grown: CopiedTree) -> None:
    is_accepted(grown)


def test_a_new_type_s_model_stands_with_those_of_its_service(grown: CopiedTree) -> None:
    expected = '''\
class BillingInvoiceVoided(Payload):
    """An invoice is owed no more."""

    type = "billing.invoice.voided"

    invoice_id: Identifier
    amount: MinorUnits
    note: Annotated[str, Field(strict=True, min_length=1, max_length=1000)] | None = None
    tags: tuple[Name, ...] = ()
    seen: Annotated[bool, Field(strict=True)]
'''

    before, found, after = grown.read("events/catalog.py").partition(expected)

    assert found
    assert before.rstrip().rpartition("class ")[2].startswith("BillingInvoicePaymentFailed(")
    assert after.lstrip().startswith("class Channels(Open)")


def test_a_new_type_s_derived_files_are_written_and_the_next_steps_are_told(grown: CopiedTree) -> None:
    told = grown.read("told.txt")

    assert (grown.root / "events/schemas/billing.invoice.voided/v1.json").exists()
    assert "into `emits` in functions/billing/manifest.py:" in told
    assert 'event_types("order.parcel.shipped") in a Subscription' in told
    assert "remark is null in the example" in told
    assert "tags shows no item in the example" in told


def test_a_guessed_type_takes_its_example_and_refuses_another(grown: CopiedTree) -> None:
    wrong = EXAMPLE | {"data": EXAMPLE["data"] | {"amount": -1, "items": [{"gift": False}]}}
    (grown.root / "wrong.json").write_text(json.dumps(wrong))

    good, bad = grown.schemas("validate", "parcel.json"), grown.schemas("validate", "wrong.json")

    assert good.returncode == 0, good.stdout
    assert bad.returncode == 1
    assert "wrong.json:1: data.amount:" in bad.stdout
    assert "wrong.json:1: data.items.0.sku: Field required" in bad.stdout


def test_a_guessed_type_has_the_kinds_that_its_values_show(grown: CopiedTree) -> None:
    catalog = grown.read("events/catalog.py")

    for line in (
        "order_id: Identifier",
        "amount: MinorUnits",
        "currency: Currency",
        "shipped_at: Moment",
        "express: Annotated[bool, Field(strict=True)]",
        "weight_kg: Annotated[float, Field(strict=True, allow_inf_nan=False)]",
        "balance: Annotated[int, Field(strict=True, ge=-(2**53 - 1), le=2**53 - 1)]",
        "contact: EmailAddress",
        "track: WebUrl",
        "period: Period",
        "customer_name: Name",
        "address: OrderParcelShippedAddress",
        "country: OrderParcelShippedAddressCountry",
        "items: tuple[OrderParcelShippedItems, ...]",
        "count: Quantity | None = None",
        "scans: tuple[Annotated[float, Field(strict=True, allow_inf_nan=False)], ...]",
    ):
        assert f"    {line}\n" in catalog


def test_every_sample_of_a_new_type_is_judged_as_it_says(grown: CopiedTree) -> None:
    for kind, code in (("valid", 0), ("edge", 0), ("invalid", 1)):
        made = grown.schemas("sample", "order.parcel.shipped", "--kind", kind, "--event")
        (grown.root / "samples.ndjson").write_text(made.stdout)

        judged = grown.schemas("validate", "samples.ndjson", "--json")

        counts = json.loads(judged.stdout.splitlines()[-1])
        assert judged.returncode == code
        assert counts["valid" if code else "invalid"] == 0
        assert counts["valid"] + counts["invalid"] == made.stdout.count("\n")


@pytest.fixture(scope="module", params=["billing.invoice.issued", "customer.contact.updated"])
def bumped(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[CopiedTree, str, int]:
    tree = CopiedTree(tmp_path_factory.mktemp("bumped"))
    newest = max(int(path.stem[1:]) for path in (ROOT / "events/schemas" / request.param).glob("v*.json"))
    result = tree.schemas("bump", request.param, "--sunset", "2099-01-01")
    assert result.returncode == 0, result.stderr
    return tree, request.param, newest


def test_a_bumped_catalog_is_accepted(bumped: tuple[CopiedTree, str, int]) -> None:
    is_accepted(bumped[0])


def test_a_bump_keeps_the_old_version_beside_a_newest_that_has_the_plain_name(
    bumped: tuple[CopiedTree, str, int],
) -> None:
    tree, type_, old = bumped

    explained = json.loads(tree.schemas("explain", type_, "--json").stdout)
    old_one = json.loads(tree.schemas("explain", type_, "--version", old, "--json").stdout)

    assert (explained["version"], old_one["version"]) == (old + 1, old)
    assert old_one["model"] == f"{explained['model']}V{old}"
    assert explained["versions"][f"v{old}"].endswith("read until 2099-01-01 at least")
    assert explained["versions"][f"v{old + 1}"] == "active"


def test_a_bump_breaks_nobody_and_leaves_the_old_version_s_contract_as_it_was(
    bumped: tuple[CopiedTree, str, int],
) -> None:
    tree, type_, old = bumped

    gate = tree.schemas("check")

    assert gate.returncode == 0, gate.stdout + gate.stderr
    for path in (f"events/schemas/{type_}/v{old}.json", f"events/schemas/{type_}/v{old}.avsc"):
        assert tree.read(path) == (ROOT / path).read_text(encoding="utf-8")


def test_the_casts_of_a_bump_fail_their_test_and_say_what_to_write_until_it_is_written(
    bumped: tuple[CopiedTree, str, int],
) -> None:
    tree, type_, old = bumped
    files = ("tests/unit/test_old_versions.py", "tests/unit/test_begun_versions.py")
    plugins = [f"-pno:{name}" for name in ("cacheprovider", "schemathesis", "randomly", "xdist")]
    tests = ("pytest", "-vv", *plugins, *files, "-k", "stored or every_cast")
    examples = sorted((tree.root / "tests/unit/old_versions" / type_ / f"v{old}").glob("*.json"))

    unwritten = tree.run(*tests)
    for path in examples:
        example = json.loads(path.read_text())
        next_ = ({"lines": []} if "invoice" in type_ else {}) | example["event"]["data"]
        path.write_text(json.dumps(example | {"next": next_}))
    written = tree.run(*tests)

    assert unwritten.returncode == 1
    assert f"say here what this data is as v{old + 1}, then make " in unwritten.stdout
    assert written.returncode == 0, written.stdout


def test_the_sources_stay_as_they_are_when_nothing_can_be_derived_from_what_they_would_be(tmp_path: Path) -> None:
    tree = CopiedTree(tmp_path)
    line = 'functions = derived.ROOT / "functions"'
    tree.edit("ops/openapi.py", line, f"raise SystemExit('no disk')\n    {line}")
    before = tree.read("events/catalog.py")

    result = tree.schemas("new", "order.parcel.lost")

    assert result.returncode == 2
    assert "no disk" in result.stderr
    assert "the sources are as they were" in result.stderr
    assert tree.read("events/catalog.py") == before
