"""GET /dashboard, and the style sheet and the scripts of the page."""

from __future__ import annotations

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.pages import first_curl, script_page

blueprint = api_blueprint(
    "dashboard",
    __name__,
    "/dashboard",
    "A page on which an operator sees what the service does.",
    access=Access.OPEN,
    assets="dashboard",
)


@blueprint.route("")
@blueprint.response(200, description="A page", content_type="text/html", schema={"type": "string"})
def show_dashboard() -> Response:
    """Show a page with the jobs, the queue and the schedules, from which jobs are stopped, retried and deleted."""
    return script_page("dashboard.html", curl=first_curl())
