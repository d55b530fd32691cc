"""Queue a drawing from Python instead of HTTP, follow it by id, and take another one off the queue.

Start it in the project's folder while the service runs: `.venv/bin/python -m examples.queue_from_python`.
"""

from __future__ import annotations

import time

from libraries.job_manager import cancel_job, enqueue_background_job, get_job_status


def main() -> None:
    """Draw a grid on A5, then change our mind about a second one."""
    job = enqueue_background_job(
        "workers.svg_tasks.generate_complex_svg", 148, 210, "grid", "grid.svg", job_timeout="2m"
    )
    while (state := get_job_status(job.id))["status"] in ("queued", "started", "scheduled"):
        time.sleep(0.1)
    print(state["status"], state["result"] or state["error"])
    if state["status"] == "finished":
        print("it took", state["ended_at"] - state["started_at"])

    second = enqueue_background_job(
        "workers.svg_tasks.generate_complex_svg", 148, 210, "spiral", "spiral.svg"
    )
    if cancel_job(second.id):
        print("the second one was canceled before a worker took it")
    else:
        print("a worker was faster: the second one is", get_job_status(second.id)["status"])


if __name__ == "__main__":
    main()
