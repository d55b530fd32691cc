"""How many requests this process has answered, and how long each took until its answer was ready."""

from __future__ import annotations

import math
import threading
import time
from bisect import bisect_left
from collections import Counter, defaultdict

from flask import Response, current_app, g, request

NAME = "vector-requests"
# Seconds.
BOUNDS = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0, math.inf)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Where no route takes the address; the address itself is a client's text and no label.
NO_ROUTE = "none"


class Durations:
    """How long the requests of one kind took: how many fell between two bounds, and the sum of seconds."""

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        """Begin with none."""
        self.buckets = [0] * len(BOUNDS)
        self.seconds = 0.0


class Requests:
    """The counts of this process: answers by method, route and class of status; durations by method and route."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._lock = threading.Lock()
        self._answers: Counter[tuple[str, str, str]] = Counter()
        self._durations: defaultdict[tuple[str, str], Durations] = defaultdict(Durations)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        key = (method, route, f"{status // 100}xx")
        place = bisect_left(BOUNDS, seconds)
        # Held for less than a microsecond.
        with self._lock:
            self._answers[key] += 1
            durations = self._durations[key[:2]]
            durations.buckets[place] += 1
            durations.seconds += seconds

    def answers(self) -> dict[tuple[str, str, str], int]:
        """Return how many requests were answered, by method, route and class of status."""
        with self._lock:
            return dict(self._answers)

    def durations(self) -> dict[tuple[str, str], tuple[list[int], float]]:
        """Return by method and route how many requests lie between the bounds, and the sum of their seconds."""
        with self._lock:
            return {key: (list(one.buckets), one.seconds) for key, one in self._durations.items()}


def count_request(response: Response) -> Response:
    """Count the present request when its response is ready."""
    now = time.perf_counter()
    method = request.method if request.method in METHODS else "other"
    route = request.url_rule.rule if request.url_rule is not None else NO_ROUTE
    counts: Requests = current_app.extensions[NAME]
    # `g.started` is from when the request came in, before anything looked at it.
    counts.count(method, route, response.status_code, now - g.get("started", now))
    return response
