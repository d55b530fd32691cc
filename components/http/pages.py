"""HTML pages with scripts, and constants and addresses that pages share."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Response, render_template
from markupsafe import Markup, escape

from components.http.conditional import conditional
from libraries import VERSION
from libraries.settings import AccessSettings, WebSettings

SVG_TYPE = "image/svg+xml"
# An SVG is active content. The policy blocks scripts and requests.
FILE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}
# Scripts and connections of this server only; images that need a key are shown as `blob:`.
SCRIPT_POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# For a page without scripts.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
WILDCARD_HOSTS = {"", "0.0.0.0", "::"}  # noqa: S104 - compared, not bound


def script_page(template: str, *, form_action: str = "'none'", **values: Any) -> Response:
    """Return a page with scripts. The page is public; its requests need a key if keys are configured.

    `form_action` is the source of the policy to which forms may be sent without a script.
    """
    page = render_template(
        template, version=VERSION, keys=bool(AccessSettings.current().api_keys), **values
    )
    return conditional(with_script_policy(page, form_action))


def with_script_policy(page: str, form_action: str = "'none'") -> Response:
    """Return a response with the HTML of a page that has scripts of this service."""
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = f"{SCRIPT_POLICY}; form-action {form_action}"
    return response


def base_address() -> str:
    """Return the address of this service for clients on the same machine.

    It comes from the settings, because the `Host` header is controlled by the client.
    """
    web = WebSettings.current()
    host = "127.0.0.1" if web.host in WILDCARD_HOSTS else web.host
    return f"http://[{host}]:{web.port}" if ":" in host else f"http://{host}:{web.port}"


def first_curl() -> str:
    """Return a curl command that requests a drawing."""
    body = '{"width": 210, "height": 297, "pattern": "spiral"}'
    key = "-H 'X-API-Key: KEY' \\\n  " if AccessSettings.current().api_keys else ""
    return f"curl {base_address()}/artboard/create \\\n  {key}-H 'Content-Type: application/json' \\\n  -d '{body}'"


@lru_cache(maxsize=1024)
def code(text: str) -> Markup:
    """Convert text to HTML; text in backticks becomes code."""
    parts = str(escape(text)).split("`")
    marked = (f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))
    return Markup("".join(marked))  # noqa: S704 - every part was escaped above
