# mypy: disable-error-code="import-not-found"
"""Measures vpype in its own environment: prints the glyphs per second of each round."""

from __future__ import annotations

import json
import sys
import time

import vpype


def main() -> None:
    """Read font, seconds per round and number of rounds from the arguments, and the text from standard input."""
    font, seconds, rounds = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    text = sys.stdin.read()
    vpype.text_line(text, font_name=font)
    rates = []
    for _ in range(rounds):
        written, started_at = 0, time.perf_counter()
        while time.perf_counter() - started_at < seconds:
            vpype.text_line(text, font_name=font)
            written += len(text)
        rates.append(written / (time.perf_counter() - started_at))
    print(json.dumps(rates))


main()
