"""HTML pages that work by scripts, and what they show of the service."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template

from components.http.conditional import conditional
from libraries.settings import AccessSettings, WebSettings

VERSION = "0.1.0"


SVG_TYPE = "image/svg+xml"


# An SVG is active content. Opened by itself it may not run, load or send anything.
FILE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}


# Scripts and connections of this server alone; a picture that needed a key to be fetched is shown
# from memory (`blob:`).
SCRIPT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


EVERY_ADDRESS = {"", "0.0.0.0", "::"}  # noqa: S104 - recognised here, not listened on


def script_page(template: str, **values: Any) -> Response:
    """Return a page that works by scripts; it is open to all, and what its scripts ask for needs a key where keys are set."""
    page = render_template(
        template, version=VERSION, keys=bool(AccessSettings.current().api_keys), **values
    )
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = SCRIPT_POLICY
    return conditional(response)


def base_address() -> str:
    """Return the address that this service listens on, as one would type it on the same machine.

    It comes from the settings: what a request says about the host is the request's own claim.
    """
    web = WebSettings.current()
    host = "127.0.0.1" if web.host in EVERY_ADDRESS else web.host
    return f"http://[{host}]:{web.port}" if ":" in host else f"http://{host}:{web.port}"


def first_curl() -> str:
    """Return a command that asks for a first drawing, to be copied."""
    body = '{"width": 210, "height": 297, "pattern": "spiral"}'
    key = "-H 'X-API-Key: KEY' \\\n  " if AccessSettings.current().api_keys else ""
    return f"curl {base_address()}/artboard/create \\\n  {key}-H 'Content-Type: application/json' \\\n  -d '{body}'"
