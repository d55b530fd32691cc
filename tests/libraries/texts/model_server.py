"""A real HTTP server that plays an OpenAI-compatible endpoint, on a free port of this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ModelServer(ThreadingHTTPServer):
    """Keeps what it is asked, and answers each question with the next of `answers`, the last one again and again.

    An answer is a status and a body: bytes are sent as they are, those of an iterator one after the other, anything else as
    JSON. The status 0 hangs up.
    """

    daemon_threads = True

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """The address of this server as the setting `TEXT_MODEL_URL` has it."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, dict(self.headers), json.loads(body)))
        answers = self.server.answers
        status, answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if not status:
            return
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        parts = (
            answer
            if isinstance(answer, Iterator)
            else [answer if isinstance(answer, bytes) else json.dumps(answer).encode()]
        )
        # The client may have heard enough.
        with suppress(OSError):
            for part in parts:
                self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def model_server(*answers: tuple[int, Any]) -> Iterator[ModelServer]:
    """Run a server with these answers."""
    with ModelServer(*answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def reply(text: object) -> dict[str, Any]:
    """The JSON of a reply that says `text`."""
    message = {"role": "assistant", "content": text}
    return {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }
