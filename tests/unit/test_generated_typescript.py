"""The TypeScript package: tsc passes it at its strictest, and our own code understands what a program sends with it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from contracts.generate.typescript_package import typescript_package
from contracts.shapes import contract_of
from events.envelope import CloudEvent, derived_id
from tests.node.packages import run_node, run_tool
from tests.unit.generated_builders import as_lines, code_blocks, every_sample, generated, names_of_all_types
from tests.unit.ingestion_server import serving
from tests.unit.unusual_payloads import Empty, Unusual

PROGRAMS = Path(__file__).with_name("generated_programs")


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of another team, with the package built and installed, and its own programs compiled."""
    project = tmp_path_factory.mktemp("team")
    package = generated("typescript", project / "node_modules/@breakwater/events")
    assert tsc(package) == ""
    for program in PROGRAMS.iterdir():
        shutil.copy(program, project)
    for number, block in enumerate(code_blocks(package / "README.md", "ts")):
        (project / f"readme{number}.ts").write_text(block)
    (project / "package.json").write_text('{"type": "module"}')
    options = json.loads((package / "tsconfig.json").read_text())["compilerOptions"]
    config = {"compilerOptions": options | {"rootDir": ".", "outDir": "out"}, "include": ["*.ts"]}
    (project / "tsconfig.json").write_text(json.dumps(config))
    return project


def tsc(folder: Path) -> str:
    result = run_tool("typescript/bin/tsc", "-p", folder)
    return result.stdout if result.returncode else ""


def test_programs_and_the_readme_s_examples_compile_and_what_is_wrong_does_not(team: Path) -> None:
    assert tsc(team) == ""


def test_a_program_s_events_are_taken_in_by_the_ingestion_api(team: Path) -> None:
    assert tsc(team) == ""
    with serving() as ingestion:
        ingestion.outages = 1
        ingestion.refused = {"u-1", "u-5"}

        result = run_node(team / "out" / "client.js", ingestion.url)

    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert [event.id for event in ingestion.queued] == ["u-1", "u-3", "u-5"]
    assert ingestion.requests[0] == ingestion.requests[1] == ingestion.requests[2]
    assert all(headers["x-signed"] == str(len(body)) for headers, body in ingestion.requests)
    assert told["rejected"]["status"] == 422
    assert [error["field"] for error in told["rejected"]["errors"]] == ["data.quantity"]
    assert not told["rejected"]["retryable"]
    assert [r["status"] for r in told["batch"]["results"]] == ["accepted", "rejected", "accepted"]
    assert [r["index"] for r in told["batch"]["results"]] == [0, 1, 2]
    assert (told["batch"]["accepted"], told["batch"]["rejected"], told["batch"]["failed"]) == (2, 1, 0)
    assert (told["closed"]["status"], told["closed"]["retryable"]) == (0, True)
    assert len(told["slept"]) == 5
    assert max(told["slept"]) >= 1000, "Retry-After"
    assert told["derived"] == derived_id("Zoë \U0001d4b5\u2028\x7f", 7, 'a"b\\\n')
    assert told["unpublished"] == [["wrong", "MalformedDetail"]]
    assert told["calls"] == [["ok", "wrong", "again"], ["again"]]
    assert told["tooLarge"] == ["TooLarge"]
    assert told["entry"]["Source"] == "/partners/acme"
    assert told["entry"]["Time"] == "2026-05-20T14:30:00.000Z"
    assert CloudEvent.parse(told["entry"]["Detail"]).id == "u-7"
    assert told["described"] == "api_calls: 3"
    assert told["invalid"] == ["event"]


def test_every_sample_is_read_whole_or_refused_at_the_field_at_fault(team: Path, tmp_path: Path) -> None:
    judged = list(every_sample())
    (tmp_path / "events.ndjson").write_text(as_lines(judged))

    result = run_node(team / "read.mjs", tmp_path / "events.ndjson")

    assert result.returncode == 0, result.stderr
    answers = [json.loads(line) for line in result.stdout.split("\n") if line]
    wrong = [
        (each, found)
        for each, found in zip(judged, answers, strict=True)
        if (set(found.get("fields", ())) != {each.field} if each.field else found != {"event": each.event})
    ]
    assert wrong == []


def test_every_type_and_version_is_there(team: Path) -> None:
    events = (team / "node_modules/@breakwater/events/src/events.ts").read_text()

    assert {name for name in names_of_all_types() if f"  | {name}Event" not in events} == set()


def test_the_same_catalog_gives_the_same_bytes(team: Path, tmp_path: Path) -> None:
    again = generated("typescript", tmp_path)
    first = team / "node_modules/@breakwater/events"

    files = [path.relative_to(again) for path in again.rglob("*") if path.is_file()]

    assert files
    assert [path for path in files if (first / path).read_bytes() != (again / path).read_bytes()] == []


def test_only_the_types_that_were_asked_for_are_there_and_compile(tmp_path: Path) -> None:
    package = generated("typescript", tmp_path, "--types", "customer.contact.updated, billing.invoice.paid")

    assert tsc(package) == ""
    assert "PartnerUsage" not in (package / "src/events.ts").read_text()
    assert "partner.usage" not in (package / "src/schemas.ts").read_text()


def test_payloads_unlike_any_in_the_catalog_compile_too(tmp_path: Path) -> None:
    files = typescript_package([contract_of(model) for model in (Empty, Unusual)])
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)

    assert tsc(tmp_path) == ""
    assert "readonly nothing: string | null;" in files["src/events.ts"]
    assert 'readonly unit: "cm" | "inch";' in files["src/events.ts"]
    assert "readonly children?: readonly MadeUpUnusualV3Node[];" in files["src/events.ts"]
