"""The page of the gallery: pictures, a search, filters."""

from __future__ import annotations

from flask import Response, redirect, render_template, request

from components.http import VERSION, conditional, wants
from libraries.drawing.papers import PAPERS
from libraries.settings import get_settings

# Scripts and connections of this server alone; a drawing that needed a key to be fetched is shown from memory (`blob:`).
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ADDRESS = "/gallery/page"


def page_wanted() -> bool:
    """Tell whether whoever asks is a browser that somebody sits at."""
    return wants("text/html", rather_than="application/json")


def to_page() -> Response:
    """Send a browser to the page, with what it searches for."""
    query = request.query_string.decode("ascii", "ignore")
    response: Response = redirect(f"{ADDRESS}?{query}" if query else ADDRESS, 303)  # type: ignore[assignment]
    response.headers["Vary"] = "Accept"
    return response


def gallery_page() -> Response:
    """Return the page; it is open to all, and what it shows needs a key where keys are set."""
    papers = [(name, paper.title) for name, paper in PAPERS.items()]
    page = render_template("gallery.html", version=VERSION, keys=bool(get_settings().api_keys), papers=papers)
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    return conditional(response)
