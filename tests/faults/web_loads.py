"""Loads of the web process in any size: small in the tests, at full length in `python -m tests.faults.soak`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from tests.faults.load import Measured, Request, steady_load
from tests.faults.storms import QUEUED
from tests.test_app_server import Server

PARTS_OF_REQUESTS = (
    b"POST /artboard/cre",
    b"POST /artboard/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
)


def submissions(server: Server, *, seconds: float) -> Measured:
    """L1: a hundred submissions a second."""

    def post(number: int, _: Measured) -> Request:
        return Request("POST", "/artboard/create", QUEUED | {"id": f"load{number}"})

    return steady_load(server.port, post, rate=100, seconds=seconds)


def polls(server: Server, ids: Sequence[str], *, seconds: float) -> Measured:
    """L3: three hundred polls a second; every second one repeats an earlier one with its ETag."""

    def poll(number: int, so_far: Measured) -> Request:
        path = f"/jobs/{ids[(number // 2 - 30 * (number % 2)) % len(ids)]}"
        etag = so_far.etags.get(path, "") if number % 2 else ""
        return Request("GET", path, headers={"If-None-Match": etag} if etag else None)

    return steady_load(
        server.port, poll, rate=300, seconds=seconds, clients=6, pid=server.process.pid
    )


def requests_among_stalled_ones(server: Server, *, stalled: int, seconds: float) -> Measured:
    """L9: twenty requests a second, while half of the `stalled` connections sent a part of a head, half a part of a body."""
    simple = {"width": 60, "height": 60, "complexity": "simple"}

    def request(number: int, _: Measured) -> Request:
        if number % 2:
            return Request("POST", "/artboard/create", simple)
        return Request("GET", "/healthz")

    with ExitStack() as stack:
        for number in range(stalled):
            connection = stack.enter_context(server.connect())
            connection.sendall(PARTS_OF_REQUESTS[number % 2])
        return steady_load(server.port, request, rate=20, seconds=seconds, clients=4)
