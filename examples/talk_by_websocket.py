"""Submit jobs over a WebSocket and print their events: a translation, then a drawing with its progress.

Usage, in the project folder: `python -m examples.talk_by_websocket [URL of the service]`. Requires the package `websockets`, which
is a dependency of the service.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from websockets.sync.client import ClientConnection, connect

JOBS: list[dict[str, Any]] = [
    {"type": "translate", "content": "good morning"},
    {"type": "artboard", "content": {"width": 148, "height": 210, "pattern": "grid"}},
]


def run(socket: ClientConnection, job: dict[str, Any]) -> dict[str, Any]:
    """Submit a job, print its frames, and return the last one."""
    socket.send(json.dumps({"action": "job", "payload": job}))
    while True:
        frame: dict[str, Any] = json.loads(socket.recv(timeout=30))
        if frame["action"] == "job_progress":
            print(f"{frame['payload']['percent']} %", frame["payload"]["message"])
            continue
        print(frame["payload"].get("message", frame["payload"]))
        if frame["action"] == "error" or frame["payload"]["status"] in (
            "result",
            "error",
            "canceled",
        ):
            return frame


def main() -> int:
    """Run all jobs; return 0 if all have a result."""
    service = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:5000"
    with connect(f"ws{service.removeprefix('http')}/ws/background_jobs") as socket:
        print(json.loads(socket.recv(timeout=5))["payload"]["message"])
        last = [run(socket, job) for job in JOBS]
    for frame in last:
        if "job" in frame:
            print(f"{service}{frame['job']['links']['result']}")
    return 0 if all(frame["payload"].get("status") == "result" for frame in last) else 1


if __name__ == "__main__":
    sys.exit(main())
