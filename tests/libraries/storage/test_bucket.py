"""Storage in a bucket: requests, checksums and server errors."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from libraries.errors import Unavailable
from libraries.settings import BucketAddress, Settings
from libraries.storage import StorageUnavailable, check_storage, commit_if
from libraries.storage.bucket import PART_BYTES, BucketStore
from libraries.storage.reading import FIRST_BLOCK_BYTES, MAX_BLOCK_BYTES
from tests.errors import raises_code
from tests.libraries.storage.test_stores import LARGE
from tests.s3_server import Way, plain_client, refusal, reply, s3_server

Objects = Callable[[], list[str]]
IN_A_FORK = """
import os
from libraries.storage import output_folder
store = output_folder()
store.publish("a.txt", b"a")
pid = os.fork()
store.publish("parent.txt" if pid else "child.txt", b"x")
if not pid:
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
print(sorted(store.names()))
"""
LOADED_LATER = f"""
import sys
from libraries.storage import output_folder, prepare_stores, clean_stores
prepare_stores()
known = set(sys.modules)
clean_stores()
output_folder().publish("a.bin", b"x" * {PART_BYTES + 1})
output_folder().copy("a.bin", "b.bin")
output_folder().open_checked("b.bin").close()
output_folder().remove("a.bin")
print(sorted(set(sys.modules) - known))
"""


@pytest.fixture
def store(address: BucketAddress) -> BucketStore:
    return BucketStore(address, "output", "output", 5.0)


@pytest.fixture
def hurried(way: Way, address: BucketAddress) -> BucketAddress:
    return address._replace(endpoint=f"http://127.0.0.1:{way.port}")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry without delay."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)


def output_of(address: BucketAddress, program: str) -> str:
    """Return the output of a program whose store is the bucket at `address`."""
    environ = {**os.environ, "STORAGE_URL": f"{address}?endpoint={address.endpoint}"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def begins(*words: str) -> Callable[[str], bool]:
    return lambda line: line.startswith(words)


def test_a_small_file_needs_one_request_to_write_and_one_to_read(
    faulty: BucketStore, way: Way
) -> None:
    sha256 = faulty.publish("a.svg", "<svg/>").sha256
    assert [line.split()[0] for line in way.requests] == ["PUT"]
    with faulty.open_checked("a.svg", sha256=sha256) as file:
        assert file.read() == b"<svg/>"
    assert [line.split()[0] for line in way.requests] == ["PUT", "GET"]


def test_a_large_file_is_written_in_parts_and_read_in_blocks(faulty: BucketStore, way: Way) -> None:
    faulty.publish("a.bin", iter([LARGE[:PART_BYTES], LARGE[PART_BYTES:]]))
    assert [line.split()[0] for line in way.requests] == ["POST", "PUT", "PUT", "POST"]
    way.requests.clear()
    with faulty.open_checked("a.bin") as file:
        assert isinstance(file, io.BufferedReader)
        file.seek(len(LARGE) - 100)
        assert file.read() == LARGE[-100:]
        assert len(way.requests) == 2
        file.seek(0)
        assert file.read() == LARGE
    assert len(way.requests) <= 4 + len(LARGE) // FIRST_BLOCK_BYTES
    assert len(LARGE) > MAX_BLOCK_BYTES


def test_the_object_has_its_checksum_and_media_type(
    store: BucketStore, s3: Any, bucket: str
) -> None:
    artifact = store.publish("a.svg", "<svg/>")
    head = s3.head_object(Bucket=bucket, Key="site/output/a.svg")
    assert head["Metadata"]["sha256"] == artifact.sha256
    assert head["ContentType"] == "image/svg+xml"


@pytest.mark.parametrize("size", [10, FIRST_BLOCK_BYTES + 10])
def test_bytes_that_changed_in_the_store_are_rejected(
    store: BucketStore, s3: Any, bucket: str, size: int
) -> None:
    sha256 = store.publish("a.bin", LARGE[:size]).sha256
    kept = s3.head_object(Bucket=bucket, Key="site/output/a.bin")["Metadata"]
    s3.put_object(
        Bucket=bucket, Key="site/output/a.bin", Body=LARGE[: size - 1] + b"!", Metadata=kept
    )
    given = b""

    def read() -> None:
        nonlocal given
        with store.open_checked("a.bin", sha256=sha256) as file:
            while block := file.read(1000):
                given += block

    with raises_code("file-damaged"):
        read()
    assert len(given) < size
    assert LARGE.startswith(given)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (refusal(503, "SlowDown"), "failing"), (refusal(500, "InternalError"), "failing"), (b"", "unreachable"),
        (refusal(404, "NoSuchBucket"), "bucket"), (refusal(403, "InvalidAccessKeyId"), "refused"),
        (refusal(403, "SignatureDoesNotMatch"), "refused"), (refusal(403, "AccessDenied"), "refused"),
    ],
)  # fmt: skip
def test_server_errors_are_distinguished_and_leave_nothing(
    faulty: BucketStore, way: Way, objects: Objects, response: bytes, kind: str
) -> None:
    way.respond = lambda _: response
    calls: list[Callable[[], object]] = [
        lambda: faulty.publish("a.txt", b"x"), lambda: faulty.open_checked("a.txt"), lambda: list(faulty.names()),
        lambda: faulty.remove_temporary(time.time()),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(StorageUnavailable) as away:
            call()
        assert away.value.kind == kind
        assert isinstance(away.value, Unavailable)
        assert "127.0.0.1" not in str(away.value)
    assert objects() == []


def test_a_full_server_is_reported(faulty: BucketStore, way: Way, objects: Objects) -> None:
    way.respond = lambda _: refusal(400, "XMinioStorageFull")
    with raises_code("storage-full"):
        faulty.publish("a.txt", b"x")
    assert objects() == []


@pytest.mark.usefixtures("at_once")
def test_a_single_server_error_is_retried(faulty: BucketStore, way: Way) -> None:
    way.respond = lambda _: refusal(503, "SlowDown") if len(way.requests) == 1 else None
    faulty.publish("a.txt", b"x")
    way.requests.clear()
    way.respond = lambda _: b"" if len(way.requests) == 1 else None
    with faulty.open_checked("a.txt") as file:
        assert file.read() == b"x"


@pytest.mark.usefixtures("at_once")
def test_a_missing_server_is_unreachable(faulty: BucketStore, way: Way) -> None:
    way.close()
    with pytest.raises(StorageUnavailable) as away:
        faulty.publish("a.txt", b"x")
    assert away.value.kind == "unreachable"


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    "broken", ["PUT /{}/site/output/a.bin?partNumber=2", "POST /{}/site/output/a.bin?uploadId"]
)
def test_a_failed_upload_leaves_no_object_and_no_parts(
    faulty: BucketStore, way: Way, bucket: str, objects: Objects, broken: str
) -> None:
    swap = broken.format(bucket)
    way.respond = lambda line: (
        refusal(503, "SlowDown") if _reordered(line).startswith(swap) else None
    )
    with pytest.raises(StorageUnavailable):
        faulty.publish("a.bin", LARGE)
    assert any(_reordered(line).startswith(swap) for line in way.requests)
    assert objects() == []


def _reordered(line: str) -> str:
    """Return the first line of a request with `partNumber` before `uploadId`."""
    method, address, *_ = line.split()
    path, _, query = address.partition("?")
    return f"{method} {path}?{'&'.join(sorted(query.split('&')))}"


def test_parts_of_an_abandoned_upload_are_removed(
    store: BucketStore, s3: Any, bucket: str, objects: Objects
) -> None:
    # For this server all uploads began in 2010.
    s3.create_multipart_upload(Bucket=bucket, Key="site/output/.owners/ann/a.bin")
    s3.create_multipart_upload(Bucket=bucket, Key="other/a.bin")
    assert store.remove_temporary(time.time() - store.max_write_s) == 1
    assert objects() == ["begun other/a.bin"]


def test_parts_of_a_recent_upload_are_not_removed(faulty: BucketStore, way: Way) -> None:
    begun = "<Upload><Key>site/output/{0}</Key><UploadId>{0}</UploadId><Initiated>{1}</Initiated></Upload>"
    uploads = begun.format("old", "2020-01-01T00:00:00Z") + begun.format(
        "young", datetime.now(UTC).isoformat()
    )
    listed = f"<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>{uploads}</ListMultipartUploadsResult>"
    way.respond = lambda line: reply(200, listed) if line.startswith("GET") else reply(204, "")
    assert faulty.remove_temporary(time.time() - faulty.max_write_s) == 1
    assert [
        line.split()[1].partition("?")[2] for line in way.requests if line.startswith("DELETE")
    ] == ["uploadId=old"]


@pytest.mark.usefixtures("at_once")
def test_a_late_answer_leaves_no_object(
    hurried: BucketAddress, way: Way, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libraries.storage.bucket.PROBE_TIMEOUT_S", 10.0)
    # The object is stored, but the answer is delayed.
    way.late, way.stalled = True, begins("PUT")
    with pytest.raises(StorageUnavailable) as away:
        BucketStore(hurried, "output", "output", 0.2).publish("a.txt", b"x")
    assert away.value.kind == "slow"
    assert [line.split()[0] for line in way.requests][-2:] == ["HEAD", "DELETE"]
    assert objects() == []


@pytest.mark.usefixtures("at_once")
def test_no_temporary_file_remains_on_this_machine(
    faulty: BucketStore, way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    way.respond = lambda _: b""
    with pytest.raises(StorageUnavailable):
        faulty.publish("a.bin", LARGE)
    assert list(tmp_path.iterdir()) == []


def test_the_check_runs_right_before_a_large_file_is_committed(
    faulty: BucketStore, way: Way, objects: Objects
) -> None:
    seen: list[str] = []
    with commit_if(lambda: seen.extend(way.requests)):
        faulty.publish("a.bin", LARGE)
    assert len(seen) == len(way.requests) - 1
    assert objects() == ["site/output/a.bin"]


@pytest.mark.usefixtures("at_once")
def test_a_server_crash_while_reading_is_reported(address: BucketAddress) -> None:
    with s3_server() as mortal, closing(Way(mortal.port)) as way:
        plain_client(mortal.port).create_bucket(Bucket="mortal")

        def die(line: str) -> None:
            if (
                line.startswith("PUT")
                and mortal.process.poll() is None
                and sum(map(begins("PUT"), way.requests)) > 1
            ):
                mortal.process.kill()
                mortal.process.wait()

        way.respond = die
        store = BucketStore(
            address._replace(bucket="mortal", endpoint=f"http://127.0.0.1:{way.port}"),
            "output",
            "output",
            10.0,
        )
        with pytest.raises(StorageUnavailable):
            store.publish("a.bin", LARGE)
        assert mortal.process.poll() is not None


def test_a_fork_creates_its_own_client(address: BucketAddress) -> None:
    assert output_of(address, IN_A_FORK) == "['a.txt', 'child.txt', 'parent.txt']"


def test_a_prepared_process_imports_nothing_more(
    address: BucketAddress,
) -> None:
    assert output_of(address, LOADED_LATER) == "[]"


def test_a_reachable_bucket_has_no_error(in_bucket: Settings) -> None:
    assert in_bucket.storage.storage_url
    assert check_storage(10) is None


def test_a_folder_has_no_error(settings: Settings) -> None:
    assert settings.storage.storage_url is None
    assert check_storage(10) is None
