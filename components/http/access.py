"""Who may use a route, and who sends a request: API keys, tokens, and the owner that a request acts for.

A key is compared by its SHA-256 with every configured one, in a time that tells nothing, and is
neither logged nor repeated.
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
from components.http.tokens import Grant, read_token
from libraries.job_manager import as_owner
from libraries.job_manager.ownership import ANONYMOUS
from libraries.json_types import JsonObject
from libraries.live import is_handshake
from libraries.settings import ApiKey, Settings

# Hashing more than this for a stranger would be a present; a key of 256 random bits has 43 to 64
# characters.
MAX_KEY_CHARS = 1024
EVERYTHING = frozenset({"*"})
KEY_PROTOCOL = re.compile(r"bearer\.([A-Za-z0-9_-]{1,2048})", re.ASCII)
ADMINISTRATION = frozenset({"*", "admin"})
# The extension of the application that has the access of each endpoint.
EXTENSION = "vector-access"
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
    """Who may use a route where API keys are set; where none are set, everyone may."""

    OPEN = "open"
    """Everyone."""
    KEY = "key"
    """Who sends an API key."""
    TOKEN = "token"  # noqa: S105 # nosec B105 - a level, not a secret
    """Clients with an API key, or with a token in the address that opens it: a browser cannot always send headers."""
    SOCKET = "socket"
    """Clients with an API key, or with a token for one job. A handshake without either is accepted and the WebSocket closed with
    the reason: a browser never shows why a handshake was refused."""
    ADMIN = "admin"
    """Who sends an API key with the scope `admin`; a key without a list of scopes has every scope."""


@dataclass(frozen=True)
class Caller:
    """Who sends a request, as `flask.g.caller` has it: the name that jobs belong to, and what it may do."""

    name: str
    scopes: frozenset[str] = EVERYTHING


UNAUTHENTICATED = Caller("", frozenset())


def install_access(app: Flask, settings: Settings) -> None:
    """Let every request act for its caller; where keys are set, refuse requests without one."""

    def admit() -> None:
        # An unknown path reveals nothing without a key.
        access = current_app.extensions[EXTENSION].get(request.endpoint, Access.KEY)
        g.grant = _grant() if access in (Access.TOKEN, Access.SOCKET) else None
        g.caller = _caller(access, settings.access.api_keys)
        g.acting = contextlib.ExitStack()
        g.acting.enter_context(as_owner(g.caller.name))

    def leave(_: BaseException | None) -> None:
        if "acting" in g:
            g.pop("acting").close()

    app.extensions[EXTENSION] = {}
    app.before_request(admit)
    app.teardown_request(leave)


def described_access(settings: Settings) -> JsonObject:
    """Return what the OpenAPI document says of keys: nothing where none are set."""
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
        return UNAUTHENTICATED
    if name is None:
        raise EdgeError(
            "a valid API key is needed: send Authorization: Bearer KEY, or X-API-Key: KEY",
            code="unauthorized",
            headers={"WWW-Authenticate": 'Bearer realm="vector-api"'},
        )
    caller = Caller(name)
    if access is Access.ADMIN and not caller.scopes & ADMINISTRATION:
        raise EdgeError("this needs a key with the scope admin", code="forbidden")
    return caller


def _grant() -> Grant | None:
    """Return the grant of a token in the address that opens this address, None for none.

    A token for a path opens that path; one for a job opens whatever takes tokens and is about that
    job, and a WebSocket.
    """
    grant = read_token(request.args.get("token", ""))
    if grant is None or grant.subject == request.path:
        return grant
    about = (request.view_args or {}).get("job_id", grant.job_id)
    return grant if grant.job_id is not None and about == grant.job_id else None


def given_key() -> str:
    """Return the key that the request carries, an empty text for none.

    A key in the address is not looked at.

    A page cannot set headers on a WebSocket but can name subprotocols: `bearer.` and the key in
    base64url is taken for the key.
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
    """Return the key that a text in base64url stands for, an empty one for what is none."""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("latin-1")
    except ValueError:
        return ""


def name_of(key: str, keys: Sequence[ApiKey]) -> str | None:
    """Return whose key it is, None for nobody's.

    Every configured key is compared, whatever the earlier ones gave.
    """
    # The server decodes headers as Latin-1; these are the bytes that were sent.
    digest = sha256(key[: MAX_KEY_CHARS + 1].encode("latin-1", "replace")).digest()
    found = [one.name for one in keys if hmac.compare_digest(one.digest, digest)]
    return found[0] if found else None
