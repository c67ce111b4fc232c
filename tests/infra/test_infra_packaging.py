"""Packages: the same from the same sources, and only what a function needs."""

from __future__ import annotations

import shutil
from zipfile import ZipFile

import pytest

from infra import packaging
from infra.packaging import CACHE, package

TARGETS = ("this-machine", "lambda-arm64")
_NOT_SHIPPED = ("events/schemas/", "events/releases/", "bin/", "infra/", "local/", "tests/")


@pytest.fixture(params=TARGETS)
def names(request):
    with ZipFile(package(["notification"], request.param).path) as archive:
        return request.param, archive.namelist()


def another_cache(folder, target):
    """A cache that has the wheels and nothing else."""
    package(["billing"], target)
    for path in CACHE.glob(f"wheels-{target}-*"):
        shutil.copy2(path, folder)
    return folder


@pytest.mark.parametrize("target", TARGETS)
def test_a_package_is_the_same_to_the_byte_when_it_is_made_again(target, tmp_path):
    first = package(["billing"], target)

    second = package(["billing"], target, cache=another_cache(tmp_path, target))

    assert second.path != first.path
    assert second.sha256 == first.sha256
    assert second.path.read_bytes() == first.path.read_bytes()


def test_the_hash_changes_when_a_source_changes(tmp_path, monkeypatch):
    root = tmp_path / "root"
    for folder in ("events", "runtime", "functions"):
        shutil.copytree(packaging.ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(packaging, "ROOT", root)
    cache = another_cache(tmp_path, "this-machine")
    before = package(["billing"], "this-machine", cache=cache)
    (root / "runtime" / "clock.py").write_text("# changed\n")

    after = package(["billing"], "this-machine", cache=cache)

    assert after.sha256 != before.sha256


def test_no_pip_runs_when_the_wheels_are_cached(tmp_path, monkeypatch):
    cache = another_cache(tmp_path, "lambda-arm64")
    monkeypatch.setattr(packaging, "_install", lambda *_: pytest.fail("pip ran"))

    package(["billing"], "lambda-arm64", cache=cache)


def test_a_package_has_its_own_service_and_no_other(names):
    _, files = names

    services = {name.split("/")[1] for name in files if name.startswith("functions/") and name.count("/") > 1}
    assert services == {"notification"}
    assert {"functions/__init__.py", "events/envelope.py", "runtime/consumer.py"} <= set(files)


def test_a_package_carries_data_files_and_leaves_out_what_no_function_reads(names):
    target, files = names

    assert [name for name in files if name.startswith("functions/notification/templates/")]
    assert "botocore/cacert.pem" in files
    assert not [name for name in files if name.startswith(_NOT_SHIPPED)]
    assert not [name for name in files if name.endswith(".pyi")]
    assert {name.split("/")[2] for name in files if name.startswith("botocore/data/") and name.count("/") > 2} == set(
        packaging.AWS_SERVICES
    )
    assert ("pyc" in {name.rsplit(".")[-1] for name in files}) == (target == "this-machine")


def test_native_code_is_for_the_lambda_platform():
    with ZipFile(package(["billing"], "lambda-arm64").path) as archive:
        native = [name for name in archive.namelist() if name.endswith(".so")]

    assert native
    assert all("cpython-313-aarch64" in name for name in native)


def test_a_package_fits_into_lambda():
    with ZipFile(package(["billing"], "lambda-arm64").path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())

    assert unpacked < 60 * 1024 * 1024  # of 250 MB: cold starts are paid by the megabyte


def test_pips_own_words_are_told_when_it_fails(tmp_path, monkeypatch):
    pins = tmp_path / "requirements.txt"
    pins.write_text("no spaces allowed here==1\n")
    monkeypatch.setattr(packaging, "REQUIREMENTS", pins)

    with pytest.raises(packaging.PackagingFailed, match="Invalid requirement"):
        package(["billing"], "this-machine", cache=tmp_path)
