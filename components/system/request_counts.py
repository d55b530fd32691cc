"""Counts and durations of the requests that this process has answered."""

from __future__ import annotations

import math
import threading
import time
from bisect import bisect_left
from collections import Counter, defaultdict

from flask import Response, current_app, g, request

NAME = "vector-requests"
# Upper bounds of the histogram buckets in seconds.
BOUNDS = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0, math.inf)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Label of unknown addresses; the address itself is controlled by the client.
NO_ROUTE = "none"


class Durations:
    """Durations of the requests to one route: count per bucket, and the sum in seconds."""

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * len(BOUNDS)
        self.seconds = 0.0


class Requests:
    """Requests by method, route and status class, and their durations by method and route."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: Counter[tuple[str, str, str]] = Counter()
        self._durations: defaultdict[tuple[str, str], Durations] = defaultdict(Durations)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        key = (method, route, f"{status // 100}xx")
        index = bisect_left(BOUNDS, seconds)
        with self._lock:
            self._answers[key] += 1
            durations = self._durations[key[:2]]
            durations.buckets[index] += 1
            durations.seconds += seconds

    def answers(self) -> dict[tuple[str, str, str], int]:
        """Return the number of requests by method, route and status class."""
        with self._lock:
            return dict(self._answers)

    def durations(self) -> dict[tuple[str, str], tuple[list[int], float]]:
        """Return the count per bucket and the total seconds, by method and route."""
        with self._lock:
            return {key: (list(one.buckets), one.seconds) for key, one in self._durations.items()}


def count_request(response: Response) -> Response:
    """Count the current request when its response is ready."""
    now = time.perf_counter()
    method = request.method if request.method in METHODS else "other"
    route = request.url_rule.rule if request.url_rule is not None else NO_ROUTE
    counts: Requests = current_app.extensions[NAME]
    counts.count(method, route, response.status_code, now - g.get("started", now))
    return response
