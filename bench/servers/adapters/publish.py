"""Publishes events in the environment of a server: `publish.py ADAPTER`.

An adapter is a module with `publish(text)`, which sends a text to all clients. Publishes each input line, and prints the value
of `time.monotonic()` just before.
"""

from __future__ import annotations

import importlib
import sys
import time


def main() -> None:
    """Publish each line of standard input."""
    adapter = importlib.import_module(sys.argv[1])
    for line in sys.stdin:
        moment = time.monotonic()
        adapter.publish(line.rstrip("\n"))
        print(moment, flush=True)


if __name__ == "__main__":
    main()
