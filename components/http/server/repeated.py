"""Identical GET requests, such as polls of a job that has ended, answered without the application.

A view calls `repeatable` if its response depends only on the request and on a stored state. When the
same path is requested again with the same headers and the state is the same, the response is sent
again: the same bytes, but with the id and the time of the new request. It is logged and counted like
any other, but not as a request in progress of its owner.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar

from flask import Flask, current_app, g, request
from werkzeug.http import http_date

from components.http.access_log import log_request
from components.http.problems import request_id_from
from components.http.server.sockets import ClientSocket

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]
Observer = Callable[[str, str, int, float], None]


@dataclass(frozen=True)
class Reply:
    """A response, and how to find out whether it is still the right one."""

    read_state: Callable[[], object]
    """Returns the state that the response depends on, None if that cannot be read."""
    admit: Callable[[], Mapping[str, str] | None]
    """Checks and counts a request of the same client; returns the headers that it changes, None if it must be refused."""
    path: str
    route: str
    state: bytes | None = None
    """Digest of the state before the response was made; None until the request is repeated."""
    status: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    key: bytes = b""
    """Digest of the request."""


def repeatable(read_state: Callable[[], object]) -> None:
    """Say that the response to the current GET request depends only on its path and headers, and on a state."""
    rule = request.url_rule
    if rule is not None:
        request.environ[RepeatedRequests.MARK] = Reply(
            read_state, g.admit_again, request.path, rule.rule
        )


class RepeatedRequests:
    """WSGI middleware that keeps the last responses to requests that were repeated."""

    # Flask extension.
    NAME = "vector-repeated"

    # Member of the environment of a request that a view has marked.
    MARK = "vector.repeatable"

    MAX_REPLIES = 256
    MAX_BODY_BYTES = 1 << 16
    MAX_BYTES = 1 << 22

    # It differs in each request, and does not change the response otherwise.
    IGNORED: ClassVar = frozenset({"HTTP_X_REQUEST_ID"})
    STATUSES: ClassVar = frozenset({"200 OK", "304 NOT MODIFIED"})

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._replies: OrderedDict[bytes, Reply] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        # Called with method, route, status and seconds of each response.
        self.observe: Observer = lambda *_: None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        key = self._key(environ)
        known = self._replies.get(key) if key else None
        if key is None or known is None:
            return self._first(key, environ, start_response)
        started_at = time.perf_counter()
        state = _state(known)
        changed = known.admit() if state is not None and state == known.state else None
        if changed is not None:
            return self._repeat(known, changed, environ, start_response, started_at)
        return self._recorded(key, state, environ, start_response)

    def is_kept(self, reply: Reply) -> bool:
        """Return whether this is the last response to its request."""
        return self._replies.get(reply.key) is reply

    def is_current(self, reply: Reply) -> bool:
        """Return whether the state that a response depends on is still the same; asks the broker."""
        state = _state(reply)
        return state is not None and state == reply.state

    def _key(self, environ: WSGIEnvironment) -> bytes | None:
        """Return a digest of all that a view may use of a request; None if it is not a plain GET.

        The headers may contain a key, which is not kept.
        """
        if (
            environ["REQUEST_METHOD"] != "GET"
            or environ.get("QUERY_STRING")
            or "CONTENT_LENGTH" in environ
            or "HTTP_TRANSFER_ENCODING" in environ
        ):
            return None
        headers = [
            (name, value)
            for name, value in environ.items()
            if name.startswith("HTTP_") and name not in self.IGNORED
        ]
        # Limits may apply to each address.
        address = environ.get("REMOTE_ADDR")
        return _digest((environ["PATH_INFO"], address, environ.get("CONTENT_TYPE"), headers))

    def _first(
        self, key: bytes | None, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Call the application, and remember that the response can be repeated."""
        body = self._application(environ, start_response)
        if key is not None and self.MARK in environ:
            self._keep(key, environ[self.MARK])
        return body

    def _recorded(
        self,
        key: bytes,
        state: bytes | None,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        """Call the application and keep its response, which is not older than `state`."""
        started: list[tuple[str, Headers]] = []

        def note(status: str, headers: Headers, exc_info: Any = None) -> Any:
            started.append((status, headers))
            return start_response(status, headers, exc_info)

        body = self._application(environ, note)
        status, headers = started[-1] if started else ("", [])
        reply: Reply | None = environ.get(self.MARK)
        if reply is None or status not in self.STATUSES or not isinstance(headers, list):
            self._drop(key)
            return body
        try:
            data = b"".join(body)
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
        if state is not None and len(data) <= self.MAX_BODY_BYTES:
            self._keep(
                key,
                replace(
                    reply, state=state, status=status, headers=tuple(headers), body=data, key=key
                ),
            )
        return [data]

    def _repeat(
        self,
        reply: Reply,
        changed: Mapping[str, str],
        environ: WSGIEnvironment,
        start_response: StartResponse,
        started_at: float,
    ) -> Iterable[bytes]:
        identity = request_id_from(environ.get("HTTP_X_REQUEST_ID", ""))
        own = {"X-Request-ID": identity, "Date": http_date(), **changed}
        headers = [(name, own.get(name, value)) for name, value in reply.headers]
        sock = environ.get("gunicorn.socket")
        if isinstance(sock, ClientSocket):
            sock.record(reply)
        start_response(reply.status, headers)
        seconds, status = time.perf_counter() - started_at, int(reply.status[:3])
        log_request("GET", reply.path, status, seconds, identity)
        self.observe("GET", reply.route, status, seconds)
        return [reply.body]

    def _keep(self, key: bytes, reply: Reply) -> None:
        with self._lock:
            self._remove(key)
            self._replies[key] = reply
            self._bytes += len(reply.body)
            while len(self._replies) > self.MAX_REPLIES or self._bytes > self.MAX_BYTES:
                self._remove(next(iter(self._replies)))

    def _drop(self, key: bytes) -> None:
        with self._lock:
            self._remove(key)

    def _remove(self, key: bytes) -> None:
        old = self._replies.pop(key, None)
        if old is not None:
            self._bytes -= len(old.body)


def _state(reply: Reply) -> bytes | None:
    found = reply.read_state()
    return None if found is None else _digest(found)


def _digest(value: object) -> bytes:
    """Return a digest of strings and bytes in lists and tuples, which may be large."""
    return sha256(repr(value).encode(errors="surrogatepass")).digest()


def install_repeated(app: Flask) -> None:
    """Answer the repeated requests of an application."""
    repeated = RepeatedRequests(app.wsgi_app)
    app.extensions[RepeatedRequests.NAME] = repeated
    app.wsgi_app = repeated  # type: ignore[method-assign]


def repeated_requests(app: Flask | None = None) -> RepeatedRequests:
    found: RepeatedRequests = (app or current_app).extensions[RepeatedRequests.NAME]
    return found
