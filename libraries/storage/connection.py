"""Clients for an S3-compatible server that survive a fork, and translation of its errors."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from typing import Any

import botocore.session
from botocore import exceptions
from botocore.config import Config

from libraries.errors import Unavailable
from libraries.settings import BucketAddress
from libraries.storage.artifacts import StorageUnavailable, storage_full

MISSING = {"404", "NoSuchKey", "NoSuchUpload", "NotFound"}
FULL = re.compile("507|InsufficientStorage|(XMinioAdminBucket)?QuotaExceeded|XMinioStorageFull")
DENIED = re.compile(
    "403|AccessDenied|AllAccessDisabled|ExpiredToken|InvalidAccessKeyId|InvalidToken"
    "|SignatureDoesNotMatch|Unauthorized"
)
CHANGED = {"412", "PreconditionFailed"}
OUT_OF_RANGE = {"416", "InvalidRange"}


class _Clients:
    """The service descriptions, and the clients by process and options; inherited by forks."""

    loader: Any = None
    clients: dict[tuple[int, BucketAddress, float, int], Any] = {}  # noqa: RUF012 - changed here only


def client_for(address: BucketAddress, timeout: float, attempts: int = 3) -> Any:
    """Return the client for the server at `address`: `attempts` requests of at most `timeout` seconds each.

    Credentials are found as by the AWS tools: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile,
    or the role of the machine. Each process creates its own client without holding a lock, so a fork
    never inherits a locked or half-made one.
    """
    key = (os.getpid(), address, timeout, attempts)
    client = _Clients.clients.get(key)
    if client is None:
        # Drop clients of the parent process and of other addresses.
        kept = {known: one for known, one in _Clients.clients.items() if known[:2] == key[:2]}
        with translated_errors():
            client = _new_client(address, timeout, attempts)
        _Clients.clients = {**kept, key: client}
    return client


def _new_client(address: BucketAddress, timeout: float, attempts: int) -> Any:
    session = botocore.session.Session()
    if _Clients.loader is not None:
        session.register_component("data_loader", _Clients.loader)
    config = Config(
        connect_timeout=timeout,
        read_timeout=timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=32,
        # Not every server supports the newer checksums; Content-MD5 and our own SHA-256 are enough.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    # Every server accepts the default region.
    region = address.region or session.get_config_variable("region") or "us-east-1"
    client = session.create_client(
        "s3", region_name=region, endpoint_url=address.endpoint or None, config=config
    )
    _Clients.loader = session.get_component("data_loader")
    return client


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Raise StorageUnavailable or, for a full storage, Unavailable for the errors of botocore."""
    try:
        yield
    except exceptions.ClientError as error:
        raise _server_error(code_of(error)) from error
    except (exceptions.ReadTimeoutError, exceptions.ConnectTimeoutError) as error:
        raise StorageUnavailable("slow") from error
    except (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
        exceptions.ProfileNotFound,
    ) as error:
        raise StorageUnavailable("credentials") from error
    except (exceptions.BotoCoreError, ConnectionError) as error:
        raise StorageUnavailable("unreachable") from error


def _server_error(code: str) -> Unavailable:
    if FULL.fullmatch(code):
        return storage_full()
    if code == "NoSuchBucket":
        return StorageUnavailable("bucket")
    return StorageUnavailable("refused" if DENIED.fullmatch(code) else "failing")


def code_of(error: Any) -> str:
    """Return the error code of a response such as `NoSuchKey`, or its status such as `404`."""
    return str(error.response.get("Error", {}).get("Code", ""))
