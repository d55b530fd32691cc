"""A local server that answers as the API of Cloudflare Images documents."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import unquote

from werkzeug.formparser import parse_form_data

ACCOUNT, TOKEN, HASH = "acct1", "tok-secret", "hash_1"
MAX_BYTES = 10 * 1024 * 1024


@dataclass
class CloudflareServer:
    """Images by id, and the failures that a test wants: statuses of the next replies, or a dropped one."""

    port: int = 0
    images: dict[str, tuple[bytes, dict[str, Any]]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    drop_uploads: int = 0
    refused: bool = False

    def environ(self) -> dict[str, str]:
        return {
            "CF_ACCT_ID": ACCOUNT,
            "CF_IMG_TOKEN": TOKEN,
            "CF_IMG_HASH": HASH,
            "CF_API_URL": f"http://127.0.0.1:{self.port}/client/v4",
        }

    def values(self) -> dict[str, str]:
        """Return the settings for this server."""
        return {name.lower(): value for name, value in self.environ().items()}


class Handler(BaseHTTPRequestHandler):
    """One request; the base path is that of the account."""

    state: ClassVar[CloudflareServer]
    base = f"/client/v4/accounts/{ACCOUNT}/images/v1"

    def do_POST(self) -> None:
        if not self.admitted():
            return
        length = int(self.headers["Content-Length"])
        environ = {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": self.headers["Content-Type"],
            "CONTENT_LENGTH": str(length),
            "wsgi.input": self.rfile,
        }
        _, form, files = parse_form_data(environ)
        with files["file"].stream as file:
            data, image_id = file.read(), form["id"]
        if self.state.refused or len(data) > MAX_BYTES:
            self.fail(413, 5413, "Image too large")
        elif image_id in self.state.images:
            self.fail(409, 5409, "Resource already exists")
        else:
            self.state.images[image_id] = data, json.loads(form["metadata"])
            if self.state.drop_uploads:
                # Stored, but the client never learns it.
                self.state.drop_uploads -= 1
                self.close_connection = True
            else:
                self.succeed(self.described(image_id) | {"filename": files["file"].filename})

    def do_GET(self) -> None:
        if not self.admitted():
            return
        if self.path == f"{self.base}/stats":
            self.succeed({"count": {"current": len(self.state.images), "allowed": 100_000}})
            return
        image_id, _, blob = unquote(self.path[len(self.base) + 1 :]).partition("/")
        if image_id not in self.state.images:
            self.fail(404, 5404, "Image not found")
        elif blob:
            self.respond(200, self.state.images[image_id][0], "image/png")
        else:
            self.succeed(self.described(image_id))

    def do_DELETE(self) -> None:
        if not self.admitted():
            return
        if self.state.images.pop(unquote(self.path[len(self.base) + 1 :]), None) is None:
            self.fail(404, 5404, "Image not found")
        else:
            self.succeed({})

    def admitted(self) -> bool:
        self.state.requests.append(f"{self.command} {self.path}")
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.fail(403, 10000, "Authentication error")
        elif not self.path.startswith(self.base):
            self.fail(404, 7003, "Could not route the request")
        elif self.state.failures:
            self.fail(self.state.failures.pop(0), 5500, "Internal error")
        else:
            return True
        self.close_connection = True
        return False

    def described(self, image_id: str) -> dict[str, Any]:
        return {
            "id": image_id,
            "uploaded": "2026-01-31T16:39:28.458Z",
            "requireSignedURLs": False,
            "variants": [f"https://imagedelivery.net/{HASH}/{image_id}/public"],
            "meta": self.state.images[image_id][1],
        }

    def succeed(self, result: dict[str, Any]) -> None:
        body = {"result": result, "success": True, "errors": [], "messages": []}
        self.respond(200, json.dumps(body).encode())

    def fail(self, status: int, code: int, message: str) -> None:
        errors = [{"code": code, "message": message}]
        body = {"result": None, "success": False, "errors": errors, "messages": []}
        self.respond(status, json.dumps(body).encode())

    def respond(self, status: int, body: bytes, media_type: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the output of the tests clean."""


@contextlib.contextmanager
def cloudflare_server() -> Iterator[CloudflareServer]:
    state = CloudflareServer()
    handler = type("BoundHandler", (Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
