"""Workers: `python -m workers` runs the number of workers in WORKERS and restarts them if they die.

The first SIGTERM or SIGINT lets running jobs finish, the second returns them to the queue. Exit
code 0 after a stop, 1 after an error or in immediate mode, 2 for invalid settings or schedules.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from typing import NoReturn

from libraries.broker.connections import web_client
from libraries.gallery import arrivals
from libraries.job_manager.control import queue_health
from libraries.job_manager.schedules import BadSchedules, load_schedules
from libraries.settings import BadSettings, Settings, get_settings
from libraries.shared_state import NotShared, registered
from libraries.supervision import BAD_SETTINGS, send_heartbeats
from libraries.uploads import staging
from libraries.webhooks import outbox
from libraries.worker.broker_checks import BrokerUnusable, check_eviction_policy, unreachable
from libraries.worker.running import run_worker

IMMEDIATE_MODE = (
    "Consumer cannot be run with settings where immediate is enabled: "
    "jobs run in the process that queues them. Unset IMMEDIATE to start workers."
)

# Called every ten seconds, for work without a journal entry.
SWEEPS = (staging.discard_expired, outbox.queue_earlier_notes, arrivals.process_earlier_notes)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m workers", description="Run queued jobs until stopped."
    )
    parser.add_argument(
        "--single", action="store_true", help="one worker in this process, which is not restarted"
    )
    parser.add_argument(
        "--burst", action="store_true", help="one worker in this process, until the queue is empty"
    )
    options = parser.parse_args()
    try:
        settings = get_settings()
    except BadSettings as error:
        sys.stderr.write(f"{error}\n")
        return BAD_SETTINGS
    if settings.jobs.immediate:
        sys.stderr.write(f"{IMMEDIATE_MODE}\n")
        return 1
    logging.basicConfig(
        level=settings.web.log_level,
        format="%(asctime)s %(levelname)s %(message)s",
        stream=sys.stdout,
    )
    try:
        load_schedules(settings.jobs)
        if options.single or options.burst:
            send_heartbeats()
            with registered("worker"):
                return run_worker(settings, burst=options.burst, sweeps=SWEEPS)
        supervise(settings)
    except (BrokerUnusable, NotShared) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except BadSchedules as error:
        sys.stderr.write(f"{error}\n")
        return BAD_SETTINGS


def supervise(settings: Settings) -> NoReturn:
    """Become the supervisor of the workers. Raises BrokerUnusable."""
    if not queue_health()["broker"]:
        raise unreachable(settings)
    check_eviction_policy(web_client(settings))
    sys.stdout.flush()
    number = str(settings.jobs.workers)
    os.execv(sys.executable, [sys.executable, "-m", "workers.supervisor", number])  # noqa: S606


if __name__ == "__main__":
    sys.exit(main())
