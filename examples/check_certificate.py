"""Check a certificate: `python examples/check_certificate.py BEFORE.svg AFTER.svg < CERTIFICATE`."""
# Not checked are times, pixels, the estimated gap, and the bound of layers with more than 8,000
# parts, such as 4,000 open strokes (2,000 take some seconds). Both files are of the plain encoding.

import hashlib
import json
import math
import re
import sys
from itertools import groupby, pairwise, product
from xml.etree import ElementTree as ET


def read(path: str) -> list:
    """Return the layers of an SVG, each a list of strokes of points in mm; a dot is one point."""
    groups = [[d.get("d") for d in e if d.tag.endswith("}path")] for e in ET.parse(path).iter()]  # noqa: S314
    layers = [[iter(map(float, re.findall(r"-?[\d.]+", d))) for d in g] for g in groups if g]
    return [[[p for p, _ in groupby(zip(n, n, strict=True))] for n in layer] for layer in layers]


def sha256(layers: list) -> str:
    numbers = []
    for g in layers:
        numbers += [len(g), *map(len, g), *(round(x * 1000) for s in g for p in s for x in p)]
    data = b"".join(number.to_bytes(8, "little", signed=True) for number in numbers)
    return hashlib.sha256(data).hexdigest()


def pairs(strokes: list) -> list:
    return [p for s in strokes for p in pairwise(s if s[1:] else s * 2)]


def least_lifts(strokes: list) -> int:
    """Return the sum of max(1, odd points / 2) over the connected parts of a layer."""
    links, total = {}, 0
    for one, two in (p for pair in pairs(strokes) for p in (pair, pair[::-1])):
        links.setdefault(one, []).append(two)
    while links:
        part, odd = [next(iter(links))], 0
        while part:
            near = links.pop(part.pop(), ())
            part.extend(near)
            odd += len(near) % 2
        total += max(1, odd // 2)
    return total


def travel_bound(strokes: list, penalties: list | None, rests: tuple) -> float | None:
    """Return a travel that no order is below, by a least spanning tree (Prim, 1957), or None."""
    nodes = [e for s in strokes for e in ([s] if s[0] == s[-1] else [s[:1], s[-1:]])]
    mates = [v for s in strokes for v in ([0] if s[0] == s[-1] else [1, -1])]
    cost = (penalties or [0.0] * len(nodes))[: len(nodes)]
    runs = [(node[i : i + 16], v) for v, node in enumerate(nodes) for i in range(0, len(node), 16)]
    parts = [(*p[0], max(math.dist(p[0], q) for q in p), p, v) for p, v in runs]
    if len(parts) > 8000:
        return None
    ways = [[min(math.dist(p, at or p) for p in node) for node in nodes] for at in rests]
    ways = [sorted((far + cost[v], v) for v, far in enumerate(way))[:2] for way in ways]
    total = min(a + b for (a, u), (b, v) in product(*ways) if u != v or len(nodes) == 1)
    key, left, new = [math.inf] * len(nodes), {*range(1, len(nodes))}, [0]
    while new:
        if mates[new[0]]:  # the other end of an open stroke
            new.append(new[0] + mates[new[0]])
            total += cost[new[0]] + cost[new[1]]
        left.difference_update(new)
        added, parts = [p for p in parts if p[4] in new], [p for p in parts if p[4] in left]
        for (x, y, r, points, u), (x2, y2, r2, others, v) in product(added, parts):
            if math.hypot(x - x2, y - y2) - r - r2 + cost[u] < key[v]:
                key[v] = min(key[v], *(math.dist(p, q) + cost[u] for p in points for q in others))
        new = [min(left, key=lambda v: key[v] + cost[v])] if left else []
        total += sum(key[v] + cost[v] for v in new)
    return total - 2 * sum(cost)


def samples(lines, step):
    for (x, y), (x2, y2) in lines:
        count = math.ceil(math.hypot(x2 - x, y2 - y) / step) or 1
        yield from ((x + (x2 - x) * i / count, y + (y2 - y) * i / count) for i in range(count + 1))


def is_near(strokes: list, others: list, limit: float) -> bool:
    one, two = ({tuple(sorted(p)) for p in pairs(drawn)} for drawn in (strokes, others))
    grid = {}
    for x, y in samples(two if one - two else (), 0.05):
        grid.setdefault((x // limit, y // limit), []).append((x, y))
    for x, y in samples(one - two, 0.1):
        cells = product(*([v // limit + d for d in (0, -1, 1)] for v in (x, y)))
        if not any(math.dist((x, y), p) <= limit for c in cells for p in grid.get(c, ())):
            return False
    return True


def wrong_members(before: list, after: list, record: dict) -> list:
    ink, pen_up, deviation = record["ink_mm"], record["pen_up_mm"], record["deviation_mm"]
    holds = {"lifts.minimum": record["lifts"]["minimum"] == sum(map(least_lifts, after))}
    for when, name, layers in (("before", "input", before), ("after", "output", after)):
        strokes = [stroke for layer in layers for stroke in layer]
        stops = [(0, 0), *(end for s in strokes for end in (s[0], s[-1])), (0, 0)]
        travel = sum(map(math.dist, stops[::2], stops[1::2]))
        length = sum(math.dist(*p) for p in pairs(strokes))
        found = {"lifts": len(strokes), "pen_up_mm": travel, "ink_mm": length}
        holds |= {f"{k}.{when}": abs(record[k][when] - v) < 1e-3 for k, v in found.items()}
        holds[f"{name}_sha256"] = record[f"{name}_sha256"] == sha256(layers)
    changes = ink["joins"] + ink["simplified"] + ink["passes"] - ink["duplicates"]
    holds["ink_mm"] = abs(ink["before"] + changes - ink["after"]) < 5e-3
    rests = [(0, 0), *[None] * (2 * len(after) - 2), (0, 0)]
    bounds = [*map(travel_bound, after, pen_up["penalties"], zip(*[iter(rests)] * 2, strict=True))]
    holds["pen_up_mm.bound"] = None in bounds or pen_up["bound"] <= sum(bounds) + 1e-6
    gap = pen_up["after"] / pen_up["bound"] - 1 if pen_up["bound"] else 0
    holds["gap"] = abs((record["gap"] or 0) - gap) < 1e-5
    near = map(is_near, before + after, after + before, [deviation + 0.026] * 2 * len(after))
    allowed = max(record["tolerance_mm"], record["widest_join_mm"]) + record["simplify_mm"]
    holds["deviation_mm"] = deviation <= allowed + 2e-3 and len(before) == len(after) and all(near)
    return [name for name, held in holds.items() if not held]


if __name__ == "__main__":
    wrong = wrong_members(*map(read, sys.argv[1:3]), json.load(sys.stdin))
    sys.exit(f"wrong: {', '.join(wrong)}" if wrong else print("the certificate holds"))
