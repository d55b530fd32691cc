"""Prometheus collectors for the queue and this web process."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from flask import Flask, Response, current_app, request
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from components.http.long_connections import live
from components.http.server.processes import Place, total
from components.http.server.repeated import repeated_requests
from components.system.request_counts import BOUNDS, NAME, Requests
from libraries import VERSION
from libraries.broker.errors import QueueUnavailable
from libraries.metrics import QueueMetrics, TaskTotals, measure_queue

REGISTRY = "vector-metrics"
PLAIN, OPENMETRICS = "text/plain", "application/openmetrics-text"


class ServiceCollector(Collector):
    """Collects all metrics for each scrape; nothing is cached."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics; without the broker only those of this process."""
        yield InfoMetricFamily("vector", "Version of the service.", value={"version": VERSION})
        yield from self._own()
        try:
            measures = measure_queue()
        except QueueUnavailable:
            yield _broker_up(0)
            return
        yield _broker_up(1)
        yield from _queue(measures)
        yield from _jobs(measures.totals)
        yield _lags(measures.lags)

    def _own(self) -> Iterator[Metric]:
        hub, counts = live(self._app).hub, self._app.extensions[NAME]
        yield GaugeMetricFamily(
            "vector_held_connections",
            "Open event streams and WebSockets of the web processes.",
            max(hub.held, total(counts.regions, Place.HELD_CONNECTIONS)),
        )
        yield GaugeMetricFamily(
            "vector_held_connections_limit",
            "Limit of open streams and WebSockets of each web process.",
            hub.limit,
        )
        yield from _requests(counts)


def _broker_up(value: int) -> Metric:
    return GaugeMetricFamily("vector_broker_up", "1 if the broker is reachable, else 0.", value)


def _lags(lags: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(
        "vector_journal_lag",
        "Journal entries that a subscriber has not processed yet.",
        labels=("subscriber",),
    )
    for subscriber, number in lags.items():
        family.add_metric((subscriber,), number)
    return family


def _requests(counts: Requests) -> Iterator[Metric]:
    answers = CounterMetricFamily(
        "vector_http_requests",
        "Requests answered by the web processes.",
        labels=("method", "route", "status"),
    )
    for labels, number in counts.answers().items():
        answers.add_metric(labels, number)
    yield answers
    seconds = HistogramMetricFamily(
        "vector_http_request_seconds",
        "Seconds from a request until its response is ready.",
        labels=("method", "route"),
    )
    for kind, (buckets, sum_s) in counts.durations().items():
        seconds.add_metric(kind, _cumulative(BOUNDS, buckets), sum_s)
    yield seconds


def _queue(measures: QueueMetrics) -> Iterator[Metric]:
    jobs = GaugeMetricFamily(
        "vector_queue_jobs", "Stored unfinished jobs by state.", labels=("state",)
    )
    for state, number in measures.jobs.items():
        jobs.add_metric((state,), number)
    yield jobs
    gauges: dict[str, tuple[str, float | None]] = {
        "vector_queue_limit": ("Limit of waiting jobs.", measures.limit),
        "vector_queue_paused": ("1 if the queue is paused, else 0.", measures.paused),
        "vector_queue_front_wait_seconds": (
            "Seconds that the first job in the queue has waited.",
            measures.front_wait,
        ),
        "vector_workers": ("Number of workers.", measures.workers),
        "vector_workers_busy": ("Number of workers that run a job.", measures.busy),
        "vector_jobs_unreadable": ("Damaged job records.", measures.unreadable),
        "vector_broker_memory_bytes": ("Memory used by the broker.", measures.memory),
        "vector_broker_memory_limit_bytes": (
            "Memory limit of the broker; 0 for none.",
            measures.memory_limit,
        ),
    }
    for name, (meaning, value) in gauges.items():
        if value is not None:
            yield GaugeMetricFamily(name, meaning, value)


def _jobs(totals: dict[str, TaskTotals]) -> Iterator[Metric]:
    ended = CounterMetricFamily(
        "vector_jobs",
        "Ended jobs by outcome, and failed attempts that were `retried`.",
        labels=("task", "outcome"),
    )
    seconds = HistogramMetricFamily(
        "vector_job_seconds", "Duration of attempts in seconds.", labels=("task",)
    )
    for task, one in totals.items():
        for outcome, number in one.outcomes.items():
            ended.add_metric((task, outcome), number)
        buckets = _cumulative(list(one.buckets), one.buckets.values())
        seconds.add_metric((task,), buckets, one.seconds)
    yield ended
    yield seconds


def _cumulative(bounds: Sequence[float], numbers: Iterable[int]) -> list[tuple[str, float]]:
    """Return cumulative histogram buckets."""
    return [
        ("+Inf" if math.isinf(bound) else str(bound), total)
        for bound, total in zip(bounds, itertools.accumulate(numbers), strict=True)
    ]


def install_metrics(app: Flask) -> None:
    """Create the request counters and the metrics registry of `app`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ServiceCollector(app))
    ProcessCollector(registry=registry)
    counts = Requests(app)
    app.extensions[NAME], app.extensions[REGISTRY] = counts, registry
    repeated_requests(app).observe = counts.count


def metrics_response() -> Response:
    """Return all metrics in the format that the client prefers."""
    registry: CollectorRegistry = current_app.extensions[REGISTRY]
    if _prefers_openmetrics():
        text = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]
        response = Response(text, content_type=openmetrics.CONTENT_TYPE_LATEST)
    else:
        response = Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept"
    return response


def _prefers_openmetrics() -> bool:
    """Return whether `Accept` names OpenMetrics and ranks it no lower than plain text."""
    wanted: dict[str, float] = {}
    for value, quality in request.accept_mimetypes:
        name = value.partition(";")[0].strip().lower()
        wanted[name] = max(quality, wanted.get(name, 0.0))
    quality = wanted.get(OPENMETRICS, 0.0)
    return quality > 0 and quality >= wanted.get(PLAIN, 0.0)
