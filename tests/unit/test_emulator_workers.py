"""How functions' processes come to be in the emulator: their code is unpacked once, and they start before a call."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from zipfile import BadZipFile, ZipFile

import pytest

from local.embedded.emulator_workers import _KEPT, Unpacked, share_code, start_ahead
from local.embedded.polling import wait_until


def a_package(folder: Path, content: str = "1", *, name: str = "code.zip") -> Path:
    path = folder / name
    with ZipFile(path, "w") as archive:
        archive.writestr("billing/handler.py", content)
    return path


def names(home: Path) -> list[str]:
    return sorted(path.name for path in home.iterdir() if path.is_dir())


def unpack(home: Path, package: Path) -> Path:
    """By an emulator that ends after it."""
    with closing(Unpacked(home)) as unpacked:
        return unpacked.directory(package)


def forget(home: Path) -> None:
    with closing(Unpacked(home)) as unpacked:
        unpacked.forget()


def test_a_package_is_unpacked_once(tmp_path: Path) -> None:
    home = tmp_path / "code"

    first = unpack(home, a_package(tmp_path))
    (first / "compiled").touch()
    again = unpack(home, a_package(tmp_path, name="the same.zip"))

    assert again == first
    assert (again / "billing/handler.py").read_text() == "1"
    assert (again / "compiled").exists()


def test_a_package_of_which_one_file_has_changed_is_unpacked_anew(tmp_path: Path) -> None:
    home = tmp_path / "code"

    before = unpack(home, a_package(tmp_path, "1"))
    after = unpack(home, a_package(tmp_path, "2"))

    assert before != after
    assert (after / "billing/handler.py").read_text() == "2"


def test_a_package_that_cannot_be_unpacked_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    package = a_package(tmp_path, "content")
    package.write_bytes(package.read_bytes().replace(b"content", b"c0ntent", 1))  # its checksum is wrong

    with closing(Unpacked(tmp_path / "code")) as unpacked:
        for _ in range(2):  # each time
            with pytest.raises(BadZipFile):
                unpacked.directory(package)

    assert [name for name in names(tmp_path / "code") if not name.startswith(".")] == []
    assert unpack(tmp_path / "code", a_package(tmp_path, "content")).exists()


def test_the_least_lately_used_are_forgotten(tmp_path: Path) -> None:
    home = tmp_path / "code"
    old = [unpack(home, a_package(tmp_path, str(n))) for n in range(_KEPT + 2)]
    for n, code in enumerate(old):
        os.utime(code, (n, n))
    unpack(home, a_package(tmp_path, "0"))  # the oldest, but used again

    forget(home)

    assert names(home) == sorted(path.name for path in (old[0], *old[3:]))


def test_what_another_emulator_uses_is_not_forgotten(tmp_path: Path) -> None:
    home = tmp_path / "code"
    with closing(Unpacked(home)) as another:
        used = another.directory(a_package(tmp_path, "used"))
        os.utime(used, (0, 0))
        for n in range(_KEPT):
            unpack(home, a_package(tmp_path, str(n)))

        forget(home)

        assert used.exists()
    forget(home)
    assert not used.exists()


@pytest.mark.parametrize("name", [".gone-1-2", ".making-1"])
def test_what_others_have_left_half_done_is_removed(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()

    forget(tmp_path)

    assert names(tmp_path) == []


class Emulator:
    """The parts of the emulator that start functions' processes."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.invalidated: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self.release = threading.Event()
        self.runtime = SimpleNamespace(
            _workers={},
            _worker_key=lambda name, _config, qualifier: f"{name}:{qualifier}",
            get_or_create_worker=lambda name, _config, _code: name,
            ensure_spawned=self._spawned,
        )
        self.service = SimpleNamespace(_functions={}, invalidate_worker=self.invalidated.append)

    def _spawned(self, name: str) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.release.wait(10)
        self.at_once -= 1
        self.started.append(name)

    def deploy(self, *names: str, code: bytes | None = b"zip") -> None:
        for name in names:
            self.service._functions[name] = {"config": {}, "code_zip": code}
            self.service.invalidate_worker(name)


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    made = Emulator()
    packages: dict[str, Any] = {
        "ministack": ModuleType("ministack"),
        "ministack.core": SimpleNamespace(lambda_runtime=made.runtime),
        "ministack.services": SimpleNamespace(lambda_svc=made.service),
    }
    for name, module in packages.items():
        monkeypatch.setitem(sys.modules, name, module)
    yield made
    made.release.set()


def test_a_process_gets_a_link_to_its_unpacked_code(tmp_path: Path, emulator: Emulator) -> None:
    package, code = a_package(tmp_path), tmp_path / "worker" / "code"
    code.mkdir(parents=True)

    with closing(Unpacked(tmp_path / "cache")) as unpacked:
        share_code(unpacked)
        with emulator.runtime.zipfile.ZipFile(package) as archive:  # as the emulator does it
            archive.extractall(code)

    assert code.resolve().parent == tmp_path / "cache"
    assert (code / "billing/handler.py").read_text() == "1"
    assert not package.exists()


def test_functions_start_when_they_are_deployed_a_few_at_a_time(emulator: Emulator) -> None:
    start_ahead(2)

    emulator.deploy("a", "b", "c", "d")
    wait_until(lambda: emulator.at_once == 2, what="two of them start", timeout=10, interval=0.01)
    emulator.release.set()

    wait_until(lambda: len(emulator.started) == 4, what="all have started", timeout=10, interval=0.01)
    assert emulator.most_at_once == 2
    assert emulator.invalidated == ["a", "b", "c", "d"]


def test_nothing_starts_for_a_function_that_has_processes_or_no_code(emulator: Emulator) -> None:
    start_ahead(1)
    emulator.release.set()
    emulator.runtime._workers["called already:$LATEST"] = ["a process"]

    emulator.deploy("called already")
    emulator.deploy("an image", code=None)
    emulator.deploy("a function")

    wait_until(lambda: emulator.started, what="it has started", timeout=10, interval=0.01)
    assert emulator.started == ["a function"]
