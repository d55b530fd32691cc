# mypy: disable-error-code="import-not-found"
"""Reads SVGs with vpype, in its own environment."""

from __future__ import annotations

import json
import sys
import time

import vpype


def main() -> None:
    """Read lines of JSON, the path of an SVG, read it with the default tolerance, and answer with the CPU seconds.

    The answer for a file that vpype cannot read is the error.
    """
    for line in sys.stdin:
        began = time.process_time()
        try:
            vpype.read_svg(json.loads(line), quantization=vpype.convert_length("0.1mm"))
        except Exception as error:
            print(json.dumps(f"{type(error).__name__}: {error}"), flush=True)
        else:
            print(json.dumps(time.process_time() - began), flush=True)


main()
