"""An S3-compatible server process, temporary buckets, and a proxy that can fail."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import botocore.session

# It waits for the end of its input, so that it ends with its parent.
RUN_SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
HEAD_END = b"\r\n\r\n"
BLOCK = 65536
# A reply of the proxy: called with the first line of the request, returns the reply to send.
Responder = Callable[[str], bytes | None]


class Server(NamedTuple):
    """A local server: its process and its port."""

    process: subprocess.Popen[str]
    port: int


@contextlib.contextmanager
def s3_server() -> Iterator[Server]:
    """Yield a server without persistent data."""
    environ = {**os.environ, **CREDENTIALS}
    command = [sys.executable, "-c", RUN_SERVER]
    process = subprocess.Popen(
        command,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout
        yield Server(process, int(process.stdout.readline()))
    finally:
        process.kill()
        process.communicate()


def plain_client(port: int) -> Any:
    """A client that bypasses the product, to check the stored data."""
    session = botocore.session.Session()
    return session.create_client(
        "s3", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="test", aws_secret_access_key="test",  # noqa: S106 - the server takes any
    )  # fmt: skip


def emptied(client: Any, bucket: str) -> None:
    """Delete a bucket with its contents."""
    for item in client.list_objects_v2(Bucket=bucket).get("Contents", []):
        client.delete_object(Bucket=bucket, Key=item["Key"])
    for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    client.delete_bucket(Bucket=bucket)


class Way:
    """A proxy with one connection per request, which records requests and can reply, stall or break.

    Attributes:
        requests: the first line of each request, such as `PUT /bucket/key HTTP/1.1`.
        respond: called with that line; its result is sent instead of a reply of the server, b"" breaks the connection.
        stalled: requests for which this is True get no reply until `released` is set.
        late: whether a stalled request reaches the server anyway.
    """

    def __init__(self, port: int) -> None:
        self.requests: list[str] = []
        self.respond: Responder = lambda _: None
        self.stalled: Callable[[str], bool] = lambda _: False
        self.released = threading.Event()
        self.late = False
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Stop listening."""
        self.released.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            request = _read_request(connection)
            line = request.partition(b"\r\n")[0].decode()
            if not line:
                return
            self.requests.append(line)
            response = self.respond(line)
            if self.stalled(line):
                if self.late:
                    self._pass_on(request)
                self.released.wait()
                return
            connection.sendall(self._pass_on(request) if response is None else response)

    def _pass_on(self, request: bytes) -> bytes:
        # The server closes the connection after its reply.
        head, _, body = request.partition(HEAD_END)
        head = re.sub(rb"(?im)^connection:[^\r]*\r\n", b"", head + b"\r\n")
        parts = []
        with socket.create_connection(("127.0.0.1", self._server)) as server:
            server.sendall(head + b"Connection: close" + HEAD_END + body)
            while block := server.recv(BLOCK):
                parts.append(block)
        return b"".join(parts)


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while HEAD_END not in data:
        block = connection.recv(BLOCK)
        if not block:
            return b""
        data += block
    head, _, body = data.partition(HEAD_END)
    found = re.search(rb"(?im)^content-length: *(\d+)", head)
    length = int(found[1]) if found else 0
    if re.search(rb"(?im)^expect: *100-continue", head):
        connection.sendall(b"HTTP/1.1 100 Continue" + HEAD_END)
    parts, left = [data], length - len(body)
    while left > 0:
        block = connection.recv(BLOCK)
        if not block:
            return b""
        parts.append(block)
        left -= len(block)
    return b"".join(parts)


def refusal(status: int, code: str) -> bytes:
    """Return an error reply."""
    return reply(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>")


def reply(status: int, body: str) -> bytes:
    """Return a reply with an XML body."""
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\nConnection: close"
    return head.encode() + HEAD_END + body.encode()
