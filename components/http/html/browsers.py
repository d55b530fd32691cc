"""Pages for browsers at addresses that return JSON to other clients."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, request


def is_browser() -> bool:
    """Return whether the client prefers HTML to JSON, as browsers do when the user opens an address."""
    accept = request.accept_mimetypes
    return bool(accept["text/html"] > accept["application/json"])


def opens_page(view: object) -> bool:
    """Return whether this request gets the page of `view`, which needs no key, instead of its data."""
    return hasattr(view, "page") and request.method in ("GET", "HEAD") and is_browser()


def with_page(view: Any, page: Callable[..., Response]) -> Any:
    """Return a view that shows browsers `page`, which gets the values in the path."""

    @wraps(view)
    def shown(*args: Any, **kwargs: Any) -> Any:
        response = page(**(request.view_args or {})) if opens_page(shown) else view(*args, **kwargs)
        if isinstance(response, Response):
            response.vary.add("Accept")
        return response

    shown.page = page  # type: ignore[attr-defined]
    return shown
