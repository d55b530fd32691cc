"""The browser boundary: the host names that are served, and what pages of other origins may do.

Without it, any web page that the user visits could send requests to a service on the user's own
machine, and a foreign domain name that resolves to 127.0.0.1 could read the replies.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request

from components.http.parameters import HEADERS
from components.http.problems import EdgeError
from libraries.live import is_handshake
from libraries.settings import WebSettings
from libraries.settings.parsers import is_loopback

View = TypeVar("View", bound=Callable[..., Any])

HOST_NAME = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/@\[\]]+)(?::\d{1,5})?", re.ASCII)
# With the headers that tracing and event stream libraries of browsers add to every request.
ALLOWED_HEADERS = (
    "Accept, Authorization, baggage, Cache-Control, Content-Type, Idempotency-Key, If-Match, "
    "If-None-Match, Last-Event-ID, Prefer, Range, traceparent, tracestate, X-API-Key, X-Request-ID"
)


def install_boundary(app: Flask) -> None:
    """Check every request before its route runs, and add the CORS headers to every response."""
    app.before_request(check_request)
    app.after_request(add_cross_origin_headers)


def changes_state(view: View) -> View:
    """Mark a GET view as one that changes something, so that pages of other origins cannot call it."""
    view.changes_state = True  # type: ignore[attr-defined]
    return view


def check_request() -> None:
    """Refuse a host name that is not served, and a change that a page of another origin requests.

    Raises:
        EdgeError: `host-not-served` (421) or `foreign-origin` (403).
    """
    web = WebSettings.current()
    if not is_served(request.environ.get("HTTP_HOST", ""), web.host, web.allowed_hosts):
        raise EdgeError(
            "this host name is not served here; the operator lists the names of the service in "
            "the setting ALLOWED_HOSTS",
            code="host-not-served",
        )
    if _changes_something() and _is_foreign():
        raise EdgeError(
            "pages of other origins may not do this; the operator lists the origins of trusted "
            "pages in the setting ALLOWED_ORIGINS",
            code="foreign-origin",
        )


def is_served(host: str, listens_on: str, allowed: tuple[str, ...]) -> bool:
    """Return whether the `Host` of a request is a name of this service.

    Loopback names always are. Where the service listens beyond this machine, so are its host name
    and IP addresses: only a domain name can be made to resolve to another server.

    Args:
        host: the header; empty where the client sends none, as in HTTP/1.0.
        listens_on: the setting HOST.
        allowed: the setting ALLOWED_HOSTS; `*.example.com` is every name below that domain.
    """
    found = HOST_NAME.fullmatch(host.lower())
    if not found:
        return not host
    name = found[1].strip("[]").rstrip(".")
    if is_loopback(name) or name.endswith(".localhost") or name == listens_on.lower():
        return True
    if any(name.endswith(one[1:]) if one[0] == "*" else name == one for one in allowed):
        return True
    return not is_loopback(listens_on) and (_is_address(name) or name in _machine_names())


def add_cross_origin_headers(response: Response) -> Response:
    """Let pages of ALLOWED_ORIGINS read the response, and embed it; pages of other origins cannot."""
    headers = response.headers
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    allowed = _is_allowed(origin)
    if allowed:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = ", ".join(HEADERS)
        if request.method == "OPTIONS" and "Allow" in headers:
            headers["Access-Control-Allow-Methods"] = headers["Allow"]
            headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
            headers["Access-Control-Max-Age"] = "7200"
            if "Access-Control-Request-Private-Network" in request.headers:
                headers["Access-Control-Allow-Private-Network"] = "true"
    # `<img>` sends no Origin. A Referer is enough here: embedding does not let the page read.
    embeds = _is_allowed(_origin_of(request.headers.get("Referer", "")))
    if allowed or embeds or g.get("grant") is not None:
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    return response


def _changes_something() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return (
        request.method not in frozenset({"GET", "HEAD", "OPTIONS"})
        or getattr(view, "changes_state", False)
        or is_handshake(request.headers.get)
    )


def _is_foreign() -> bool:
    """Return whether a browser sends the request for a page of another origin."""
    fetch_site = request.headers.get("Sec-Fetch-Site", "")
    # A form of a page with `Referrer-Policy: no-referrer` has the origin `null`.
    if fetch_site == "same-origin":
        return False
    origin = request.headers.get("Origin")
    if origin is None:
        return fetch_site not in ("", "none")
    own = urlsplit(origin.lower()).netloc == request.environ.get("HTTP_HOST", "").lower()
    return not (own or _is_allowed(origin))


def _is_allowed(origin: str) -> bool:
    return origin.rstrip("/").lower() in WebSettings.current().allowed_origins


def _origin_of(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1)
def _machine_names() -> frozenset[str]:
    name = socket.gethostname().lower()
    return frozenset({name, f"{name.partition('.')[0]}.local"})
