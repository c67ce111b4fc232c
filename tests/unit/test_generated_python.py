"""The Python package: mypy passes it at its strictest, and a program that uses it is understood by our own code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contracts.generate.python_package import python_package
from contracts.samples import as_event, samples
from contracts.shapes import contract_of
from events.catalog import payload_of
from events.envelope import CloudEvent, derived_id
from tests.unit.generated_builders import as_lines, code_blocks, every_sample, generated, names_of_all_types
from tests.unit.ingestion_server import serving
from tests.unit.unusual_payloads import Empty, Unusual

PROGRAMS = Path(__file__).with_name("generated_programs")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generated("python", tmp_path_factory.mktemp("python"))


def run(package: Path, *args: Any) -> subprocess.CompletedProcess[str]:
    """With the package and the standard library, and nothing that is installed."""
    command = [sys.executable, "-S", *map(str, args)]
    environment = {"PYTHONPATH": str(package / "src"), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)


def mypy(package: Path, *files: Path) -> str:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", package / ".mypy", *files]
    result = subprocess.run(
        list(map(str, command)),
        cwd=package,
        env={"MYPYPATH": str(package / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout if result.returncode else ""


def test_the_package_its_programs_and_its_readme_s_examples_are_typed(package: Path) -> None:
    examples = []
    for number, block in enumerate(code_blocks(package / "README.md", "python")):
        examples.append(package / f"readme{number}.py")
        examples[-1].write_text(block)

    assert mypy(package, package / "src", *PROGRAMS.glob("*.py"), *examples) == ""


def test_a_program_s_events_are_taken_in_by_the_ingestion_api(package: Path) -> None:
    with serving() as ingestion:
        ingestion.outages = 1
        ingestion.refused = {"u-1", "u-5"}

        result = run(package, PROGRAMS / "client.py", ingestion.url)

    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert [event.id for event in ingestion.queued] == ["u-1", "u-3", "u-5"]
    assert ingestion.requests[0] == ingestion.requests[1] == ingestion.requests[2]
    assert all(headers["x-signed"] == str(len(body)) for headers, body in ingestion.requests)
    assert told["rejected"] == {"status": 422, "fields": ["type"], "retryable": False}
    assert told["batch"] == [[0, "accepted", []], [1, "rejected", ["type"]], [2, "accepted", []]]
    assert told["closed"] == {"status": 0, "fields": [], "retryable": True}
    assert len(told["slept"]) == 6
    assert max(told["slept"]) >= 1, "Retry-After"
    assert told["derived"] == derived_id("Zoë \U0001d4b5\u2028\x7f", 7, 'a"b\\\n')
    assert told["unpublished"] == [["wrong", "MalformedDetail"]]
    assert told["calls"] == [["ok", "wrong", "again"], ["again"]]
    assert told["too_large"] == ["TooLarge"]
    assert told["entry"]["Time"] == "2026-05-20T14:30:00+00:00"
    assert payload_of(CloudEvent.parse(told["entry"]["Detail"])).type == "partner.usage.reported"
    assert told["described"] == "api_calls: 3"
    assert told["invalid"] == ["event"]
    assert told["not_made"] == ["data.quantity"]


def test_every_sample_is_read_whole_or_refused_at_the_field_at_fault(package: Path, tmp_path: Path) -> None:
    judged = list(every_sample())
    (tmp_path / "events.ndjson").write_text(as_lines(judged))

    result = run(package, PROGRAMS / "read.py", tmp_path / "events.ndjson")

    assert result.returncode == 0, result.stderr
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    wrong = [
        (each, found)
        for each, found in zip(judged, answers, strict=True)
        if (
            set(found.get("fields", ())) != {each.field}
            if each.field
            else not says_the_same(found.get("event"), each.event)
        )
    ]
    assert wrong == []


def says_the_same(found: Any, event: dict[str, Any]) -> bool:
    """To our own code: a field that is null is absent to both."""
    return payload_of(CloudEvent.parse(found)) == payload_of(CloudEvent.parse(event)) and found.keys() == event.keys()


def test_every_type_and_version_is_there(package: Path) -> None:
    result = run(package, "-c", "import breakwater_events as b; print(*b.__all__)")

    assert names_of_all_types() <= set(result.stdout.split())


def test_the_same_catalog_gives_the_same_bytes(package: Path, tmp_path: Path) -> None:
    again = generated("python", tmp_path)

    files = [path.relative_to(again) for path in again.rglob("*") if path.is_file()]

    assert files
    assert [path for path in files if (package / path).read_bytes() != (again / path).read_bytes()] == []


def test_payloads_unlike_any_in_the_catalog_are_typed_and_read_too(tmp_path: Path) -> None:
    contracts = [contract_of(model) for model in (Empty, Unusual)]
    for path, text in python_package(contracts).items():
        (tmp_path / path).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / path).write_text(text)
    made = [as_event(c, s, seed=0, index=0) for c in contracts for s in samples(c, "valid", count=20)]
    (tmp_path / "events.ndjson").write_text("".join(f"{json.dumps(event)}\n" for event in made))

    result = run(tmp_path, PROGRAMS / "read.py", tmp_path / "events.ndjson")

    assert mypy(tmp_path, tmp_path / "src") == ""
    assert result.returncode == 0, result.stderr
    for event, line in zip(made, result.stdout.splitlines(), strict=True):
        found = json.loads(line)["event"]
        assert without_what_is_empty(found) == without_what_is_empty(event)


def without_what_is_empty(value: Any) -> Any:
    """A list that is left out is empty; a field that is null is left out."""
    if isinstance(value, dict):
        return {k: without_what_is_empty(v) for k, v in value.items() if v not in (None, [])}
    return [without_what_is_empty(v) for v in value] if isinstance(value, list) else value
