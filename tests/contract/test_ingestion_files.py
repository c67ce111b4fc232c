"""Files and checkpoints: what holds for S3 and DynamoDB (moto) and for their memory twins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO

import boto3
import pytest
from moto import mock_aws

from functions.ingestion.adapters.dynamodb import KEPT, DynamoDbCheckpoints
from functions.ingestion.adapters.memory import MemoryCheckpoints, MemoryFiles
from functions.ingestion.adapters.s3 import S3Files
from functions.ingestion.ports import Checkpoints, FileGone, FileRef, FileStore, Progress
from runtime.errors import DependencyUnavailable, InFlightElsewhere
from tests.unit.runtime_fakes import FakeClock

BUCKET = "files"
TABLE = "checkpoints"
FILE = FileRef(bucket=BUCKET, key="incoming/usage.csv", etag="abc", version="v1")


@dataclass
class Store:
    files: FileStore
    upload: Callable[[str, bytes], FileRef]
    delete: Callable[[FileRef], None]
    stored: Callable[[str], bytes]


def memory_files() -> Iterator[Store]:
    files = MemoryFiles(BUCKET)
    yield Store(files, files.upload, files.delete, lambda key: files.objects[key])


def s3_files() -> Iterator[Store]:
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})

        def upload(key: str, body: bytes) -> FileRef:
            answer = client.put_object(Bucket=BUCKET, Key=key, Body=body)
            return FileRef(bucket=BUCKET, key=key, etag=answer["ETag"].strip('"'), version=answer["VersionId"])

        def delete(file: FileRef) -> None:
            client.delete_object(Bucket=file.bucket, Key=file.key, VersionId=str(file.version))

        def stored(key: str) -> bytes:
            return client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

        yield Store(S3Files(client), upload, delete, stored)


@pytest.fixture(params=[memory_files, s3_files], ids=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    yield from request.param()


def memory_checkpoints() -> Iterator[Checkpoints]:
    yield MemoryCheckpoints()


def dynamodb_checkpoints() -> Iterator[Checkpoints]:
    with mock_aws():
        yield DynamoDbCheckpoints(_table(), TABLE, FakeClock())


def _table():
    client = boto3.client("dynamodb")
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "file", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "file", "AttributeType": "S"}],
    )
    return client


@pytest.fixture(params=[memory_checkpoints, dynamodb_checkpoints], ids=["memory", "dynamodb"])
def checkpoints(request: pytest.FixtureRequest) -> Iterator[Checkpoints]:
    yield from request.param()


def test_a_file_is_read_from_any_place_on(store: Store) -> None:
    file = store.upload("incoming/a.csv", b"0123456789")

    assert store.files.read(file, 0, 4) == b"0123"
    assert store.files.read(file, 4, 100) == b"456789"


def test_there_is_nothing_to_read_from_the_end_on(store: Store) -> None:
    file, empty = store.upload("incoming/a.csv", b"0123456789"), store.upload("incoming/empty.csv", b"")

    assert store.files.read(file, 10, 4) == b""
    assert store.files.read(file, 99, 4) == b""
    assert store.files.read(empty, 0, 4) == b""


def test_a_version_is_read_although_a_newer_one_was_put_over_it(store: Store) -> None:
    old = store.upload("incoming/a.csv", b"old")
    new = store.upload("incoming/a.csv", b"new")

    assert store.files.read(old, 0, 9) == b"old"
    assert store.files.read(new, 0, 9) == b"new"


def test_a_version_that_was_deleted_is_gone(store: Store) -> None:
    file = store.upload("incoming/a.csv", b"once")
    store.delete(file)

    with pytest.raises(FileGone, match=r"incoming/a\.csv"):
        store.files.read(file, 0, 9)


def test_names_may_hold_any_character(store: Store) -> None:
    file = store.upload("incoming/Größe 1+2%20.csv", b"x")

    store.files.put(BUCKET, "results/Größe 1+2%20.csv.json", b"{}")

    assert store.files.read(file, 0, 9) == b"x"
    assert store.stored("results/Größe 1+2%20.csv.json") == b"{}"


def test_an_object_that_is_written_again_is_replaced(store: Store) -> None:
    store.files.put(BUCKET, "results/a.json", b"first")
    store.files.put(BUCKET, "results/a.json", b"second")

    assert store.stored("results/a.json") == b"second"


def test_a_file_without_versions_is_gone_when_another_was_put_over_it() -> None:
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        etag = client.put_object(Bucket=BUCKET, Key="incoming/a.csv", Body=b"old")["ETag"].strip('"')
        file = FileRef(bucket=BUCKET, key="incoming/a.csv", etag=etag)
        files = S3Files(client)

        assert files.read(file, 0, 9) == b"old"
        client.put_object(Bucket=BUCKET, Key="incoming/a.csv", Body=b"new")
        with pytest.raises(FileGone):
            files.read(file, 0, 9)


def test_a_file_is_read_from_its_place_on_when_the_endpoint_sends_all_of_it() -> None:
    class Whole:
        def get_object(self, **_: object) -> dict[str, object]:
            return {"Body": BytesIO(b"0123456789")}

    files = S3Files(Whole())  # type: ignore[arg-type]

    assert files.read(FILE, 4, 3) == b"456"
    assert files.read(FILE, 10, 3) == b""


def test_a_bucket_that_is_not_there_is_a_dependency_that_is_not_available() -> None:
    with mock_aws(), pytest.raises(DependencyUnavailable, match="S3"):
        S3Files(boto3.client("s3")).read(FILE, 0, 9)


def test_a_new_file_has_no_progress(checkpoints: Checkpoints) -> None:
    assert checkpoints.find(FILE) == Progress()


def test_progress_comes_back_as_it_was_saved(checkpoints: Checkpoints) -> None:
    first = Progress(part=1, offset=10**10, line=2, accepted=3, rejected=4, reject_files=1, columns=("id", "source"))
    last = replace(first, part=2, finished=True)

    checkpoints.save(FILE, first)
    assert checkpoints.find(FILE) == first
    checkpoints.save(FILE, last)
    assert checkpoints.find(FILE) == last


@pytest.mark.parametrize("part", [1, 2, 4])
def test_progress_goes_on_by_one_part_or_not_at_all(checkpoints: Checkpoints, part: int) -> None:
    for done in (1, 2):
        checkpoints.save(FILE, Progress(part=done, offset=done))

    with pytest.raises(InFlightElsewhere):
        checkpoints.save(FILE, Progress(part=part, offset=99))

    assert checkpoints.find(FILE) == Progress(part=2, offset=2)


def test_each_version_of_a_file_has_its_own_progress(checkpoints: Checkpoints) -> None:
    others = [replace(FILE, version="v2"), replace(FILE, key="incoming/other.csv"), replace(FILE, version=None)]

    checkpoints.save(FILE, Progress(part=1))

    assert [checkpoints.find(other) for other in others] == [Progress()] * 3


def test_a_checkpoint_says_when_it_may_be_forgotten() -> None:
    with mock_aws():
        table, clock = _table(), FakeClock()

        DynamoDbCheckpoints(table, TABLE, clock).save(FILE, Progress(part=1))

        (item,) = table.scan(TableName=TABLE)["Items"]
        assert int(item["expires"]["N"]) == round((clock.now() + KEPT).timestamp())
