"""Client for the API of Cloudflare Images: upload, download and delete images by chosen ids."""

from __future__ import annotations

import hashlib
import http.client
import json
import logging
import secrets
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote

from libraries.errors import InvalidInput, Unavailable
from libraries.json_types import JsonObject
from libraries.outbound import Wire, connected, public_addresses, read_url
from libraries.outbound.connections import request_bytes
from libraries.storage.artifacts import StorageUnavailable

log = logging.getLogger(__name__)


class ImageRefused(Exception):
    """Raised when Cloudflare does not accept an image, such as one of over 10 MB or 12,000 pixels."""


class StoredImage(NamedTuple):
    """An image that Cloudflare stores: SHA-256 in hex and size in bytes of the uploaded file."""

    sha256: str
    size: int


class Reply(NamedTuple):
    """A response of the API."""

    status: int
    body: bytes


class CloudflareImages:
    """The images of one account.

    The id of an image follows from its owner and name, so a repeated upload finds the first one.
    Images with an id of the client are public for everyone who knows the id.
    """

    # Cloudflare takes up to 8 s to store an image.
    UPLOAD_TIMEOUT_S = 60.0
    MAX_IMAGE_BYTES = 10_000_000
    # Code of the error "Resource already exists".
    EXISTS = 5409
    MAX_REPLY_BYTES = 30_000_000

    def __init__(
        self, api_url: str, account: str, token: str, account_hash: str, *, timeout_s: float
    ) -> None:
        self._images_url = f"{api_url.rstrip('/')}/accounts/{account}/images/v1"
        self._token, self._account_hash, self._timeout_s = token, account_hash, timeout_s

    def delivery_url(self, image_id: str) -> str:
        return f"https://imagedelivery.net/{self._account_hash}/{image_id}/public"

    def upload(self, image_id: str, name: str, data: bytes, media_type: str) -> bool:
        """Store an image; return False if there is one with this id.

        Raises:
            ImageRefused: Cloudflare does not accept this image.
            StorageUnavailable: the request failed.
        """
        if len(data) > self.MAX_IMAGE_BYTES:
            raise ImageRefused(f"larger than {self.MAX_IMAGE_BYTES} bytes")
        about = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        boundary = secrets.token_hex(16)
        parts = [
            _part(boundary, 'name="id"', image_id.encode()),
            _part(boundary, 'name="metadata"', json.dumps(about).encode()),
            _part(boundary, f'name="file"; filename="{name}"', data, media_type),
            f"--{boundary}--\r\n".encode(),
        ]
        content_type = f"multipart/form-data; boundary={boundary}"
        reply = self._request("POST", "", b"".join(parts), content_type)
        if reply.status == HTTPStatus.CONFLICT or self.EXISTS in _error_codes(reply):
            return False
        if reply.status in {400, 413, 415, 422}:
            raise ImageRefused(f"reply {reply.status}, codes {_error_codes(reply)}")
        self._result(reply)
        return True

    def find(self, image_id: str) -> StoredImage | None:
        """Return an image, or None if there is none with this id; raise StorageUnavailable."""
        reply = self._request("GET", f"/{quote(image_id, safe='')}")
        if reply.status == HTTPStatus.NOT_FOUND:
            return None
        result = self._result(reply)
        about = result.get("meta") or result.get("metadata") or {}
        return StoredImage(str(about.get("sha256", "")), int(about.get("size", 0)))

    def download(self, image_id: str) -> bytes | None:
        """Return the file of an image, or None if there is none; raise StorageUnavailable."""
        reply = self._request("GET", f"/{quote(image_id, safe='')}/blob")
        if reply.status == HTTPStatus.NOT_FOUND:
            return None
        if reply.status != HTTPStatus.OK:
            raise self._failure(reply)
        return reply.body

    def delete(self, image_id: str) -> bool:
        """Delete an image; return False if there is none with this id. Raise StorageUnavailable."""
        reply = self._request("DELETE", f"/{quote(image_id, safe='')}")
        if reply.status == HTTPStatus.NOT_FOUND:
            return False
        self._result(reply)
        return True

    def ping(self) -> None:
        """Raise StorageUnavailable if the account cannot be used."""
        self._result(self._request("GET", "/stats"))

    def _result(self, reply: Reply) -> JsonObject:
        body = _json(reply)
        if reply.status != HTTPStatus.OK or body.get("success") is not True:
            raise self._failure(reply)
        result = body.get("result")
        return result if isinstance(result, dict) else {}

    def _failure(self, reply: Reply) -> StorageUnavailable:
        log.warning("Cloudflare Images: reply %d, codes %s", reply.status, _error_codes(reply))
        is_denied = reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
        return StorageUnavailable("refused" if is_denied else "failing")

    def _request(self, method: str, path: str, body: bytes = b"", content_type: str = "") -> Reply:
        """Send a request to the address of the API only: redirects are not followed."""
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            **({"Content-Type": content_type, "Content-Length": str(len(body))} if body else {}),
        }
        seconds = self.UPLOAD_TIMEOUT_S if body else self._timeout_s
        try:
            return self._exchange(method, path, headers, body, time.monotonic() + seconds)
        except TimeoutError as error:
            raise StorageUnavailable("slow") from error
        except (OSError, http.client.HTTPException, InvalidInput, Unavailable) as error:
            raise StorageUnavailable("unreachable") from error

    def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, deadline: float
    ) -> Reply:
        endpoint = read_url(self._images_url + path)
        # Another address was chosen by the operator, such as that of a proxy.
        private = not endpoint.host.endswith(".cloudflare.com")
        addresses = public_addresses(endpoint, private=private)
        with connected(endpoint, addresses, deadline) as connection:
            wire = Wire(connection, deadline, most=self.MAX_REPLY_BYTES)
            wire.send(request_bytes(method, endpoint, headers, body))
            reply = http.client.HTTPResponse(wire, method=method)  # type: ignore[arg-type]
            reply.begin()
            return Reply(reply.status, reply.read())


def _part(boundary: str, disposition: str, data: bytes, media_type: str = "") -> bytes:
    kind = f"Content-Type: {media_type}\r\n" if media_type else ""
    head = f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n{kind}\r\n"
    return head.encode() + data + b"\r\n"


def _json(reply: Reply) -> JsonObject:
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _error_codes(reply: Reply) -> list[int]:
    errors = _json(reply).get("errors")
    found = errors if isinstance(errors, list) else []
    return [
        one["code"] for one in found if isinstance(one, dict) and isinstance(one.get("code"), int)
    ]
