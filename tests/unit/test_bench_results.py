"""The results table: what stands in it follows from what was found, and documents follow from what is committed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import readme
from bench.__main__ import app
from bench.breaking import _ended, _seldom
from bench.committed import documents, keep
from bench.compared import as_document, from_document
from bench.copied import Copy, Outdated
from bench.everything import BENCHMARKS, run_all
from bench.newcomer import code_lines, new_lines
from bench.plots import svg_of
from bench.readme import BEGIN, END, NoPlace, derived, filled
from bench.redeploying import Snapshot
from bench.results_table import rows
from bench.results_text import as_text
from bench.speeds import speeds
from ops.cost.baseline import committed as baseline
from ops.derived import drift
from tests.unit.results_builders import MACHINE, broken, compared

README = f"# Title\n\n{BEGIN}\nold\n{END}\n\n## More\n"


def found(name: str) -> list[str]:
    (row,) = (row for row in rows(compared()) if row.name.startswith(name))
    return list(row.found)


def test_each_row_has_a_cell_for_each_topology_and_says_how_it_was_got():
    assert [row.name for row in rows(compared()) if len(row.found) != 2 or not row.note] == []
    assert {row.how for row in rows(compared())} == {"measured", "modelled", "read"}


def test_the_cells_are_what_was_found():
    assert found("deploy") == ["7.5 s", "7.5 s"]
    assert found("stacks") == ["1 of 4, 5 of 115", "1 of 4, 5 of 115"]
    assert found("services that start") == ["1 of 3", "3 of 3"]
    assert found("cost") == ["$7,000", "$8,000"]
    assert found("works while billing's code raises") == ["2 of 3 flows", "1 of 3 flows"]
    assert found("lines") == ["45", "45"]


def test_a_note_names_what_works_in_each_topology_where_they_differ_and_once_where_not():
    notes = {row.name: row.note for row in rows(compared())}["works while billing's code raises"]
    alike = compared()
    alike.topologies["monolith"].broken["raises"] = broken(2)  # type: ignore[index]
    same = {row.name: row.note for row in rows(alike)}["works while billing's code raises"]

    assert "Services: records are accepted, contacts are updated." in notes
    assert "Monolith: records are accepted." in notes
    assert same.count("records are accepted") == 1


def test_the_text_for_a_terminal_has_a_numbered_note_for_each_row():
    text = as_text(compared())

    assert all(f"[{n}] " in text for n in range(1, len(rows(compared())) + 1))


def test_results_come_back_from_json_as_they_were():
    document = json.loads(json.dumps(as_document(compared(), MACHINE)))

    assert from_document(document) == compared()


def test_results_are_kept_under_their_scenario_s_name(tmp_path: Path):
    path = keep(as_document(compared(), MACHINE), tmp_path / "results")

    assert path.name == "results.json"
    assert from_document(documents(tmp_path / "results")["results"]) == compared()


def test_a_file_with_another_scenario_s_results_is_refused(tmp_path: Path):
    (tmp_path / "cpu.json").write_text('{"scenario": "memory"}')

    with pytest.raises(ValueError, match=r"cpu\.json holds results of 'memory'"):
        documents(tmp_path)


def test_what_is_between_the_markers_is_replaced_and_nothing_else():
    assert filled(README, "new") == f"# Title\n\n{BEGIN}\nnew\n{END}\n\n## More\n"


def test_a_document_without_markers_is_left_alone():
    with pytest.raises(NoPlace, match="needs the lines"):
        filled("# Title\n", "new")


def test_readme_notes_and_plots_are_derived_from_results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(readme, "README", tmp_path / "README.md")
    (tmp_path / "README.md").write_text(README)

    files = derived({"results": as_document(compared(), MACHINE)})

    texts = {path.name: text for path, text in files.items()}
    assert set(texts) == {"README.md", "results.md", "results.svg"}
    assert all("$7,000" in text for text in texts.values())
    assert "2026-11-27" in texts["README.md"]


def test_the_plot_of_costs_has_what_is_told_beside_what_is_modelled():
    svg = svg_of(as_document(compared(), MACHINE))

    assert svg.count("<rect") == 4
    assert "$12,000" in svg


def test_the_speed_table_has_scenarios_that_there_are_results_of_and_no_others():
    cpu = {"function": "billing", "work": "a payment", "ours_us": 50.0, "plain_us": 100.0, "ratio": 0.5}
    start = {"function": "billing", "ready_ms": 300.0, "ready_ratios": {"plain": 0.2}}
    plain = {"function": "plain", "ready_ms": 1_500.0, "ready_ratios": {}}

    told = speeds({"cpu": {"results": [cpu]}, "cold": {"results": [start, plain]}})

    assert [(speed.ours, speed.ratio) for speed in told] == [("300 ms", "0.20 x"), ("50 µs a record", "0.50 x")]


def test_every_benchmark_is_a_command():
    names = {command.name or command.callback.__name__ for command in app.registered_commands}

    assert {words[1] for words in BENCHMARKS if words[0] == "bench"} <= names


def test_all_benchmarks_run_and_those_that_failed_are_named_at_the_end():
    commands, said = [], []

    def run(command):
        commands.append(command[1:])
        return int("memory" in command)

    failed = run_all(said.append, keep=True, run=run)

    assert failed == ["bench memory"]
    assert ["-m", "bench", "--keep", "results"] in commands
    assert ["-m", "ops", "cost"] in commands
    assert len(said) == len(BENCHMARKS)


def test_lines_are_counted_that_have_code():
    told = '"""Doc."""\n\nimport os  # why\n\n# a comment\n'
    text = f'{told}def f():\n    """Doc,\n    more."""\n    return (\n        os\n    )\n'

    assert code_lines(text) == {3, 6, 9, 10, 11}


def test_a_changed_line_counts_once_and_a_blank_one_never():
    assert new_lines("a = 1\nb = 2\n", "a = 1\n\n# why\nb = 3\nc = 4\n") == 2


def test_a_copy_tells_when_the_text_that_is_to_be_changed_is_gone(tmp_path: Path):
    (tmp_path / "a.py").write_text("x = 1\nx = 1\n")

    with pytest.raises(Outdated, match="2 times"):
        Copy(tmp_path).edit("a.py", "x = 1", "x = 2")


def test_what_a_change_touches_are_resources_that_differ_and_functions_with_other_code():
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Code": 1}, "Metadata": {"path": 1}}
    queue = {"Type": "AWS::SQS::Queue", "Metadata": {"path": 1}}
    before = Snapshot(resources={"A": {"f": function, "q": queue}, "B": {"q": queue}}, code={"f": "1", "g": "1"})
    changed = {"f": {**function, "Properties": {"Code": 2}}, "q": {**queue, "Metadata": {"path": 2}}}

    touched = before.changed_in(Snapshot(resources={"A": changed, "B": {"q": queue}}, code={"f": "2", "g": "1"}))

    assert touched == {
        "stacks": ["A"],
        "of_stacks": 2,
        "resources": {"AWS::Lambda::Function": 1},
        "of_resources": 3,
        "functions": ["f"],
        "of_functions": 2,
    }


def test_flows_that_come_to_no_end_are_left_out_and_the_others_are_not_asked_again():
    asked = []
    ends = {"works": lambda: asked.append("works") or True, "waits": lambda: False}

    assert _ended(ends, timeout=0.0) == {"works"}
    assert asked == ["works"]


def test_what_is_asked_seldom_is_asked_at_once_and_then_not_for_a_while():
    asked = []
    ask = _seldom(lambda: bool(asked.append(1)) or True)

    assert (ask(), ask(), len(asked)) == (True, False, 1)


def test_readme_notes_and_plots_are_as_the_committed_results_say():
    assert drift(derived(documents())) == [], "run `python -m bench report --write` and commit what it changes"


def test_what_is_modelled_in_the_committed_results_is_what_the_models_say_now():
    topologies = from_document(documents()["results"]).topologies
    found = {name: topology.modelled.dollars for name, topology in topologies.items()}

    assert found == {"services": baseline()["dollars"], "monolith": baseline()["monolith"]}, (
        "run `python -m bench --keep results --modelled` and `python -m bench report --write`"
    )
