"""Counts and durations of the requests that the web processes of a server have answered."""

from __future__ import annotations

import math
import threading
import time
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property

from flask import Flask, Response, current_app, g, request

from components.http.server.processes import Numbers, Place, total

NAME = "vector-requests"
# Upper bounds of the histogram buckets in seconds.
BOUNDS = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0, math.inf)
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "other")
# Label of unknown addresses; the address itself is controlled by the client.
NO_ROUTE = "none"


class Requests:
    """Requests by method, route and status class, and their durations by method and route.

    The numbers of a method and a route are the requests by status class, the requests by duration,
    and the sum of the durations in seconds.
    """

    STATUSES = 5
    SECONDS = STATUSES + len(BOUNDS)
    SIZE = SECONDS + 1

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        # Used in a single process.
        self._private = array("d")
        self._own: Numbers = self._private
        self.regions: Sequence[Numbers] = ()

    def share(self, regions: Sequence[Numbers], own: int) -> None:
        """Count in the region `own` of this process, and report the sum of all regions."""
        if Place.FIRST_COUNT + len(self._places) * self.SIZE <= len(regions[own]):
            self._own, self.regions = regions[own], regions
            self._private = array("d")

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        first = self._places[method, route]
        with self._lock:
            self._own[first + status // 100 - 1] += 1
            self._own[first + self.STATUSES + bisect_left(BOUNDS, seconds)] += 1
            self._own[first + self.SECONDS] += seconds

    def answers(self) -> dict[tuple[str, str, str], int]:
        """Return the number of requests by method, route and status class."""
        return {
            (*kind, f"{status + 1}xx"): int(numbers[status])
            for kind, numbers in self._numbers()
            for status in range(self.STATUSES)
            if numbers[status]
        }

    def durations(self) -> dict[tuple[str, str], tuple[list[int], float]]:
        """Return the count per bucket and the total seconds, by method and route."""
        return {
            kind: ([int(one) for one in numbers[self.STATUSES : -1]], numbers[-1])
            for kind, numbers in self._numbers()
        }

    def _numbers(self) -> Iterator[tuple[tuple[str, str], list[float]]]:
        """Yield the numbers of each method and route with requests."""
        with self._lock:
            for kind, first in self._places.items():
                numbers = [total(self._all, first + n) for n in range(self.SIZE)]
                if any(numbers):
                    yield kind, numbers

    @cached_property
    def _places(self) -> dict[tuple[str, str], int]:
        """The place of the first number of each method and route: the same in all processes."""
        routes = sorted({rule.rule for rule in self._app.url_map.iter_rules()} | {NO_ROUTE})
        kinds = [(method, route) for route in routes for method in METHODS]
        places = {kind: Place.FIRST_COUNT + n * self.SIZE for n, kind in enumerate(kinds)}
        self._private.extend([0.0] * (Place.FIRST_COUNT + len(kinds) * self.SIZE))
        return places

    @property
    def _all(self) -> Sequence[Numbers]:
        return self.regions or (self._private,)


def count_request(response: Response) -> Response:
    """Count the current request when its response is ready."""
    now = time.perf_counter()
    method = request.method if request.method in METHODS else "other"
    route = request.url_rule.rule if request.url_rule is not None else NO_ROUTE
    counts: Requests = current_app.extensions[NAME]
    counts.count(method, route, response.status_code, now - g.get("started", now))
    return response


def share_counts(app: Flask, regions: Sequence[Numbers], own: int) -> None:
    """Count the requests to an application in the region `own` of its process."""
    counts: Requests | None = app.extensions.get(NAME)
    if counts is not None:
        counts.share(regions, own)
