"""GET /dashboard and the assets of the page."""

from __future__ import annotations

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.pages import first_curl, script_page

blueprint = api_blueprint(
    "dashboard",
    __name__,
    "/dashboard",
    "Dashboard for operators.",
    access=Access.OPEN,
    assets="dashboard",
)


@blueprint.route("")
@blueprint.html_response()
def show_dashboard() -> Response:
    """Show the dashboard: jobs, queue and schedules."""
    return script_page("dashboard.html", curl=first_curl())
