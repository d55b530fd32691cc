"""Many long-lived connections in one background thread: sockets that send, and streams that can be cut."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

PATIENCE = 20.0


class BackgroundLoop:
    """An event loop in a background thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any], *, seconds: float = 60) -> Any:
        """Run a coroutine in the thread and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


class Sockets(BackgroundLoop):
    """WebSockets that send a message each second and expect a reply."""

    def __init__(self, port: int, number: int) -> None:
        super().__init__()
        self.lost: list[str] = []
        self.replies = 0
        self._open: list[ClientConnection] = []
        self._talks: list[asyncio.Task[None]] = []
        self.run(self._begin(port, number))

    @property
    def alive(self) -> int:
        """Return the number of open sockets that always replied."""
        return len(self._open) - len(self.lost)

    async def _begin(self, port: int, number: int) -> None:
        for _ in range(number):
            opened = await connect(
                f"ws://127.0.0.1:{port}/ws/background_jobs", ping_interval=None, proxy=None
            )
            await opened.recv()
            self._open.append(opened)
            self._talks.append(asyncio.create_task(self._talk(opened, len(self._open) / number)))

    async def _talk(self, opened: ClientConnection, pause: float) -> None:
        await asyncio.sleep(pause)
        try:
            while True:
                await opened.send('{"action": "ping"}')
                async with asyncio.timeout(PATIENCE):
                    assert json.loads(await opened.recv()) == {"action": "pong", "payload": None}
                self.replies += 1
                await asyncio.sleep(1)
        except (WebSocketException, TimeoutError, AssertionError) as error:
            self.lost.append(repr(error))

    async def _end(self) -> None:
        await super()._end()
        await asyncio.gather(*(opened.close() for opened in self._open), return_exceptions=True)


class Reader:
    """A client of an event stream, which reconnects with its last event id."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.connected_at = 0.0
        self.connections = 0
        self.over = False
        self._writer: asyncio.StreamWriter | None = None

    async def follow(self, port: int, job_id: str) -> None:
        """Read until the end of the job, over as many connections as necessary."""
        while not self.over:
            try:
                reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
                known = f"Last-Event-ID: {self.events[-1][0]}\r\n" if self.events else ""
                self._writer.write(
                    f"GET /jobs/{job_id}/events HTTP/1.1\r\nHost: localhost\r\n{known}\r\n".encode()
                )
                if not (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 "):
                    await asyncio.sleep(0.1)
                    continue
                self.connected_at = time.monotonic()
                self.connections += 1
                while True:
                    self._take((await reader.readuntil(b"\n\n")).decode())
            except (OSError, asyncio.IncompleteReadError):
                # An incomplete event is ignored.
                continue
            finally:
                if self._writer is not None:
                    self._writer.close()

    def cut(self) -> None:
        """Abort the connection, including data in transit."""
        if self._writer is not None:
            self._writer.transport.abort()

    def _take(self, text: str) -> None:
        fields = dict(
            line.split(": ", 1) for line in text.strip().split("\n") if not line.startswith(":")
        )
        if "id" in fields:
            self.events.append((fields["id"], fields["event"], json.loads(fields["data"])))
            self.over = fields["event"] in ("finished", "failed", "canceled")


class Readers(BackgroundLoop):
    """Event streams of one job."""

    def __init__(self, port: int, job_id: str, number: int) -> None:
        super().__init__()
        self.all = [Reader() for _ in range(number)]
        self.run(self._begin(port, job_id))

    @property
    def over(self) -> bool:
        """Return whether all clients have received the final event."""
        return all(reader.over for reader in self.all)

    def cut(self) -> float:
        """Abort all connections; return the time of that."""
        self.run(self._cut())
        return time.monotonic()

    def back_since(self, moment: float) -> bool:
        """Return whether all clients have reconnected."""
        return all(reader.connected_at > moment or reader.over for reader in self.all)

    async def _begin(self, port: int, job_id: str) -> None:
        self._tasks = [asyncio.create_task(reader.follow(port, job_id)) for reader in self.all]

    async def _cut(self) -> None:
        for reader in self.all:
            reader.cut()
