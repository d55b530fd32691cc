"""Parsing of STORAGE_URL."""

from __future__ import annotations

import pytest
from marshmallow import ValidationError

from libraries.settings import BucketAddress, parse_storage_url


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("", None),
        (" ", None),
        ("s3://drawings", BucketAddress("drawings", "", "", "")),
        ("s3://drawings/a/b/", BucketAddress("drawings", "a/b", "", "")),
        ("s3://my.bucket?region=eu-central-1", BucketAddress("my.bucket", "", "", "eu-central-1")),
        (
            "s3://drawings/site-a?endpoint=https://minio.example:9000/&region=auto",
            BucketAddress("drawings", "site-a", "https://minio.example:9000", "auto"),
        ),
    ],
)
def test_an_address_contains_bucket_folder_server_and_region(
    text: str, address: BucketAddress | None
) -> None:
    assert parse_storage_url(text) == address
    assert address is None or str(address) == text.partition("?")[0].rstrip("/")


@pytest.mark.parametrize(
    "text",
    [
        "drawings", "https://drawings", "s3://", "s3:///a", "s3://Drawings", "s3://d", "s3://key:secret@drawings", "s3://drawings/../a",
        "s3://drawings/.a", "s3://drawings/a//b", "s3://drawings?secret=x", "s3://drawings?endpoint=minio:9000", "s3://drawings#a",
        "s3://drawings?endpoint=https://key:secret@minio", "s3://drawings?region=a b", "s3://drawings?endpoint", "s3://[drawings",
    ],
)  # fmt: skip
def test_an_invalid_address_is_rejected_and_not_repeated(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        parse_storage_url(text)
    assert "secret" not in str(refused.value)
