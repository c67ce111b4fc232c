"""Packages: the same from the same sources, and only what a function needs."""

from __future__ import annotations

import _imp
import json
import shutil
import subprocess
import sys
from importlib.util import MAGIC_NUMBER
from zipfile import ZipFile

import pytest

from infra import bytecode, packaging
from infra.aws_models import OPERATIONS, model_of
from infra.bytecode import LAMBDA_TAG, CompilationFailed
from infra.packaging import CACHE, package
from tests.contract.fault_subjects import SUBJECTS

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
    for path in CACHE.glob("lambda-python-*"):
        (folder / path.name).symlink_to(path)
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

    services = {name.split("/")[1] for name in files if name.startswith("functions/") and name.count("/") > 1} - {
        "__pycache__"
    }
    assert services == {"notification"}
    assert {"functions/__init__.py", "events/envelope.py", "runtime/consumer.py"} <= set(files)


def test_a_package_carries_data_files_and_leaves_out_what_no_function_reads(names):
    _, files = names

    assert [name for name in files if name.startswith("functions/notification/templates/")]
    assert "botocore/cacert.pem" in files
    assert not [name for name in files if name.startswith(_NOT_SHIPPED)]
    assert not [name for name in files if name.endswith(".pyi")]
    assert {name.split("/")[2] for name in files if name.startswith("botocore/data/") and name.count("/") > 2} == set(
        OPERATIONS
    )
    data = {name.rpartition("/")[2] for name in files if name.startswith("botocore/data/") and name.count("/") > 2}
    assert data <= {"service-2.json", "service-2.sdk-extras.json", "endpoint-rule-set-1.json"}
    assert not [name for name in files if "/tests/" in name or name.startswith(("pydantic/v1/", "boto3/data/"))]
    about = {name.rsplit("/")[-1] for name in files if ".dist-info/" in name}
    assert about == {"METADATA"}


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


#: Of CPython 3.13, what all of its bytecode begins with.
_MAGIC = {"this-machine": MAGIC_NUMBER, "lambda-arm64": (3571).to_bytes(2, "little") + b"\r\n"}
#: A source's hash stands in it, and nobody is to hold it against the source again.
_UNCHECKED = (1).to_bytes(4, "little")


@pytest.mark.parametrize("target", TARGETS)
def test_every_module_has_bytecode_of_just_this_source_for_the_python_that_it_runs_on(target):
    tag = LAMBDA_TAG if target == "lambda-arm64" else sys.implementation.cache_tag
    with ZipFile(package(["notification"], target).path) as archive:
        sources = [name for name in archive.namelist() if name.endswith(".py")]
        for name in sources:
            folder, _, module = name.rpartition("/")
            code = archive.read(f"{folder}/__pycache__/{module[:-3]}.{tag}.pyc".lstrip("/"))
            source_hash = _imp.source_hash(int.from_bytes(code[:4], "little"), archive.read(name))
            assert (code[:4], code[4:8], code[8:16]) == (_MAGIC[target], _UNCHECKED, source_hash), name

    assert "runtime/consumer.py" in sources


def test_a_function_starts_from_its_package_and_compiles_nothing(tmp_path):
    """What python -v calls a code object from a source file was compiled."""
    with ZipFile(package(["notification"], "this-machine").path) as archive:
        archive.extractall(tmp_path)
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import functions.notification.handler"

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-v", "-I", "-S", "-B", "-c", program], capture_output=True, text=True, check=True, env={}
    )

    read = [line for line in done.stderr.splitlines() if line.startswith(f"# code object from '{tmp_path}")]
    assert read
    assert not [line for line in read if not line.endswith(".pyc'")]


def test_the_models_that_are_kept_have_every_request_that_an_adapter_makes_and_no_other():
    services = {"eventbridge": "events", "secrets-manager": "secretsmanager"}
    made = [operation.partition(":") for subject in SUBJECTS for operation in subject.operations]

    asked = {(services.get(service, service), operation) for service, _, operation in made}

    assert asked == {(service, operation) for service, operations in OPERATIONS.items() for operation in operations}


