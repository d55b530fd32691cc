"""`python -m workers`: as many workers on the `background` queue as the setting WORKERS says, started again when they die.

The first SIGTERM or SIGINT lets each running job end; a second one hands the jobs back to the queue. Exit code 0 after a stop on
request, 1 for trouble or in immediate mode, 2 for bad settings.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys

from libraries.broker.connections import web_client
from libraries.gallery import arrivals
from libraries.job_manager.control import queue_health
from libraries.job_manager.schedules import BadSchedules, load_schedules
from libraries.settings import BadSettings, Settings, get_settings
from libraries.supervision import Part, Supervisor
from libraries.uploads import staging
from libraries.webhooks import outbox
from libraries.worker.worker import BrokerUnreachable, eviction_policy, run_worker, unreachable

REFUSED = (
    "Consumer cannot be run with settings where immediate is enabled: jobs run in the process that queues them. "
    "Unset IMMEDIATE to have workers run them."
)

# Called every ten seconds: what no entry of the journal leads to.
SWEEPS = (staging.discard_expired, outbox.queue_earlier_notes, arrivals.process_earlier_notes)


def main() -> int:
    """Run the workers as the command line and the environment say, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m workers", description="Run queued jobs until told to stop."
    )
    parser.add_argument(
        "--single",
        action="store_true",
        help="one worker in this process, with nobody to start it again",
    )
    parser.add_argument(
        "--burst", action="store_true", help="one worker in this process, until the queue is empty"
    )
    options = parser.parse_args()
    try:
        settings = get_settings()
    except BadSettings as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if settings.jobs.immediate:
        sys.stderr.write(f"{REFUSED}\n")
        return 1
    logging.basicConfig(
        level=settings.web.log_level,
        format="%(asctime)s %(levelname)s %(message)s",
        stream=sys.stdout,
    )
    try:
        load_schedules(settings.jobs)
        if options.single or options.burst:
            return run_worker(settings, burst=options.burst, sweeps=SWEEPS)
        return supervise(settings)
    except (BrokerUnreachable, BadSchedules) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def supervise(settings: Settings) -> int:
    """Keep the workers running until told to stop; return 0.

    Raises:
        BrokerUnreachable: the broker does not answer at the start, or throws jobs away when its memory is full.
    """
    if not queue_health()["broker"]:
        raise unreachable(settings)
    if (policy := eviction_policy(web_client(settings))) != "noeviction":
        raise BrokerUnreachable(
            f"the broker's maxmemory-policy is {policy}: it would throw jobs away; set it to noeviction"
        )
    command = [sys.executable, "-m", "workers", "--single"]
    parts = [Part(f"worker{number + 1}", command) for number in range(settings.jobs.workers)]
    # A worker without its supervisor would be one too many as soon as the supervisor is back: it goes at once, and its job is
    # taken up again.
    return Supervisor(
        parts, grace=None, orphan_signal=signal.SIGKILL, prefixed=settings.jobs.workers > 1
    ).run()


if __name__ == "__main__":
    sys.exit(main())
