"""The launcher on a machine where the web process needs longer than expected."""

from __future__ import annotations

import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import start_dev
from libraries.settings import Settings
from libraries.supervision import Supervisor
from start_dev import FirstDrawing
from tests.journeys.conftest import free_port


class Starting(BaseHTTPRequestHandler):
    """Replies as a web process whose worker is not ready."""

    def do_GET(self) -> None:
        is_alive = self.path == "/healthz"
        body = json.dumps({"detail": "no worker"}).encode()
        self.send_response(200 if is_alive else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def test_the_addresses_are_printed_however_long_the_web_process_needs(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_dev, "START_TIMEOUT_S", 0.2)
    out, port = io.StringIO(), free_port()
    begun = threading.Event()

    class Output(io.StringIO):
        def write(self, text: str) -> int:
            if "Still waiting: the web process does not reply" in text:
                begun.set()
            return out.write(text)

    def serve() -> None:
        assert begun.wait(20)
        with ThreadingHTTPServer(("127.0.0.1", port), Starting) as server:
            serving.append(server)
            server.serve_forever()

    serving: list[ThreadingHTTPServer] = []
    thread = threading.Thread(target=serve)
    thread.start()
    FirstDrawing(Supervisor([], out=Output()), settings.with_values(port=port))()
    serving[0].shutdown()
    thread.join()
    address = out.getvalue().index(f"Vector API   http://127.0.0.1:{port}")
    assert "No first drawing: no worker" in out.getvalue()[address:]
