"""Problem documents as pages for browsers."""

from __future__ import annotations

from flask import Response, current_app, json, render_template, request

from components.http.access import BROWSER_PAGES, prefers_page
from components.http.pages import PAGE_POLICY, code
from components.http.problems import PROBLEM_TYPE
from libraries import VERSION


def problem_page(response: Response) -> Response:
    """Return a problem document as a page if the client is a browser, with the same status and headers.

    Other responses only get `Vary` at the addresses that have a page.
    """
    is_problem = response.mimetype == PROBLEM_TYPE
    if is_problem or request.endpoint in current_app.extensions[BROWSER_PAGES]:
        response.vary.add("Accept")
    if not is_problem or not prefers_page():
        return response
    # The document is small, and always made by this service.
    document = json.loads(response.get_data())
    response.set_data(render_template("error.html", problem=document, code=code, version=VERSION))
    response.content_type = "text/html; charset=utf-8"
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response
