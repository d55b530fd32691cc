"""A client that uses the package `vector_client`, generated from the service's AsyncAPI document.

It requests a translation and a drawing, and prints the messages as JSON. It uses only the types of the package.
"""

# mypy: ignore-errors
# The package exists only while the test runs.

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from vector_client.background_jobs import (
    ArtboardJob,
    ArtboardJobRequest,
    BackgroundJobsClient,
    ConnectedStatus,
    IncomingMessage,
    JobProgressFrame,
    JobStatusFrame,
    PingRequest,
    PongFrame,
    QueuedStatus,
    QueuingStatus,
    ResultStatus,
    TextJob,
    TextJobRequest,
)
from vector_client.shared.messages import ArtboardContent


class Client(BackgroundJobsClient):
    """Sends one request after the other."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.received: dict[str, Any] = {}
        self.failure = ""

    async def send_init_message(self) -> None:
        """Send a ping."""
        await self.send_message(PingRequest())

    async def handle_message(self, message: IncomingMessage) -> None:
        """Send the next request, or end."""
        match message:
            case JobStatusFrame(payload=ConnectedStatus(message=text)):
                self.received["connected"] = text
            case PongFrame(payload=payload):
                self.received["pong"] = payload
                await self.send_message(
                    TextJobRequest(payload=TextJob(type="translate", content="hello"))
                )
            case JobStatusFrame(payload=ResultStatus(message=text), job=None):
                self.received["translated"] = text
                await self.send_message(
                    ArtboardJobRequest(
                        payload=ArtboardJob(content=ArtboardContent(width=100, height=100))
                    )
                )
            case JobStatusFrame(payload=ResultStatus(), job=job):
                self.received["drawn"] = {"type": job.artifacts[0].media_type, "done": job.done}
                await self.disconnect()
            case JobProgressFrame(payload=progress):
                self.received["percent"] = progress.percent
            case JobStatusFrame(payload=QueuingStatus() | QueuedStatus()):
                pass
            case _:
                raise ValueError(f"not expected: {message!r}")

    async def handle_invalid_message(self, invalid_message: Any) -> None:
        """Fail, because the document does not match."""
        raise ValueError(f"not described: {invalid_message!r}")

    async def handle_error(self, error: Exception) -> None:
        """Fail at the first error."""
        self.failure = repr(error)
        await self.disconnect()

    async def handle_websocket_connection_error(self, e: Exception) -> None:
        """Fail without a connection."""
        self.failure = repr(e)


def main() -> None:
    """Connect to the address in the first argument, with the key in the second."""
    address, key = sys.argv[1:]
    client = Client(address, headers={"X-API-Key": key} if key else {})
    asyncio.run(asyncio.wait_for(client.handle(), 25))
    if client.failure:
        sys.exit(client.failure)
    sys.stdout.write(json.dumps(client.received))


if __name__ == "__main__":
    main()
