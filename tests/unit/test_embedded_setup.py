"""The embedded stack's own pieces, without an emulator: waiting, the environment, the assembly, the telling."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import grimp
import pytest

from contracts.lines import Line
from events.envelope import CloudEvent
from local.embedded.age import process_age
from local.embedded.assembly import SOURCES, FileAsset, SynthesisFailed, fingerprint, stacks_in, waves
from local.embedded.assembly import Stack as CloudStack
from local.embedded.cloud import Cloud
from local.embedded.emulator_env import SetupFailed, emulator_python
from local.embedded.hops import told
from local.embedded.paths import EXAMPLES
from local.embedded.play import Outcome
from local.embedded.polling import DeadlinePassed, wait_until
from local.embedded.stack import Stack, endpoint
from local.embedded.telling import Teller


class FakeTime:
    def __init__(self) -> None:
        self.now = 0.0

    def elapsed(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


class Pip:
    """Stands in for the commands that make an environment."""

    def __init__(self, *, fails: bool = False) -> None:
        self.commands: list[list[str]] = []
        self.fails = fails

    def __call__(self, command: list[str]) -> None:
        self.commands.append(command)
        if "venv" in command:
            python = Path(command[-1]) / "bin" / "python"
            python.parent.mkdir(parents=True)
            python.touch()
        elif self.fails:
            raise SetupFailed("no network")


def requirements(folder: Path, text: str = "ministack==1.5.33\n") -> Path:
    path = folder / "pins.txt"
    path.write_text(text)
    return path


def silent(_: str) -> None:
    return None


def written(folder: Path, files: dict[str, Any]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def hop(**changes: Any) -> Line:
    fields = {
        "at": 0,
        "function": "billing",
        "role": "consumer",
        "outcome": "handled",
        "event_id": "usage-1",
        "event_source": "ingestion-service",
        "event_type": "ingestion.usage.recorded",
        "attempts": 1,
        "duration_ms": 12.4,
    }
    return Line(**{**fields, **changes})


def test_waiting_ends_with_the_first_true_answer() -> None:
    time, answers = FakeTime(), iter([None, 0, "there"])

    found = wait_until(lambda: next(answers), what="it", timeout=10, pause=time.pause, elapsed=time.elapsed)

    assert found == "there"


def test_waiting_fails_and_names_the_last_answer_when_the_deadline_has_passed() -> None:
    time = FakeTime()

    with pytest.raises(DeadlinePassed, match=r"not within 2 s: the stack stands \(last seen: False\)"):
        wait_until(lambda: False, what="the stack stands", timeout=2, pause=time.pause, elapsed=time.elapsed)


def test_the_emulators_environment_is_made_once(tmp_path: Path) -> None:
    pip = Pip()

    first = emulator_python(silent, cache=tmp_path, requirements=requirements(tmp_path), run=pip)
    second = emulator_python(silent, cache=tmp_path, requirements=requirements(tmp_path), run=pip)

    assert first == second
    assert first.exists()
    assert len(pip.commands) == 2


def test_the_emulators_environment_is_made_anew_when_its_pins_change(tmp_path: Path) -> None:
    pip = Pip()

    first = emulator_python(silent, cache=tmp_path, requirements=requirements(tmp_path), run=pip)
    changed = requirements(tmp_path, "ministack==1.5.33\nsix==1.17.0\n")
    second = emulator_python(silent, cache=tmp_path, requirements=changed, run=pip)

    assert first != second


def test_an_interrupted_setup_is_done_again(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed, match="no network"):
        emulator_python(silent, cache=tmp_path, requirements=requirements(tmp_path), run=Pip(fails=True))

    python = emulator_python(silent, cache=tmp_path, requirements=requirements(tmp_path), run=Pip())

    assert python.exists()
    assert [path.name[0] for path in (tmp_path / "ministack").iterdir() if path.is_dir()] == ["1"]


def test_the_fingerprint_changes_with_any_source_and_with_nothing_else(tmp_path: Path) -> None:
    project = written(tmp_path, {"events/a.py": "1", "infra/app.py": "1", "requirements.txt": "x"})
    before = fingerprint(project, {})

    written(tmp_path, {"README.md": "changed", "events/__pycache__/a.pyc": "compiled"})
    after_others = fingerprint(project, {"HOME": "/elsewhere"})
    written(tmp_path, {"infra/app.py": "2"})

    assert after_others == before
    assert fingerprint(project, {}) != before


def test_the_fingerprint_changes_with_where_traces_go(tmp_path: Path) -> None:
    asked = {"BREAKWATER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}

    assert fingerprint(tmp_path, asked) != fingerprint(tmp_path, {})


def assembly_files() -> dict[str, Any]:
    def stack(name: str, *needs: str) -> dict[str, Any]:
        properties = {"templateFile": f"{name}.json", "stackName": f"Breakwater-{name}"}
        return {"type": "aws:cloudformation:stack", "properties": properties, "dependencies": [*needs]}

    files = {
        "Billing.json": {
            "source": {"path": "Billing.json", "packaging": "file"},
            "destinations": {"here": {"bucketName": "assets-${AWS::AccountId}", "objectKey": "t.json"}},
        },
        "code": {
            "source": {"path": "asset.1", "packaging": "zip"},
            "destinations": {"here": {"bucketName": "assets-${AWS::AccountId}", "objectKey": "1.zip"}},
        },
    }
    assets = {"type": "cdk:asset-manifest", "properties": {"file": "Billing.assets.json"}}
    artifacts = {"Billing": stack("Billing", "Bus", "Billing.assets"), "Bus": stack("Bus"), "Billing.assets": assets}
    return {"manifest.json": {"artifacts": artifacts}, "Billing.assets.json": {"files": files}}


def a_stack(name: str, *depends_on: str) -> CloudStack:
    return CloudStack(name=name, template=Path(name), depends_on=depends_on, assets=(), parameters={})


def test_stacks_come_after_those_that_they_depend_on_with_their_assets(tmp_path: Path) -> None:
    home = written(tmp_path, assembly_files())

    bus, billing = stacks_in(home)

    assert (bus.name, billing.name) == ("Breakwater-Bus", "Breakwater-Billing")
    code = FileAsset(path=home / "asset.1", bucket="assets-${AWS::AccountId}", key="1.zip")
    assert billing.assets == (code,)


def test_everything_that_the_cdk_app_imports_is_in_the_fingerprint() -> None:
    packages = ("events", "runtime", "functions", "contracts", "infra", "local", "ops", "bench")

    imported = grimp.build_graph(*packages).find_upstream_modules("infra.cdk_app")

    assert {module.partition(".")[0] for module in imported} <= {*SOURCES}


def test_stacks_are_deployed_beside_each_other_when_all_that_they_depend_on_stands() -> None:
    bus, billing, ingestion = a_stack("bus"), a_stack("billing", "bus"), a_stack("ingestion", "bus", "another stage's")
    report = a_stack("report", "billing", "ingestion")

    told = [[stack.name for stack in wave] for wave in waves([report, billing, bus, ingestion])]

    assert told == [["bus"], ["billing", "ingestion"], ["report"]]


def test_stacks_that_depend_on_each_other_in_a_circle_are_refused(tmp_path: Path) -> None:
    files = assembly_files()
    files["manifest.json"]["artifacts"]["Bus"]["dependencies"] = ["Billing"]

    with pytest.raises(SynthesisFailed, match="circle"):
        stacks_in(written(tmp_path, files))


def test_the_time_until_the_first_receipt_counts_from_the_commands_start() -> None:
    out, time = io.StringIO(), FakeTime()
    teller = Teller(out, age=0.5, elapsed=time.elapsed)

    with teller.phase("Deploying"):
        time.pause(2)
    teller.first_receipt()
    time.pause(1)
    teller.timings()

    assert [line.split() for line in out.getvalue().splitlines()[-4:]] == [
        ["0.50", "s", "Starting", "Python"],
        ["2.00", "s", "Deploying"],
        ["3.50", "s", "all", "of", "it"],
        ["2.50", "s", "until", "the", "first", "receipt"],
    ]


def test_how_long_stopping_takes_is_told_when_it_was_to_end() -> None:
    out, time = io.StringIO(), FakeTime()
    teller = Teller(out, elapsed=time.elapsed)

    with teller.stopping() as end_begins:
        time.pause(5)
        end_begins()
        time.pause(0.25)

    assert out.getvalue().strip() == "everything is stopped, in 0.25 s"
    assert teller.phases == [("Stopping", 0.25)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when a process was started")
def test_a_process_knows_for_how_long_it_has_been_there() -> None:
    assert 0 < process_age() < 7 * 86_400


def test_a_given_endpoint_is_used_and_said_instead_of_starting_an_emulator() -> None:
    said: list[str] = []
    environ = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/", "AWS_ACCESS_KEY_ID": "mine", "AWS_REGION": "eu-west-1"}

    with endpoint(environ, said.append) as (cloud, is_ours):
        assert (cloud.endpoint, cloud.access_key, cloud.region) == ("http://127.0.0.1:4566", "mine", "eu-west-1")
        assert not is_ours
    assert "no emulator is started" in said[0]


def test_the_environment_for_other_tools_names_endpoint_identity_and_region() -> None:
    environment = Cloud("http://127.0.0.1:1").environment()

    assert environment == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def test_a_hop_is_told_from_the_event_to_the_events_out() -> None:
    lines = list(told(hop(events_out=("billing.invoice.paid 0123456789abcdef0123456789abcdef",)), over_http=False))

    assert lines == [
        "ingestion.usage.recorded usage-1 → rule payments → queue billing → billing: booked (12 ms)",
        "  └ out: billing.invoice.paid 0123456789ab…",
    ]


def test_a_dead_letter_is_told_with_its_reason() -> None:
    lines = list(told(hop(outcome="dead_letter", attempts=3, error_message="data.amount: wrong"), over_http=False))

    assert lines[0].endswith("billing: dead letter (12 ms, try 3)")
    assert lines[1] == "  └ why: data.amount: wrong"


def test_an_outcome_that_is_not_as_expected_is_told_with_what_was_expected() -> None:
    out = io.StringIO()

    Teller(out).outcomes([Outcome(name="invoice paid", expected="paid", seen="issued", ok=False)])

    assert [line.split() for line in out.getvalue().splitlines() if line] == [
        ["FAIL", "invoice", "paid", "issued"],
        ["expected:", "paid"],
    ]


def test_the_demonstration_says_how_to_ask_where_its_events_went() -> None:
    out, stack = io.StringIO(), Stack(Cloud("http://127.0.0.1:1"), {}, is_ours=True)

    Teller(out).questions(stack, "poison-0001", "--invoice inv_1")

    asked = [line for line in out.getvalue().splitlines() if "-m ops" in line]
    assert [line.partition("-m ops ")[2] for line in asked] == [
        "why poison-0001 --stage embedded",
        "why --invoice inv_1 --stage embedded",
    ]
    assert all("AWS_ENDPOINT_URL=http://127.0.0.1:1 " in line for line in asked)


def test_the_example_for_the_aws_command_line_carries_the_seed_event() -> None:
    (entry,) = json.loads((EXAMPLES / "put-events.json").read_text())

    seed = CloudEvent.parse((EXAMPLES / "seed-event.json").read_text())
    assert CloudEvent.parse(entry["Detail"]) == seed
    assert (entry["Source"], entry["DetailType"]) == (seed.source, seed.type)
