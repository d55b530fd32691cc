"""Quotes of small drawings are in the response."""

from __future__ import annotations

from tests.live.service import Web

SMALL = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="50mm" height="50mm" viewBox="0 0 50 50" fill="none">'
    '<path stroke="black" d="M10 10H20M30 10H20"/></svg>'
)


def quote(web: Web, headers: dict[str, str] | None = None) -> tuple[int, dict[str, object]]:
    reply = web.request("POST", "/plots/quote", {"svg": SMALL}, headers=headers)
    return reply.status, reply.body


def test_the_response_has_the_costs_of_a_small_drawing(web: Web) -> None:
    status, body = quote(web)
    assert (status, body["status"]) == (200, "finished")
    result = body["result"]
    assert isinstance(result, dict)
    assert (result["before"]["lifts"], result["after"]["lifts"]) == (2, 1)


def test_a_client_that_prefers_not_to_wait_gets_the_job(web: Web) -> None:
    status, body = quote(web, {"Prefer": "respond-async"})
    assert (status, body["status"]) == (202, "queued")
