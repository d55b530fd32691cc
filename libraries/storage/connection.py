"""The connection to an S3-compatible server: clients that survive a fork, and its troubles in our words."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import botocore.session
from botocore import exceptions
from botocore.config import Config

from libraries.errors import Unavailable
from libraries.settings import BucketAddress
from libraries.storage.artifacts import StorageFull, StorageUnavailable

MISSING = {"404", "NoSuchKey", "NoSuchUpload", "NotFound"}
CHANGED = {"412", "PreconditionFailed"}
OUT_OF_RANGE = {"416", "InvalidRange"}


class _Clients:
    """What this process and those that it forks know: the descriptions of the service, and the clients by process and use."""

    loader: Any = None
    clients: dict[tuple[int, BucketAddress, float, int], Any] = {}  # noqa: RUF012 - changed here only


def client_for(address: BucketAddress, timeout: float, attempts: int = 3) -> Any:
    """Return the client for the server at `address`, which waits `timeout` seconds for an answer, `attempts` times.

    The credentials are those that AWS's own tools find: the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, the
    role of the machine. No lock is held meanwhile, and each process makes its own client: a fork finds nothing half done.

    Raises:
        StorageUnavailable: the credentials are named, but not there.
    """
    key = (os.getpid(), address, timeout, attempts)
    client = _Clients.clients.get(key)
    if client is None:
        # Clients of the process that forked this one, or of other settings, are of no use any more.
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
        # The checksums that AWS added later are not known everywhere; Content-MD5 and our own SHA-256 are.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    # Without a name for the region there is one that every server takes.
    region = address.region or session.get_config_variable("region") or "us-east-1"
    client = session.create_client(
        "s3", region_name=region, endpoint_url=address.endpoint or None, config=config
    )
    _Clients.loader = session.get_component("data_loader")
    return client


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Say in our words what goes wrong inside between us and the server.

    Raises:
        StorageUnavailable: the server does not answer, or answers that it does not do what it is asked.
        StorageFull: it has no room.
    """
    try:
        yield
    except exceptions.ClientError as error:
        raise _server_message(error) from error
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


def _server_message(error: Any) -> Unavailable:
    code = code_of(error)
    if code in {
        "QuotaExceeded",
        "XMinioStorageFull",
        "XMinioAdminBucketQuotaExceeded",
        "InsufficientStorage",
        "507",
    }:
        return StorageFull("there is no room left to store the result")
    return StorageUnavailable(
        {
            "NoSuchBucket": "bucket",
            "403": "refused",
            "AccessDenied": "refused",
            "AllAccessDisabled": "refused",
            "ExpiredToken": "refused",
            "InvalidAccessKeyId": "refused",
            "InvalidToken": "refused",
            "SignatureDoesNotMatch": "refused",
            "Unauthorized": "refused",
        }.get(code, "failing")
    )


def code_of(error: Any) -> str:
    """Return the code of an answer that says no, such as `NoSuchKey`, or its status where it has none, such as `404`."""
    return str(error.response.get("Error", {}).get("Code", ""))