#: Asks for each operation with as little as its model lets pass, and answers where the network would be.
_ASK_ALL = """
import io, json, sys
sys.path.insert(0, sys.argv[1])
from botocore.awsrequest import AWSResponse
from runtime.aws import client

def least(shape):
    if shape.type_name == "structure":
        wanted = list(shape.required_members) or list(shape.members)[:1]
        return {name: least(shape.members[name]) for name in wanted}
    if shape.type_name == "list":
        return [least(shape.member)]
    if shape.type_name == "map":
        return {"key": least(shape.value)}
    plain = {"string": (shape.enum or ["a" * 30])[0] if shape.type_name == "string" else "", "blob": b"bytes"}
    return plain.get(shape.type_name, 1)

class Raw(io.BytesIO):
    def stream(self, **_):
        yield self.read()

asked = {}
def answer(request, event_name, **_):
    asked[event_name] = request.url
    body = b"" if event_name.startswith("before-send.s3") else b"{}"
    return AWSResponse(request.url, 200, {"content-length": str(len(body))}, Raw(body))

for service, operations in json.loads(sys.argv[2]).items():
    made = client(service)
    made.exceptions
    made.meta.events.register("before-send", answer)
    for operation in operations:
        made._make_api_call(operation, least(made.meta.service_model.operation_model(operation).input_shape))
print(json.dumps(asked))
"""


def test_each_request_can_be_made_from_the_models_that_are_kept(tmp_path):
    with ZipFile(package(["billing"], "this-machine").path) as archive:
        archive.extractall(tmp_path)
    wanted = json.dumps({service: sorted(operations) for service, operations in OPERATIONS.items()})
    environ = {"AWS_DEFAULT_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-I", "-S", "-B", "-c", _ASK_ALL, str(tmp_path), wanted],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
    )

    assert done.returncode == 0, done.stderr
    asked = json.loads(done.stdout)
    assert len(asked) == sum(map(len, OPERATIONS.values()))
    assert asked["before-send.dynamodb.GetItem"] == "https://dynamodb.eu-central-1.amazonaws.com/"
    assert asked["before-send.sesv2.SendEmail"].startswith("https://email.eu-central-1.amazonaws.com/")
    assert ".s3.eu-central-1.amazonaws.com/" in asked["before-send.s3.GetObject"]


def test_a_model_keeps_the_shapes_of_its_operations_and_members_that_are_called_documentation():
    member = {"shape": "Text", "documentation": "<p>words</p>"}
    model = {
        "metadata": {},
        "documentation": "<p>words</p>",
        "operations": {"Ask": {"input": {"shape": "Question"}}, "Tell": {"input": {"shape": "Other"}}},
        "shapes": {
            "Question": {"type": "structure", "members": {"documentation": member, "shape": {"shape": "Text"}}},
            "Other": {"type": "structure", "members": {}},
            "Text": {"type": "string"},
        },
    }

    cut = model_of(model, frozenset({"Ask"}))

    members = {"documentation": {"shape": "Text"}, "shape": {"shape": "Text"}}
    assert cut == {
        "metadata": {},
        "operations": {"Ask": {"input": {"shape": "Question"}}},
        "shapes": {"Question": {"type": "structure", "members": members}, "Text": {"type": "string"}},
    }


def test_what_to_do_is_said_when_there_is_no_bytecode(tmp_path, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise CompilationFailed("npm could not make bytecode; is the network there?")

    cache = another_cache(tmp_path, "lambda-arm64")
    monkeypatch.setattr(bytecode, "_run", fail)

    with pytest.raises(packaging.PackagingFailed, match="is the network there"):
        package(["billing"], "lambda-arm64", cache=cache)


def test_a_service_s_package_is_its_own(tmp_path, monkeypatch):
    """Its hash hangs on no other service's sources."""
    root = tmp_path / "root"
    for folder in ("events", "runtime", "functions"):
        shutil.copytree(packaging.ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    cache = another_cache(tmp_path, "this-machine")
    monkeypatch.setattr(packaging, "ROOT", root)
    before = package(["billing"], "this-machine", cache=cache)
    (root / "functions" / "notification" / "domain.py").write_text("# changed\n")

    assert package(["billing"], "this-machine", cache=cache).sha256 == before.sha256
