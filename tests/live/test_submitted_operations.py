"""Every operation can be submitted on a WebSocket, with the options of the queue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.live.service import Installation, Socket
from tests.submissions import BODIES, DATA, DATA_FILE


def next_reply(client: Socket, ref: str) -> dict[str, Any]:
    """Return the payload of the reply to a request; events of jobs are skipped."""
    while True:
        message = client.receive()
        if message.get("ref") == ref:
            payload: dict[str, Any] = message["payload"]
            return payload


def test_every_operation_is_submitted_with_options_on_a_socket(installation: Installation) -> None:
    uploads = Path(installation.environ["UPLOAD_DIR"])
    uploads.mkdir(parents=True, exist_ok=True)
    (uploads / DATA_FILE).write_text(DATA)
    web = installation.start_web(ADMIN_EMAIL="admin@example.com").wait_until_ready()
    try:
        with web.socket() as client:
            for operation, body in BODIES.items():
                content = body | {"delay": 3600, "timeout": 77, "retry": {"max": 4}, "tags": ["a"]}
                request = {"type": operation, "content": content}
                client.send({"action": "job", "payload": request, "ref": operation})
                queuing = next_reply(client, operation)
                assert queuing.get("status") == "queuing", (operation, queuing)
                queued = next_reply(client, operation)
                assert queued["status"] == "queued", (operation, queued)
                job = web.job(queued["job_id"])
                assert (job["status"], job["timeout"], job["retries_left"]) == ("scheduled", 77, 4)
                assert job["tags"] == ["a"]
                assert web.request("DELETE", f"/jobs/{job['id']}").status == 204
    finally:
        web.close()
