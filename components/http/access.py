"""Authentication and authorization of requests: API keys, tokens, and the owner of a request.

The SHA-256 of a key is compared with every configured one in constant time. Keys are neither
logged nor echoed.
"""

from __future__ import annotations

import contextlib
import hmac
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from hashlib import sha256

from flask import Flask, Response, current_app, g, request

from components.http.problems import EdgeError
from components.http.server.peers import peer_of
from components.http.tokens import Grant, read_token
from libraries.job_manager import as_owner
from libraries.job_manager.control import owner_of
from libraries.job_manager.ownership import ANONYMOUS
from libraries.json_types import JsonObject
from libraries.live import is_handshake
from libraries.previews import rendering_for
from libraries.settings import ApiKey, Scope, Settings

# Limits the hashing for unauthenticated clients; a key of 256 random bits has 43 to 64 characters.
MAX_KEY_CHARS = 1024
KEY_PROTOCOL = re.compile(r"bearer\.([A-Za-z0-9_-]{1,2048})", re.ASCII)
# Flask extensions: the access level of each endpoint, and its scope if it is not that of the method.
EXTENSION, SCOPES = "vector-access", "vector-scopes"
# Flask extension: the page that browsers get at the address of an endpoint, which needs no key.
BROWSER_PAGES = "vector-browser-pages"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="vector-api"'}


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
    """API key with the scope `admin`, or the one that the route declares; for the operator. Not limited in requests."""


@dataclass(frozen=True)
class Caller:
    """The authenticated client, as `flask.g.caller`: the owner of its jobs, and its scopes.

    A client with a token has the subject of the token instead of scopes.
    """

    name: str
    scopes: frozenset[str] = frozenset({Scope.ANY})
    expires_at: float | None = None
    """When its key expires, in Unix seconds."""

    def may(self, scope: Scope) -> bool:
        return not self.scopes.isdisjoint({Scope.ANY, Scope.ADMIN, scope})

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= time.time()


def install_access(app: Flask, settings: Settings) -> None:
    """Authenticate each request and set its owner; reject requests without a required key."""

    def admit() -> Response | None:
        # An unknown path reveals nothing without a key.
        access = current_app.extensions[EXTENSION].get(request.endpoint, Access.KEY)
        page = _browser_page()
        if page is not None:
            access = Access.OPEN
        g.grant = _grant(access) if access in (Access.TOKEN, Access.SOCKET) else None
        g.caller = _caller(access, settings.access.api_keys)
        g.acting = contextlib.ExitStack()
        # A token of a job is for the owner's own browser, one of a path may be given away.
        is_guest = g.grant is not None and g.grant.job_id is None
        g.acting.enter_context(as_owner(_acting_owner(), guest=is_guest))
        g.acting.enter_context(rendering_for(client_name()))
        return None if page is None else page()

    def leave(_: BaseException | None) -> None:
        if "acting" in g:
            g.pop("acting").close()

    app.extensions[EXTENSION], app.extensions[SCOPES], app.extensions[BROWSER_PAGES] = {}, {}, {}
    app.before_request(admit)
    app.teardown_request(leave)


def _browser_page() -> Callable[[], Response] | None:
    """Return the page of the address, if there is one and the client prefers HTML to JSON."""
    page: Callable[[], Response] | None
    page = current_app.extensions[BROWSER_PAGES].get(request.endpoint)
    return page if request.method in ("GET", "HEAD") and prefers_page() else None


def prefers_page() -> bool:
    """Return whether the client prefers HTML to JSON and to problem documents, as browsers do.

    They name `text/html`; `text/*` is not a request for a page.
    """
    accept = request.accept_mimetypes
    if "text/html" not in accept.values():
        return False
    documents = (accept["application/json"], accept["application/problem+json"])
    return bool(accept["text/html"] > max(documents))


