"""Queue a drawing from Python instead of HTTP, follow it by id, and cancel another one.

Usage, in the project folder while the service runs: `.venv/bin/python -m examples.queue_from_python`.
"""

from __future__ import annotations

import time

from libraries.job_manager import cancel_job, enqueue_background_job, get_job_status


def main() -> None:
    """Draw a grid on A5, then queue and cancel a spiral."""
    job = enqueue_background_job(
        "workers.svg_tasks.generate_complex_svg", 148, 210, "grid", "grid.svg", job_timeout="2m"
    )
    waiting = ("queued", "started", "scheduled", "deferred")
    while (state := get_job_status(job.id))["status"] in waiting:
        time.sleep(0.1)
    print(state["status"], state["result"] or state["error"])
    if state["status"] == "finished":
        print("duration:", state["ended_at"] - state["started_at"])

    second = enqueue_background_job(
        "workers.svg_tasks.generate_complex_svg", 148, 210, "spiral", "spiral.svg"
    )
    if cancel_job(second.id):
        print("the second job was canceled before it started")
    else:
        print("the second job had already started; it is", get_job_status(second.id)["status"])


if __name__ == "__main__":
    main()
