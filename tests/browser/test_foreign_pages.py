"""Pages of other origins in a real browser: what they try against the service, and what an allowed one may do."""

from __future__ import annotations

import hashlib
import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.journeys.conftest import Service

StartService = Callable[..., Service]

KEY = "key-of-the-front-end"
KEYS = {"API_KEYS": f"ann:{hashlib.sha256(KEY.encode()).hexdigest()}"}
DRAWING = {"width": 60, "height": 60, "pattern": "grid"}

# Each act resolves to true when it went through.
ACTS = """
async ({ base, key, job, drawing, token }) => {
  const headers = key ? { "X-API-Key": key } : {};
  const read = async (path, options = {}) => {
    const reply = await fetch(base + path, { ...options, headers: { ...headers, ...options.headers } });
    return reply.ok && (await reply.text()).length >= 0;
  };
  const json = (path, body, method = "POST") =>
    read(path, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  const embed = (src) =>
    new Promise((resolve) => {
      const image = document.createElement("img");
      image.onload = () => resolve(true);
      image.onerror = () => resolve(false);
      image.src = src;
    });
  const acts = {
    "read the jobs": () => read("/jobs"),
    "read one job": () => read(`/jobs/${job}`),
    "read a log": () => read(`/jobs/${job}/logs`),
    "read a result": () => read(`/jobs/${job}/result`),
    "read the events": () => read(`/jobs/${job}/events`),
    "read the webhook secret": () => read("/webhooks/secret"),
    "read the gallery": () => read("/gallery"),
    "read the metrics": () => read("/metrics"),
    "read the notifications": () => read("/notifications"),
    "draw": () => json("/artboard/create", drawing),
    "send mail": () => json("/emails", { to: "a@example.com", subject: "s", template: "welcome" }),
    "queue a batch": () => json("/batches", { operation: "artboard", items: [drawing] }),
    "make a link": () => json("/links", { path: `/jobs/${job}/result` }),
    "store a file": () => {
      const form = new FormData();
      form.append("file", new Blob(["a,b\\n1,2\\n"]), "a.csv");
      return read("/uploads", { method: "POST", body: form });
    },
    "change a drawing": () => json("/gallery/1", { title: "x" }, "PATCH"),
    "pause the queue": () => read("/queue/pause", { method: "POST" }),
    "resume the queue": () => read("/queue/resume", { method: "POST" }),
    "start the example task": () => read("/start-task"),
    "embed a result": () => embed(`${base}/jobs/${job}/result` + (token ? `?token=${token}` : "")),
    "open a WebSocket": () =>
      new Promise((resolve) => {
        const line = new WebSocket(`${base.replace("http", "ws")}/ws/background_jobs` + (token ? `?token=${token}` : ""));
        line.onopen = () => resolve(true);
        line.onerror = () => resolve(false);
      }),
    "delete the job": () => read(`/jobs/${job}`, { method: "DELETE" }),
  };
  const done = {};
  for (const [name, act] of Object.entries(acts)) {
    try { done[name] = await act(); } catch { done[name] = false; }
  }
  return done;
}
"""
# Requests that need no preflight: the browser sends them, and the page cannot see the outcome.
BLIND = """
async ({ base }) => {
  const send = (path, options) => fetch(base + path, { mode: "no-cors", ...options }).catch(() => null);
  const form = new FormData();
  form.append("file", new Blob(["a,b\\n1,2\\n"]), "a.csv");
  await send("/queue/pause", { method: "POST" });
  await send("/uploads", { method: "POST", body: form });
  await send("/jobs", { method: "POST", body: '{"task": "workers.example_tasks.example_long_task"}' });
  await send("/artboard/create", { method: "POST", body: '{"width": 60, "height": 60, "pattern": "grid"}' });
  await send("/start-task", {});
  await new Promise((resolve) => {
    const image = document.createElement("img");
    image.onload = image.onerror = resolve;
    image.src = base + "/start-task";
  });
}
"""


class _Blank(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!doctype html><title>Another origin</title><body></body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def other_origin() -> Iterator[str]:
    """The origin of a blank page on another port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Blank)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def request_json(service: Service, method: str, path: str, body: Any = None) -> Any:
    """The reply to a request of a program with the key."""
    headers = {"X-API-Key": KEY, "Content-Type": "application/json", "Prefer": "wait=20"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(service.url + path, data, headers, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310
        text = reply.read().decode()
        return json.loads(text) if "json" in reply.headers["Content-Type"] else text


def act(service: Service, page: Page, origin: str, key: str = "") -> dict[str, bool]:
    """Which acts of a page of `origin` go through; it knows the id of a job, and the key if one is given."""
    job_id = request_json(service, "POST", "/artboard/create", DRAWING)["job_id"]
    token = request_json(service, "POST", f"/jobs/{job_id}/token")["token"] if key else ""
    page.goto(origin)
    known = {"base": service.url, "key": key, "job": job_id, "drawing": DRAWING, "token": token}
    done: dict[str, bool] = page.evaluate(ACTS, known)
    return done


def job_ids(service: Service) -> list[str]:
    return [one["id"] for one in request_json(service, "GET", "/jobs?limit=100")["items"]]


@pytest.mark.parametrize("keys", [{}, KEYS], ids=["without keys", "with keys"])
def test_a_page_of_another_origin_achieves_nothing(
    start_service: StartService, page: Page, other_origin: str, keys: dict[str, str]
) -> None:
    service = start_service(**keys).wait_until_drawn()
    done = act(service, page, other_origin)
    assert len(done) >= 20
    assert not [name for name, went_through in done.items() if went_through]
    before = job_ids(service)
    page.evaluate(BLIND, {"base": service.url})
    assert job_ids(service) == before
    assert "vector_queue_paused 0.0" in request_json(service, "GET", "/metrics")


@pytest.mark.parametrize("keys", [{}, KEYS], ids=["without keys", "with keys"])
def test_a_page_of_an_allowed_origin_does_all_that_is_documented(
    start_service: StartService, page: Page, other_origin: str, keys: dict[str, str]
) -> None:
    service = start_service(ALLOWED_ORIGINS=other_origin, **keys).wait_until_drawn()
    done = act(service, page, other_origin, key=KEY)
    # There is no drawing 1, and mail is not configured.
    assert {name for name, went_through in done.items() if not went_through} <= {
        "change a drawing",
        "send mail",
    }
