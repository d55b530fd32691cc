"""Fixtures: stores in a folder and in a bucket of a real server."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from libraries.settings import BucketAddress, Settings, parse_storage_url, use_settings
from libraries.storage import ArtifactFolder, Store
from libraries.storage.bucket import BucketStore
from tests.s3_server import CREDENTIALS, Way, emptied, plain_client, s3_server


@pytest.fixture(scope="session")
def server() -> Iterator[int]:
    """Return the port of an S3-compatible server that the tests share."""
    with s3_server() as started:
        yield started.port


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set credentials for the server, and hide those of the user."""
    for name in (
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
        "AWS_REGION",
        "AWS_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def s3(server: int) -> Any:
    """Return a client that does not use the product."""
    return plain_client(server)


@pytest.fixture
def bucket(s3: Any, credentials: None) -> Iterator[str]:
    """Yield the name of a separate bucket."""
    name = f"bucket-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name)
    yield name
    emptied(s3, name)


@pytest.fixture
def address(server: int, bucket: str) -> BucketAddress:
    return BucketAddress(bucket, "site", f"http://127.0.0.1:{server}", "")


@pytest.fixture
def way(server: int) -> Iterator[Way]:
    """Yield a proxy to the server that can be made to fail."""
    one = Way(server)
    yield one
    one.close()


@pytest.fixture
def faulty(way: Way, address: BucketAddress) -> BucketStore:
    """Return the store in the bucket, behind the proxy."""
    return BucketStore(
        address._replace(endpoint=f"http://127.0.0.1:{way.port}"), "output", "output", 10.0
    )


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Return an empty store, once of each kind."""
    if request.param == "folder":
        return ArtifactFolder(tmp_path / "output")
    return BucketStore(request.getfixturevalue("address"), "output", "output", 5.0)


@pytest.fixture
def in_bucket(
    settings: Settings, address: BucketAddress, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Return the settings with the bucket as the store."""
    url = f"s3://{address.bucket}/{address.prefix}?endpoint={address.endpoint}"
    changed = settings.with_values(storage_url=parse_storage_url(url))
    use_settings(changed)
    return changed


@pytest.fixture(params=["folder", "bucket"])
def served(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Return the settings with a folder, then with a bucket as the store."""
    changed: Settings = (
        settings if request.param == "folder" else request.getfixturevalue("in_bucket")
    )
    return changed


@pytest.fixture
def objects(s3: Any, bucket: str) -> Callable[[], list[str]]:
    """Return a function that lists the keys in the bucket and the incomplete uploads."""

    def listed() -> list[str]:
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        return keys + [
            f"begun {one['Key']}"
            for one in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        ]

    return listed
