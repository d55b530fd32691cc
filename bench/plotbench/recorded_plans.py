"""`python -m bench.plotbench.recorded_plans`: record saxi's plans of small drawings for the tests of the planner.

It writes `tests/libraries/plotting/saxi_plans.json`, which has the strokes, so that the tests need neither Node nor a network.
"""

from __future__ import annotations

import json
import math
import sys

import numpy as np

from bench.machinery import REPOSITORY, BenchError
from bench.peers.npm import SAXI
from bench.plot_time import Lines, saxi_plans
from libraries.plotting import PROFILES

RECORD = REPOSITORY / "tests" / "libraries" / "plotting" / "saxi_plans.json"
# The second one has other speeds, accelerations and corners than saxi's defaults.
RECORDED_PROFILES = ("saxi", "axidraw")


def small_drawings() -> dict[str, Lines]:
    """Return drawings of different kinds by name; coordinates have two decimals."""
    rng = np.random.default_rng(11)
    turns = np.linspace(0, 2 * math.pi, 41)
    circle = np.column_stack([np.cos(turns), np.sin(turns)])
    spiral = np.linspace(0, 12 * math.pi, 360)
    drawings: dict[str, Lines] = {
        "spiral": [np.column_stack([np.cos(spiral), np.sin(spiral)]) * spiral[:, None] + 60],
        "short lines": list(rng.uniform(10, 200, (80, 1, 2)) + rng.normal(0, 2, (80, 2, 2))),
        "circles": [
            circle * radius + centre
            for radius, *centre in rng.uniform([0.3, 20, 20], [9, 190, 277], (10, 3))
        ],
        "zigzag": [np.column_stack([np.arange(150) * 0.9 + 10, 50 + np.arange(150) % 2 * 30.0])],
        "random walks": list(
            np.cumsum(rng.normal(0, 0.4, (3, 150, 2)), axis=1) + rng.uniform(60, 140, (3, 1, 2))
        ),
        "squares": [
            np.array([[0, 0], [side, 0], [side, side], [0, side], [0, 0]]) + side
            for side in np.geomspace(0.5, 120, 12)
        ],
        "dots and repeated vertices": [
            np.repeat(point, 3, axis=0) for point in rng.uniform(10, 200, (30, 1, 2))
        ],
    }
    return {name: [line.round(2) for line in lines] for name, lines in drawings.items()}


def record() -> dict[str, object]:
    """Return the strokes, and saxi's seconds for each profile; raise BenchError without Node or saxi."""
    drawings = small_drawings()
    plans = {
        name: [
            {part: round(plan[part], 6) for part in ("seconds", "drawing", "travelling")}
            for plan in saxi_plans(list(drawings.values()), PROFILES[name])
        ]
        for name in RECORDED_PROFILES
    }
    return {
        "planner": f"{SAXI}, plan() of dist/server/planning.js",
        "command": "python -m bench.plotbench.recorded_plans",
        "profiles": {name: PROFILES[name].as_record() for name in RECORDED_PROFILES},
        "drawings": {
            name: {
                "strokes": [line.tolist() for line in lines],
                "plans": {profile: plans[profile][number] for profile in RECORDED_PROFILES},
            }
            for number, (name, lines) in enumerate(drawings.items())
        },
    }


def main() -> int:
    """Write the record and return the exit code."""
    try:
        text = json.dumps(record(), separators=(",", ":"))
    except BenchError as error:
        sys.stderr.write(f"Not recorded: {error}\n")
        return 1
    RECORD.write_text(f"{text}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
