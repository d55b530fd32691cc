"""The service with a bucket as its store, including an unreachable one."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import pytest
from flask.testing import FlaskClient

from components.system.doctor import examine_output
from libraries.broker.connections import worker_client
from libraries.job_manager.job_files import delete_orphans
from libraries.settings import BucketAddress, Settings, use_settings
from libraries.storage import output_folder
from tests.conftest import WorkerProcess, until
from tests.s3_server import CREDENTIALS, Way, refusal
from tests.watchful import watchful_client

ARTBOARD = {"width": 100, "height": 100, "pattern": "grid", "complexity": "complex"}
Objects = Callable[[], list[str]]
StartWorker = Callable[..., WorkerProcess]


@pytest.fixture
def by_way(in_bucket: Settings, way: Way, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings with the bucket as the store, behind the proxy."""
    assert in_bucket.storage.storage_url
    changed = in_bucket.with_values(
        storage_url=in_bucket.storage.storage_url._replace(endpoint=f"http://127.0.0.1:{way.port}"),
    )
    use_settings(changed)
    return changed


@pytest.fixture
def client(by_way: Settings) -> FlaskClient:
    return watchful_client(by_way)


def start(start_worker: StartWorker, address: BucketAddress | None) -> WorkerProcess:
    """Start a worker whose store is the bucket at `address`."""
    assert address
    return start_worker(
        STORAGE_URL=f"{address}?endpoint={address.endpoint}",
        AWS_EC2_METADATA_DISABLED="true",
        **CREDENTIALS,
    )


def ended(client: FlaskClient, job_id: str) -> Callable[[], bool]:
    return lambda: bool(client.get(f"/jobs/{job_id}").get_json()["done"])


@pytest.mark.usefixtures("broker")
def test_a_drawing_is_stored_in_the_bucket_and_deleted_with_its_job(
    client: FlaskClient, start_worker: StartWorker, by_way: Settings, way: Way, objects: Objects
) -> None:
    start(start_worker, by_way.storage.storage_url)
    # The bucket is missing during the first attempt.
    writes = partial(filter, lambda line: line.startswith("PUT"), way.requests)
    way.respond = lambda line: (
        refusal(404, "NoSuchBucket")
        if line.startswith("PUT") and len(list(writes())) == 1
        else None
    )
    job_id = client.post("/artboard/create", json=ARTBOARD).get_json()["job_id"]
    until(ended(client, job_id), seconds=20, what="the end of the job")
    job = client.get(f"/jobs/{job_id}").get_json()
    assert (job["status"], job["attempt"]) == ("finished", 2)
    assert "bucket not found" in job["attempts"][0]["error"]
    readable = job["result"].replace(f"jobs/{job_id}/", "")
    assert objects() == sorted([f"site/{job['result']}", f"site/{readable}"])
    assert not by_way.storage.output_dir.exists()

    address = f"/jobs/{job_id}/result"
    whole = client.get(address)
    assert whole.get_data().startswith(b"<svg")
    part = client.get(address, headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.get_data()) == (206, whole.get_data()[2:6])
    assert client.get(address, headers={"Range": "bytes=99999999-"}).status_code == 416
    assert client.get(address, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
    assert client.delete(f"/jobs/{job_id}").status_code < 300
    assert objects() == []


def test_a_range_of_a_large_file_is_read_directly(by_way: Settings, way: Way) -> None:
    from components.http.exports import file_response

    data = bytes(range(256)) * 8192
    artifact = output_folder().publish("a.bin", data)
    app = watchful_client(by_way).application
    way.requests.clear()
    with app.test_request_context(headers={"Range": f"bytes={len(data) - 1000}-"}):
        response = file_response(artifact.as_record(), download=False)
        response.direct_passthrough = False
        assert (response.status_code, response.get_data()) == (206, data[-1000:])
    assert len(way.requests) == 2


@pytest.mark.usefixtures("broker")
def test_files_of_a_job_deleted_during_an_outage_are_removed_later(
    client: FlaskClient, by_way: Settings, way: Way, objects: Objects, run_jobs: Callable[[], None]
) -> None:
    job_id = client.post("/artboard/create", json=ARTBOARD).get_json()["job_id"]
    run_jobs()
    way.respond = lambda _: refusal(403, "AccessDenied")
    assert client.get(f"/jobs/{job_id}/result").get_json()["type"] == "/problems/storage-away"
    assert client.delete(f"/jobs/{job_id}").status_code < 300
    assert client.get(f"/jobs/{job_id}").status_code in {404, 410}
    assert len(objects()) == 2
    way.respond = lambda _: None
    delete_orphans(worker_client(by_way))
    assert objects() == []


def test_the_doctor_names_the_error_of_the_bucket(
    by_way: Settings, way: Way, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libraries.storage.bucket.PROBE_TIMEOUT_S", 20.0)
    monkeypatch.setattr("components.system.doctor.STORAGE_TIMEOUT_S", 20.0)
    (finding,) = examine_output(by_way)
    assert (finding.ok, finding.detail) == (
        True,
        f"{by_way.storage.storage_url} is writable",
    )
    assert objects() == []

    def report() -> str:
        (found,) = examine_output(by_way)
        assert not found.ok
        return f"{found.detail}. {found.fix}"

    for code, words in (
        ("NoSuchBucket", "bucket not found. Create the bucket"),
        ("InvalidAccessKeyId", "denied access. Correct AWS_ACCESS_KEY_ID"),
        ("AccessDenied", "denied access. Correct AWS_ACCESS_KEY_ID"),
    ):
        way.respond = lambda _, code=code: refusal(403, code)  # type: ignore[misc]
        assert words in report()
    way.close()
    assert "is unreachable. Start the server in STORAGE_URL" in report()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setattr("libraries.storage.connection._Clients.clients", {})
    assert "no credentials for the storage server. Set AWS_ACCESS_KEY_ID" in report()


def test_a_service_with_an_unreachable_store_is_not_ready(client: FlaskClient, way: Way) -> None:
    def report() -> dict[str, object]:
        body = client.get("/readyz").get_json()
        assert "127.0.0.1" not in json.dumps(body["parts"]["storage"])
        assert ("storage" in body["missing"]) is not body["parts"]["storage"]["ready"]
        return dict(body["parts"]["storage"])

    until(lambda: report() == {"ready": True, "detail": "answers"}, what="an answer")
    way.stalled = lambda _: True
    assert report()["detail"] == "the storage server did not answer in time"
    way.close()
    until(
        lambda: report()["detail"] == "the storage server is unreachable",
        what="the end of the server",
    )
