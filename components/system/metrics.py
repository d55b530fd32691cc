"""GET /metrics, and the counting of requests that it needs."""

from __future__ import annotations

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.system.exposition import OPENMETRICS, install_metrics, metrics_response
from components.system.request_counts import count_request

blueprint = api_blueprint("metrics", __name__, None, "The service in numbers, for Prometheus.")
blueprint.record(lambda state: install_metrics(state.app))
blueprint.after_app_request(count_request)

BOTH_FORMS = {"responses": {200: {"content": {OPENMETRICS: {"schema": {"type": "string"}}}}}}


@blueprint.route("/metrics", access=Access.KEY)
@blueprint.response(
    200,
    content_type="text/plain",
    schema={"type": "string"},
    description="Prometheus text, or OpenMetrics",
)
@blueprint.doc(**BOTH_FORMS)
def show_metrics() -> Response:
    """Show the queue, the jobs done so far and this web process in numbers, for Prometheus.

    OpenMetrics if `Accept` asks for it. While the broker is away `vector_broker_up` is 0, and what only the broker knows is left
    out.
    """
    return metrics_response()
