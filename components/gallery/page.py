"""The page of the gallery: pictures, a search, filters."""

from __future__ import annotations

from flask import Response, redirect, request

from components.http import script_page, wants
from libraries.sheets.papers import PAPERS

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
    return script_page("gallery.html", papers=papers)
