"""A simulator of the motion planner of GRBL 1.1 that reads G-code and returns the seconds of a plot.

It is written block by block, after the description of the planner, and shares no code with the product: constant acceleration,
junctions with a deviation, and a look-ahead that ends in a stop after the last block of the buffer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

Vector = tuple[float, float]


@dataclass(frozen=True)
class Machine:
    """Settings of GRBL in mm, mm/s and mm/s².

    `per_axis` limits each axis, as GRBL does, so that diagonal moves are up to 1.41 times as fast; otherwise the limits are along the path.
    `look_ahead` is the number of blocks in the buffer.
    """

    speed: float
    acceleration: float
    junction_deviation: float
    arc_tolerance: float = 0.002
    per_axis: bool = False
    look_ahead: int = 1_000_000

    def limited(self, value: float, direction: Vector) -> float:
        """Return the largest value along `direction` for a limit of `value`."""
        return value / max(map(abs, direction)) if self.per_axis else value


@dataclass
class Times:
    """Seconds with the pen down and up, and of dwells."""

    drawing: float = 0.0
    travelling: float = 0.0
    dwelling: float = 0.0

    @property
    def total(self) -> float:
        return self.drawing + self.travelling + self.dwelling


@dataclass
class Block:
    """A straight move: mm, unit vector, and the highest squared speed at its start."""

    length: float
    direction: Vector
    nominal: float
    acceleration: float
    junction: float = 0.0


@dataclass
class Grbl:
    """The state of the machine: its position, feed rate in mm/s and the blocks since it last rested."""

    machine: Machine
    at: Vector = (0.0, 0.0)
    feed: float = 0.0
    is_down: bool = False
    blocks: list[Block] = field(default_factory=list)
    times: Times = field(default_factory=Times)

    def run(self, gcode: str) -> Times:
        """Run a program and return its times."""
        for line in gcode.splitlines():
            words = {word[0]: word[1:] for word in line.partition(";")[0].split()}
            if "M" in words or words.get("G") == "4":
                # The spindle and dwells wait until the motion has ended.
                self.rest()
                self.times.dwelling += float(words.get("P", 0)) if "G" in words else 0.0
                if words.get("M") == "3":
                    self.is_down = float(words["S"]) > 50
            elif "X" in words:
                self.feed = float(words["F"]) / 60 if "F" in words else self.feed
                end = (float(words["X"]), float(words["Y"]))
                is_arc = words["G"] in ("2", "3")
                for point in self.arc(end, words) if is_arc else (end,):
                    self.move(point, is_rapid=words["G"] == "0")
        self.rest()
        return self.times

    def arc(self, end: Vector, words: dict[str, str]) -> Iterator[Vector]:
        """Yield the ends of the chords of an arc, as GRBL divides it."""
        centre = self.at[0] + float(words["I"]), self.at[1] + float(words["J"])
        radius = math.dist(self.at, centre)
        begin = math.atan2(self.at[1] - centre[1], self.at[0] - centre[0])
        turn = math.atan2(end[1] - centre[1], end[0] - centre[0]) - begin
        turn %= 2 * math.pi
        turn -= 2 * math.pi if words["G"] == "2" else 0.0
        tolerance = self.machine.arc_tolerance
        chords = int(abs(0.5 * turn * radius) / math.sqrt(tolerance * (2 * radius - tolerance)))
        for number in range(1, chords):
            angle = begin + turn * number / chords
            yield centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)
        yield end

    def move(self, end: Vector, *, is_rapid: bool) -> None:
        """Add a block, with the speed that its junction with the block before allows."""
        length = math.dist(self.at, end)
        if length == 0:
            return
        direction = (end[0] - self.at[0]) / length, (end[1] - self.at[1]) / length
        machine = self.machine
        fastest = machine.limited(machine.speed, direction)
        block = Block(
            length,
            direction,
            (fastest if is_rapid else min(self.feed, fastest)) ** 2,
            machine.limited(machine.acceleration, direction),
        )
        if self.blocks:
            before = self.blocks[-1]
            block.junction = min(self.corner(before, block), before.nominal, block.nominal)
        self.blocks.append(block)
        self.at = end

    def corner(self, before: Block, block: Block) -> float:
        """Return the highest squared speed between two blocks."""
        (x, y), (u, v) = before.direction, block.direction
        cosine = -(x * u + y * v)
        if cosine < -0.999999:
            return math.inf
        if cosine > 0.999999:
            return 0.0
        change = math.hypot(u - x, v - y)
        acceleration = self.machine.limited(
            self.machine.acceleration, ((u - x) / change, (v - y) / change)
        )
        sine = math.sqrt(0.5 * (1 - cosine))
        return acceleration * self.machine.junction_deviation * sine / (1 - sine)

    def rest(self) -> None:
        """Plan and time the blocks until the machine stops."""
        entries = [block.junction for block in self.blocks] + [0.0]
        for number in range(len(self.blocks) - self.machine.look_ahead):
            # The machine could still stop after the last block in the buffer.
            speed = 0.0
            for ahead in reversed(self.blocks[number : number + self.machine.look_ahead]):
                speed = min(ahead.junction, speed + 2 * ahead.acceleration * ahead.length)
            entries[number] = speed
        for number in reversed(range(len(self.blocks))):
            block = self.blocks[number]
            reached = entries[number + 1] + 2 * block.acceleration * block.length
            entries[number] = min(entries[number], reached)
        for number, block in enumerate(self.blocks):
            reached = entries[number] + 2 * block.acceleration * block.length
            entries[number + 1] = min(entries[number + 1], reached)
        seconds = sum(
            seconds_of(block, *ends)
            for block, ends in zip(self.blocks, pairwise(entries), strict=True)
        )
        if self.is_down:
            self.times.drawing += seconds
        else:
            self.times.travelling += seconds
        self.blocks.clear()


def seconds_of(block: Block, entry: float, leave: float) -> float:
    """Return the seconds of a trapezoid with these squared speeds at its ends."""
    peak = min(block.nominal, (entry + leave) / 2 + block.acceleration * block.length)
    ramps = (2 * peak - entry - leave) / (2 * block.acceleration)
    changing = 2 * math.sqrt(peak) - math.sqrt(entry) - math.sqrt(leave)
    return changing / block.acceleration + max(block.length - ramps, 0.0) / math.sqrt(peak)
