"""A local HTTP server that simulates an OpenAI-compatible API."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ModelServer(ThreadingHTTPServer):
    """Records requests, and returns the next of `responses` to each; the last one is repeated.

    A response is a status and a body: bytes, an iterator of bytes, or a JSON value. The status 0 closes the connection.
    """

    daemon_threads = True

    def __init__(self, *responses: tuple[int, Any]) -> None:
        self.responses = list(responses)
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """Return the address for the setting `TEXT_MODEL_URL`."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), json.loads(body)))
        responses = self.server.responses
        status, response = responses.pop(0) if len(responses) > 1 else responses[0]
        if not status:
            return
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        parts = (
            response
            if isinstance(response, Iterator)
            else [response if isinstance(response, bytes) else json.dumps(response).encode()]
        )
        # The client may have closed the connection.
        with suppress(OSError):
            for part in parts:
                self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def model_server(*responses: tuple[int, Any]) -> Iterator[ModelServer]:
    """Run a server that returns these responses."""
    with ModelServer(*responses) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def reply(text: object) -> dict[str, Any]:
    """Return a reply with `text` as JSON."""
    message = {"role": "assistant", "content": text}
    return {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }
