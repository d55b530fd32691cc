"""The classes `EventSource` and `WebSocket` of a browser."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import chromium
from tests.live.service import Gates, Installation, Web

pytestmark = pytest.mark.browser

FOLLOW = """async ([path, toTheEnd]) => {
  const received = [], states = []
  const source = new EventSource(path)
  await new Promise((done, late) => {
    setTimeout(() => late(JSON.stringify(received)), 20000)
    for (const name of ['status', 'progress', 'log', 'finished', 'failed', 'canceled']) {
      source.addEventListener(name, (event) => {
        received.push({name, id: event.lastEventId, data: JSON.parse(event.data)})
        if (name === 'finished' && !toTheEnd) { source.close(); done() }
      })
    }
    // A browser reconnects after each end, until it gets 204.
    source.onerror = () => { states.push(source.readyState); if (source.readyState === 2) done() }
  })
  return {received, states}
}"""
TALK = """async ({path, protocols, messages, wanted}) => {
  const received = []
  const socket = new WebSocket(path, protocols)
  socket.onmessage = (event) => {
    received.push(JSON.parse(event.data))
    if (received.length === 1) messages.forEach((message) => socket.send(message))
    if (received.length === wanted) socket.close(1000)
  }
  const end = await new Promise((done, late) => { socket.onclose = done; setTimeout(() => late(JSON.stringify(received)), 20000) })
  return {received, code: end.code, reason: end.reason, clean: end.wasClean, protocol: socket.protocol}
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, until the end of this module: an imported fixture would run until the end of all tests."""
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a page whose scripts may connect; the content security policy of the service's pages forbids it."""
    context = browser.new_context(bypass_csp=True)
    yield context.new_page()
    context.close()


def visit(page: Page, web: Web) -> None:
    """Open a page of that server."""
    page.goto(f"http://127.0.0.1:{web.port}/")


def exchange(
    page: Page, path: str, *messages: str, protocols: tuple[str, ...] = (), wanted: int = 0
) -> dict[str, Any]:
    """Send messages on a WebSocket after the greeting; return the received messages and the close status."""
    arguments = {
        "path": path,
        "protocols": list(protocols),
        "messages": list(messages),
        "wanted": wanted,
    }
    return dict(page.evaluate(TALK, arguments))


def test_an_event_source_gets_every_event_once_and_stops_after_the_end(
    web: Web, page: Page, gates: Gates
) -> None:
    job = web.submit("live_tasks.log_lines", gates.path(), 5, 0.02)
    visit(page, web)
    gates.open()
    found = page.evaluate(FOLLOW, [f"/jobs/{job}/events", True])
    received = found["received"]
    assert received[0]["name"] == "status"
    assert [event["data"]["message"] for event in received if event["name"] == "log"] == [
        f"line {n}" for n in range(1, 6)
    ]
    assert [event["name"] for event in received if event["data"].get("done") and event["id"]][
        -1:
    ] == ["finished"]
    assert sum(event["name"] == "finished" for event in received) == 1
    assert found["states"] == [0, 2], "it reconnected once and got 204"


def test_an_event_source_continues_after_a_restart_of_the_server(
    web: Web, page: Page, gates: Gates, installation: Installation
) -> None:
    """The web process stops while the job runs; another one replaces it on the same port."""
    first = installation.start_web().wait_until_ready()
    job = first.submit("live_tasks.report_steps", 4, gates.path("step"))
    visit(page, first)
    page.evaluate(f"() => {{ window.all = ({FOLLOW})(['/jobs/{job}/events', false]) }}")
    for number in (1, 2):
        gates.open(f"step{number}")
    first.wait_for(job, "started")
    assert first.stop() == 0
    gates.open("step3")
    second = installation.start_web(PORT=str(first.port)).wait_until_ready()
    gates.open("step4")
    received = page.evaluate("() => window.all")["received"]
    steps = [event["data"]["step"] for event in received if event["name"] == "progress"]
    assert steps == [1, 2, 3, 4]
    assert [
        event["name"] for event in received if event["name"] in ("finished", "failed", "canceled")
    ] == ["finished"]
    second.close()


def test_a_page_of_an_allowed_origin_may_follow_a_job_with_a_token(
    ann: Web, web: Web, page: Page
) -> None:
    job = ann.submit("probe_tasks.nothing")
    path = ann.request("POST", f"/jobs/{job}/token").body["links"]["events"]
    visit(page, web)
    found = page.evaluate(
        "path => fetch(path).then((reply) => reply.text())", f"http://127.0.0.1:{ann.port}{path}"
    )
    assert "event: finished" in found


def test_a_page_submits_a_job_on_a_web_socket_and_gets_its_result(web: Web, page: Page) -> None:
    """As the page of the tutorial, in both forms."""
    visit(page, web)
    found = exchange(
        page,
        web.address("/ws/background_jobs"),
        '{"action": "job", "payload": {"type": "translate", "content": "hello"}}',
        wanted=4,
    )
    assert [frame["payload"]["status"] for frame in found["received"]] == [
        "connected",
        "queuing",
        "queued",
        "result",
    ]
    assert found["received"][-1]["payload"]["message"] == "🌍 Translated: 'hello' → 'hola'"
    assert (found["code"], found["clean"]) == (1000, True)
    found = exchange(page, web.address("/ws/backgroundjob"), "hi", wanted=4)
    assert [frame.get("status") for frame in found["received"]] == [
        "connected",
        "queuing",
        "queued",
        None,
    ]
    assert found["received"][-1]["message"] == "✅ Processed: HI"


def test_a_page_gets_the_reason_for_a_close(web: Web, ann: Web, page: Page) -> None:
    """It gets the code even while it is sending. For a browser, a close with unsent messages is not clean."""
    visit(page, ann)
    refused = exchange(page, ann.address("/ws/background_jobs"))
    assert (refused["code"], refused["clean"], refused["received"]) == (1008, True, [])
    assert "key" in refused["reason"]
    visit(page, web)
    for _ in range(5):
        long = exchange(page, web.address("/ws/background_jobs"), "x" * 1_000_000)
        assert long["code"] == 1009
    flood = exchange(
        page,
        web.address("/ws/background_jobs"),
        *['{"action": "join", "payload": {"group": "g"}}'] * 3000,
    )
    assert flood["code"] == 1013


def test_a_page_sends_its_key_as_a_subprotocol(ann: Web, page: Page) -> None:
    coded = "bearer." + base64.urlsafe_b64encode(ann.key.encode()).decode().rstrip("=")
    visit(page, ann)
    for protocols, chosen in (((coded,), coded), (("vector-api", coded), "vector-api")):
        found = exchange(
            page,
            ann.address("/ws/background_jobs"),
            '{"action": "ping"}',
            protocols=protocols,
            wanted=2,
        )
        assert [frame["action"] for frame in found["received"]] == ["job_status", "pong"]
        assert found["protocol"] == chosen
