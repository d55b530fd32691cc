"""Problem documents as pages for browsers."""

from __future__ import annotations

from flask import Response, json, render_template

from components.http.browsers import is_browser
from components.http.pages import code
from components.http.problems import PROBLEM_TYPE
from libraries import VERSION

# A page for a problem has no scripts, and its pictures are files of this service.
PROBLEM_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


def problem_page(response: Response) -> Response:
    """Return a problem document as a page if the client is a browser, with the same status and headers."""
    if response.mimetype != PROBLEM_TYPE:
        return response
    response.vary.add("Accept")
    if not is_browser():
        return response
    # The document is small, and always made by this service.
    document = json.loads(response.get_data())
    response.set_data(render_template("error.html", problem=document, code=code, version=VERSION))
    response.content_type = "text/html; charset=utf-8"
    response.headers["Content-Security-Policy"] = PROBLEM_PAGE_POLICY
    return response
