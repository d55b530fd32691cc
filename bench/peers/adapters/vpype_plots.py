# mypy: disable-error-code="import-not-found"
"""Runs commands of vpype on drawings, in its own environment."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import vpype
import vpype_cli


def load(path: Path) -> Any:
    """Return the document of a JSON file: lists of strokes in mm by layer."""
    pixels = vpype.convert_length("1mm")
    document = vpype.Document()
    for layer, strokes in enumerate(json.loads(path.read_text()), 1):
        lines = [np.array(stroke) @ [1, 1j] * pixels for stroke in strokes]
        document.add(vpype.LineCollection(lines), layer)
    return document


def save(document: Any, layers: int, path: Path) -> None:
    pixels = vpype.convert_length("1mm")
    path.write_text(
        json.dumps(
            [
                [
                    (np.column_stack([line.real, line.imag]) / pixels).tolist()
                    for line in document.layers.get(layer, ())
                ]
                for layer in range(1, layers + 1)
            ]
        )
    )


def main() -> None:
    """Read lines of JSON, `[commands, path]`, change the drawing at the path, and answer with the CPU seconds."""
    for line in sys.stdin:
        commands, path = json.loads(line)
        document = load(Path(path))
        layers = len(document.layers)
        began = time.process_time()
        document = vpype_cli.execute(commands, document)
        seconds = time.process_time() - began
        save(document, layers, Path(path))
        print(json.dumps(seconds), flush=True)


main()
