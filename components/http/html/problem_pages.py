"""Problem documents as pages for browsers."""

from __future__ import annotations

from flask import Response, json, render_template

from components.http.html.browsers import is_browser
from components.http.pages import PAGE_POLICY, code
from components.http.problems import PROBLEM_TYPE
from libraries import VERSION


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
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response
