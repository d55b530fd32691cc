"""Requests in progress of one owner leave threads to others."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask, Response
from werkzeug.test import TestResponse

from app import create_app
from components.http.access import EXTENSION, Access
from components.http.server.owner_limits import OwnerRequests
from libraries.errors import Unavailable
from libraries.settings import Settings
from tests.components.http.test_access import ANN, ANN_NEW, BOB, with_keys


class Gate:
    """A route that replies when it may."""

    def __init__(self, app: Flask) -> None:
        self.entered, self.opened = threading.Semaphore(0), threading.Event()
        app.extensions[EXTENSION]["gate"] = Access.KEY
        app.add_url_rule("/gate", "gate", self._reply)

    def _reply(self) -> Response:
        self.entered.release()
        assert self.opened.wait(20)
        return Response("open")


def test_an_owner_cannot_use_all_threads_even_from_many_addresses(settings: Settings) -> None:
    app = create_app(with_keys(settings).with_values(web_threads=16))
    gate = Gate(app)

    def send(key: str, address: str, path: str = "/gate") -> TestResponse:
        return app.test_client().get(
            path, headers={"X-API-Key": key}, environ_overrides={"REMOTE_ADDR": address}
        )

    with ThreadPoolExecutor(16) as pool:
        try:
            running = [
                pool.submit(send, (ANN, ANN_NEW)[number % 2], f"192.0.2.{number}")
                for number in range(14)
            ]
            for _ in running:
                assert gate.entered.acquire(timeout=20)
            refused = send(ANN, "192.0.2.99", "/papers")
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
            assert refused.get_json()["type"] == "/problems/too-many-requests"
            assert send(BOB, "192.0.2.99", "/papers").status_code == 200
            assert send(ANN, "192.0.2.99", "/healthz").status_code == 200
        finally:
            gate.opened.set()
        assert {one.result().status_code for one in running} == {200}
    assert send(ANN, "192.0.2.99", "/papers").status_code == 200


def test_finished_requests_are_not_counted() -> None:
    requests = OwnerRequests(1)
    for _ in range(3):
        requests.start("ann")
        with pytest.raises(Unavailable):
            requests.start("ann")
        requests.finish("ann")
