from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.browser.chromium import FOLDER as BROWSER
from tests.node.packages import JUDGES, InstallationFailed, installed, run_tool


def test_a_packages_script_runs_on_the_node_that_pip_brought() -> None:
    result = run_tool("typescript/bin/tsc", "--version")

    assert result.returncode == 0
    assert result.stdout.startswith("Version 5.9")


def test_what_is_installed_is_not_installed_again(tmp_path: Path) -> None:
    folder = manifest(tmp_path / "empty", {})

    first = installed(folder, cache=tmp_path / "cache")
    (first / "node_modules").mkdir(exist_ok=True)
    (first / "node_modules" / "witness").touch()

    assert (installed(folder, cache=tmp_path / "cache") / "node_modules" / "witness").exists()


def test_a_failed_installation_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    folder = manifest(tmp_path / "broken", {"left-out-of-the-lock": "1.0.0"})

    with pytest.raises(InstallationFailed, match="left-out-of-the-lock"):
        installed(folder, cache=tmp_path / "cache")

    assert [path.suffix for path in (tmp_path / "cache" / "node").iterdir()] == [".lock"]


@pytest.mark.parametrize("folder", [JUDGES, BROWSER], ids=["judges", "browser"])
def test_lock_files_name_no_registry_and_pin_what_they_name(folder: Path) -> None:
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]

    assert all("integrity" in package for path, package in packages.items() if path)
    assert not any("resolved" in package for package in packages.values())


def manifest(folder: Path, dependencies: dict[str, str]) -> Path:
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps({"name": "x", "version": "0.0.0", "dependencies": dependencies}))
    root = {"name": "x", "version": "0.0.0"}
    (folder / "package-lock.json").write_text(json.dumps({"lockfileVersion": 3, "packages": {"": root}, **root}))
    return folder
