"""The route `GET /metrics`, and the request counter that it needs."""

from __future__ import annotations

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.system.exposition import OPENMETRICS, install_metrics, metrics_response
from components.system.request_counts import count_request
from libraries.settings import Scope

blueprint = api_blueprint("metrics", __name__, None, "Metrics of the service for Prometheus.")
blueprint.record(lambda state: install_metrics(state.app))
blueprint.after_app_request(count_request)


@blueprint.route("/metrics", access=Access.ADMIN, scope=Scope.METRICS)
@blueprint.response(
    200,
    content_type="text/plain",
    schema={"type": "string"},
    description="Prometheus text, or OpenMetrics",
)
@blueprint.doc(responses={200: {"content": {OPENMETRICS: {"schema": {"type": "string"}}}}})
def show_metrics() -> Response:
    """Return metrics of the queue, the finished jobs and this web process, for Prometheus.

    Where `API_KEYS` are set, the key needs the scope `metrics` or `admin`. OpenMetrics if `Accept` prefers it. While the broker is unreachable, `vector_broker_up` is 0 and
    the metrics of the queue are omitted.
    """
    return metrics_response()
