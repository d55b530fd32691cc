"""The supervisor of `python -m workers`: `python -m workers.supervisor NUMBER`.

It runs for as long as the service, so it imports only what supervision needs: the tasks and the
client of the broker would take 25 MB.
"""

from __future__ import annotations

import signal
import sys

from libraries.supervision import Part, Supervisor


def main() -> int:
    """Run as many workers as the argument says until SIGTERM or SIGINT; return the exit code."""
    number = int(sys.argv[1])
    command = [sys.executable, "-m", "workers", "--single"]
    parts = [Part(f"worker{index + 1}", command) for index in range(number)]
    # Workers are killed together with their supervisor, whose restart would otherwise add to them.
    return Supervisor(parts, grace=None, orphan_signal=signal.SIGKILL, prefixed=number > 1).run()


if __name__ == "__main__":
    sys.exit(main())
