"""`python -m workers`: one worker on the `background` queue.

Exit code 0 after a stop on request, 1 for trouble, 2 for bad settings.
"""

from __future__ import annotations

import argparse
import logging
import sys

from libraries.job_manager.worker import BrokerUnreachable, run_worker
from libraries.settings import BadSettings, get_settings


def main() -> int:
    """Run the worker as the command line and the environment say, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m workers", description="Run queued jobs until told to stop.")
    parser.add_argument("--burst", action="store_true", help="stop when the queue is empty")
    options = parser.parse_args()
    try:
        settings = get_settings()
    except BadSettings as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout)
    try:
        return run_worker(settings, burst=options.burst)
    except BrokerUnreachable as error:
        sys.stderr.write(f"{error}; start it with `make run`, or set REDIS_URL to the one to use\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
