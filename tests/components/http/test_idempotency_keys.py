"""Requests with an Idempotency-Key and their stored responses."""

from __future__ import annotations

import threading

import pytest
from redis import Redis

from components.http.idempotency_keys import KeyedRequest, Reply
from libraries.broker.connections import web_client
from libraries.errors import Conflict
from libraries.job_manager import as_owner
from libraries.settings import get_settings
from tests.errors import raises_code

pytestmark = pytest.mark.usefixtures("broker", "probe_tasks")


def client() -> Redis:
    return web_client(get_settings())


# -- repeated requests


def keyed(key: str = "k", body: str = "b", route: str = "POST /x") -> KeyedRequest:
    return KeyedRequest(route=route, key=key, body_hash=body)


def test_the_first_response_to_a_key_is_returned_again() -> None:
    assert keyed().begin() is None
    keyed().keep(Reply(202, {"Location": "/jobs/1"}, "{}"))
    assert keyed().begin() == Reply(202, {"Location": "/jobs/1"}, "{}")
    assert 86000 < client().ttl(next(client().scan_iter("vector:idempotency:*"))) <= 86400


def test_a_key_used_with_another_request_is_rejected() -> None:
    keyed().begin()
    keyed().keep(Reply(202, {}, ""))
    with raises_code("idempotency-mismatch"):
        keyed(body="other").begin()
    assert keyed(route="POST /y", body="other").begin() is None
    with as_owner("ada"):
        assert keyed(body="other").begin() is None


def test_a_key_whose_first_request_is_in_progress_conflicts() -> None:
    keyed().begin()
    with raises_code("idempotency-conflict"):
        keyed().begin()
    keyed().forget()
    assert keyed().begin() is None


def test_one_of_many_concurrent_requests_with_one_key_is_executed() -> None:
    outcomes = list[object]()

    def send() -> None:
        try:
            outcomes.append(keyed().begin())
        except Conflict as busy:
            outcomes.append(busy)

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(outcome is None for outcome in outcomes) == 1
    assert len(outcomes) == 50
