"""Draw a spiral on A4 over HTTP and save it, with the standard library only.

Usage: `python examples/draw_and_wait.py [URL of the service] [output file]`.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


class RequestFailed(Exception):
    """Raised for an error response or a failed job, with the message of the service."""


def send(url: str, body: dict[str, Any] | None = None) -> bytes:
    """POST `body` to `url`, or GET `url` if there is no body; return the response body."""
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return bytes(reply.read())
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        fields = "".join(
            f"\n  {one['field']}: {one['detail']}" for one in problem.get("errors", [])
        )
        raise RequestFailed(f"{problem['detail']}{fields}") from None


def draw(service: str, artboard: dict[str, Any]) -> bytes:
    """Draw `artboard` and return the SVG."""
    job_id = json.loads(send(f"{service}/artboard/create", artboard))["job_id"]
    while True:
        job = json.loads(send(f"{service}/jobs/{job_id}"))
        if job["done"]:
            break
        print(job["status"], (job["progress"] or {}).get("message", ""))
        time.sleep(0.2)
    if job["status"] != "finished":
        raise RequestFailed(f"the job {job['status']}: {job['error']}")
    return send(f"{service}/jobs/{job_id}/result")


def main() -> int:
    """Draw the spiral and save it."""
    service = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:5000"
    file = Path(sys.argv[2] if len(sys.argv) > 2 else "spiral.svg")
    try:
        svg = draw(
            service, {"width": 210, "height": 297, "pattern": "spiral", "params": {"pitch": 2.5}}
        )
    except RequestFailed as error:
        print(error, file=sys.stderr)
        return 1
    file.write_bytes(svg)
    print(f"{file}: {len(svg)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
