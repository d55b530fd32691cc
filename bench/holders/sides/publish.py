"""Publishes for a server, inside that server's own environment: `publish.py SIDE`.

A side is a module with `publish(text)`, which tells a text to all clients. Each line on the input is a text; the answer to it is
the moment just before it was published, by the clock of `time.monotonic()`.
"""

from __future__ import annotations

import importlib
import sys
import time


def main() -> None:
    """Publish each line of the input."""
    side = importlib.import_module(sys.argv[1])
    for line in sys.stdin:
        moment = time.monotonic()
        side.publish(line.rstrip("\n"))
        print(moment, flush=True)


if __name__ == "__main__":
    main()
