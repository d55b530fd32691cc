"""The page of metrics."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

from flask import Flask
from prometheus_client.metrics_core import Metric

from components.system import exposition
from docs.reference_pages.markdown import code, prose, table
from libraries.metrics import QueueMetrics, TaskTotals

# One of each, so that every metric has a sample, and with it the names of its labels.
SAMPLE = QueueMetrics(
    jobs={"queued": 0},
    limit=0,
    paused=False,
    workers=0,
    busy=0,
    front_wait=0.0,
    memory=0,
    memory_limit=0,
    totals={"task": TaskTotals()},
    unreadable=0,
    lags={"subscriber": 0},
)
# Suffixes that the text format adds to the name of a metric.
SUFFIXES = {"counter": "_total", "info": "_info"}
BUCKET = "le"


def metrics_page(app: Flask) -> Iterator[str]:
    """Yield the lines of the page of metrics, by name."""
    yield "# Metrics\n"
    yield (
        "`GET /metrics` returns these for Prometheus. A histogram has the suffixes `_bucket`, `_count` "
        "and `_sum`. The metrics of the queue come from the broker and are equal for all web "
        "processes; those of connections, requests and the process belong to the one that responds.\n"
    )
    rows = [
        (code(_name(one)), one.type, ", ".join(map(code, _labels(one))), prose(one.documentation))
        for one in sorted(metric_families(app), key=_name)
    ]
    yield from table(("Metric", "Type", "Labels", "Description"), rows)


def metric_families(app: Flask) -> list[Metric]:
    """Return every metric that the service can have, with sample values."""
    app.test_client().get("/healthz")  # so that the request counters have a sample
    with patch.object(exposition, "measure_queue", return_value=SAMPLE):
        return list(app.extensions[exposition.REGISTRY].collect())


def _name(metric: Metric) -> str:
    return metric.name + SUFFIXES.get(metric.type, "")


def _labels(metric: Metric) -> list[str]:
    found = dict.fromkeys(label for sample in metric.samples for label in sample.labels)
    return [label for label in found if label != BUCKET]