def client_name() -> str:
    """Return whose share of limited resources a request uses: that of an owner, or of an address."""
    name = g.caller.name
    return peer_of(request.remote_addr or "") if name in ("", ANONYMOUS) else f"owner {name}"


def described_access(settings: Settings) -> JsonObject:
    """Return the OpenAPI members for the keys; empty if none are configured."""
    if not settings.access.api_keys:
        return {}
    schemes = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "`Authorization: Bearer KEY`",
        },
        "header": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "`X-API-Key: KEY`",
        },
    }
    return {
        "components": {"securitySchemes": schemes},
        "security": [{name: []} for name in schemes],
    }


def _caller(access: Access, keys: Sequence[ApiKey]) -> Caller:
    # A browser asks without a key whether it may ask with one.
    if not keys or request.method == "OPTIONS" or access is Access.OPEN:
        return Caller(ANONYMOUS)
    if g.grant is not None:
        return Caller(g.grant.owner, frozenset({g.grant.subject}))
    key = known_key(given_key(), keys)
    caller = Caller(key.name, key.scopes, key.expires_at) if key else None
    if caller is None or caller.is_expired:
        if access is Access.SOCKET and is_handshake(request.headers.get):
            return Caller("", frozenset())
        raise _refusal(caller)
    needed = required_scope(access, request.endpoint, request.method)
    # An unknown path and a wrong method have other problems.
    if request.endpoint is not None and not caller.may(needed):
        raise EdgeError(
            f"this API key has the scopes {', '.join(sorted(caller.scopes))}, and the request needs "
            f"the scope {needed}; use another key",
            code="forbidden",
        )
    return caller


def _refusal(caller: Caller | None) -> EdgeError:
    if caller is None or caller.expires_at is None:
        return EdgeError(
            "a valid API key is required: send Authorization: Bearer KEY or X-API-Key: KEY",
            code="unauthorized",
            headers=CHALLENGE,
        )
    last_day = datetime.fromtimestamp(caller.expires_at - 1, UTC).date()
    challenge = {name: f'{text}, error="invalid_token"' for name, text in CHALLENGE.items()}
    return EdgeError(
        f"this API key expired; its last day was {last_day}. Ask the operator for a new one",
        code="key-expired",
        headers=challenge,
    )


def required_scope(access: Access, endpoint: str | None, method: str) -> Scope:
    """Return the scope that a request needs: that of its route, or of its method."""
    declared: Scope | None = current_app.extensions[SCOPES].get(endpoint)
    if declared is not None:
        return declared
    if access is Access.ADMIN:
        return Scope.ADMIN
    return Scope.READ if method in ("GET", "HEAD") else Scope.DRAW


def _acting_owner() -> str:
    """Return the owner for whom the request acts: with the scope `admin` that of the job or batch in the path."""
    name: str = g.caller.name
    values = request.view_args or {}
    if Scope.ADMIN not in g.caller.scopes or values.keys().isdisjoint(("job_id", "batch_id")):
        return name
    return owner_of(job_id=values.get("job_id"), batch_id=values.get("batch_id")) or name


@contextlib.contextmanager
def acting_for(owner: str | None) -> Iterator[None]:
    """Run the block on behalf of another owner, None for the caller.

    Raises EdgeError for another one if the caller has not the scope `admin`.
    """
    if owner is None:
        yield
        return
    if not g.caller.may(Scope.ADMIN):
        raise EdgeError(
            "the jobs of other owners need an API key with the scope admin", code="forbidden"
        )
    with as_owner(owner):
        yield


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


def known_key(key: str, keys: Sequence[ApiKey]) -> ApiKey | None:
    """Return the entry of a key, or None. Compares with every key, for constant time."""
    # The server decodes headers as Latin-1; encode them to the received bytes.
    digest = sha256(key[: MAX_KEY_CHARS + 1].encode("latin-1", "replace")).digest()
    found = [one for one in keys if hmac.compare_digest(one.digest, digest)]
    return found[0] if found else None
