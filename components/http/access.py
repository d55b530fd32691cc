"""Authentication and authorization of requests: API keys, tokens, and the owner of a request.

The SHA-256 of a key is compared with every configured one in constant time. Keys are neither
logged nor echoed.
"""

from __future__ import annotations

import contextlib
import hmac
import re
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from flask import Flask, current_app, g, request

from components.http.problems import EdgeError
from components.http.server.peers import peer_of
from components.http.tokens import Grant, read_token
from libraries.job_manager import as_owner
from libraries.job_manager.ownership import ANONYMOUS
from libraries.json_types import JsonObject
from libraries.live import is_handshake
from libraries.previews import rendering_for
from libraries.settings import ApiKey, Settings

# Limits the hashing for unauthenticated clients; a key of 256 random bits has 43 to 64 characters.
MAX_KEY_CHARS = 1024
EVERYTHING = frozenset({"*"})
KEY_PROTOCOL = re.compile(r"bearer\.([A-Za-z0-9_-]{1,2048})", re.ASCII)
ADMINISTRATION = frozenset({"*", "admin"})
# Flask extension: the access level of each endpoint.
EXTENSION = "vector-access"
KEY_REQUIRED = "a valid API key is required: send Authorization: Bearer KEY or X-API-Key: KEY"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="vector-api"'}
SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer KEY`"},
    "header": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "`X-API-Key: KEY`",
    },
}


class Access(Enum):
    """Authentication that a route requires; without configured API keys all routes are open."""

    OPEN = "open"
    """No authentication."""
    KEY = "key"
    """API key."""
    TOKEN = "token"  # noqa: S105 # nosec B105 - a level, not a secret
    """Clients with an API key, or with a token in the address that opens it: a browser cannot always send headers."""
    SOCKET = "socket"
    """Clients with an API key, or with a token for one job. A handshake without either is accepted and the WebSocket closed with
    the reason: a browser never shows why a handshake was refused."""
    ADMIN = "admin"
    """API key with the scope `admin`; a key without a list of scopes has all scopes."""


@dataclass(frozen=True)
class Caller:
    """The authenticated client, as `flask.g.caller`: the owner of its jobs, and its scopes."""

    name: str
    scopes: frozenset[str] = EVERYTHING


def install_access(app: Flask, settings: Settings) -> None:
    """Authenticate each request and set its owner; reject requests without a required key."""

    def admit() -> None:
        # An unknown path reveals nothing without a key.
        access = current_app.extensions[EXTENSION].get(request.endpoint, Access.KEY)
        g.grant = _grant(access) if access in (Access.TOKEN, Access.SOCKET) else None
        g.caller = _caller(access, settings.access.api_keys)
        g.acting = contextlib.ExitStack()
        # A token of a job is for the owner's own browser, one of a path may be given away.
        is_guest = g.grant is not None and g.grant.job_id is None
        g.acting.enter_context(as_owner(g.caller.name, guest=is_guest))
        g.acting.enter_context(rendering_for(client_name()))

    def leave(_: BaseException | None) -> None:
        if "acting" in g:
            g.pop("acting").close()

    app.extensions[EXTENSION] = {}
    app.before_request(admit)
    app.teardown_request(leave)


def client_name() -> str:
    """Return whose share of limited resources a request uses: that of an owner, or of an address."""
    name = g.caller.name
    return peer_of(request.remote_addr or "") if name in ("", ANONYMOUS) else f"owner {name}"


def described_access(settings: Settings) -> JsonObject:
    """Return the OpenAPI members for the keys; empty if none are configured."""
    if not settings.access.api_keys:
        return {}
    return {
        "components": {"securitySchemes": SCHEMES},
        "security": [{name: []} for name in SCHEMES],
    }


def _caller(access: Access, keys: Sequence[ApiKey]) -> Caller:
    # A browser asks without a key whether it may ask with one.
    if not keys or request.method == "OPTIONS" or access is Access.OPEN:
        return Caller(ANONYMOUS)
    if g.grant is not None:
        return Caller(g.grant.owner, frozenset({g.grant.subject}))
    name = name_of(given_key(), keys)
    if name is None and access is Access.SOCKET and is_handshake(request.headers.get):
        return Caller("", frozenset())
    if name is None:
        raise EdgeError(KEY_REQUIRED, code="unauthorized", headers=CHALLENGE)
    caller = Caller(name)
    if access is Access.ADMIN and not caller.scopes & ADMINISTRATION:
        raise EdgeError("an API key with the scope admin is required", code="forbidden")
    return caller


def _grant(access: Access) -> Grant | None:
    """Return the grant of a token in the address that opens this address, None for none.

    A token for a path opens that path; one for a job opens whatever takes tokens and is about that
    job, and a WebSocket.
    """
    grant = read_token(request.args.get("token", ""))
    if grant is None or grant.subject == request.path:
        return grant
    # The messages on a socket say which job they are about.
    about = grant.job_id if access is Access.SOCKET else (request.view_args or {}).get("job_id")
    return grant if grant.job_id is not None and about == grant.job_id else None


def given_key() -> str:
    """Return the API key of the request, or an empty string.

    Browsers cannot set headers on a WebSocket, so the subprotocol `bearer.<key in base64url>` is
    accepted as well. Keys in the query string are ignored.
    """
    bearer = re.fullmatch(
        r"bearer +([^ ]+) *", request.headers.get("Authorization", ""), re.IGNORECASE
    )
    if bearer:
        return bearer[1]
    for offered in request.headers.get("Sec-WebSocket-Protocol", "").split(","):
        if found := KEY_PROTOCOL.fullmatch(offered.strip()):
            return _decoded(found[1])
    return request.headers.get("X-API-Key", "")


def _decoded(text: str) -> str:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("latin-1")
    except ValueError:
        return ""


def name_of(key: str, keys: Sequence[ApiKey]) -> str | None:
    """Return the owner of a key, or None. Compares with every key, for constant time."""
    # The server decodes headers as Latin-1; encode them to the received bytes.
    digest = sha256(key[: MAX_KEY_CHARS + 1].encode("latin-1", "replace")).digest()
    found = [one.name for one in keys if hmac.compare_digest(one.digest, digest)]
    return found[0] if found else None
