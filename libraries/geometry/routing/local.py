"""Local search: exchanges of two and three connections between near ends."""

from __future__ import annotations

from enum import IntEnum
from math import inf, sqrt

from libraries.geometry.routing.neighbours import Neighbours
from libraries.geometry.routing.tour import Run, Tour


class Kind(IntEnum):
    """The kinds of exchanges of three connections, by what the tour A B C becomes."""

    SWAP = 0  # A C B
    SWAP_TURN_FIRST = 1  # A C B', with B' the reverse of B
    SWAP_TURN_SECOND = 2  # A C' B
    TURN_BOTH = 3  # A B' C'


def settle(tour: Tour, near: Neighbours, reach: int, visits: int) -> tuple[float, int]:
    """Improve the tour at up to `visits` waiting ends; return the gain in mm and the visits left.

    At each end, the connections to near ends are tried with one or two further exchanges, as in
    3-opt with neighbour lists (Johnson and McGeoch, "The Traveling Salesman Problem: A Case Study
    in Local Optimization", 1997), and the best exchange is carried out. Runs longer than `reach`
    are not moved.
    """
    waiting, is_waiting, starts = tour.waiting, tour.is_waiting, tour.starts
    gain = 0.0
    while waiting and visits:
        visits -= 1
        end = waiting.popleft()
        is_waiting[end] = 0
        if starts is not None and starts.is_free(end >> 1):
            gain += tour.move_start(end >> 1)
        found = _exchanges(tour, near, end)
        found.sort(reverse=True)
        for saved, c, e in found:
            if _exchange(tour, (end, c, e), reach):
                gain += saved
                break
    return gain, visits


def _exchanges(  # noqa: C901, PLR0912 - calls of functions would take most of the time
    tour: Tour, near: Neighbours, a: int
) -> list[tuple[float, int, int]]:
    """Return exchanges that begin at `a`: what each saves in mm, and ends c and e (or -1).

    The connection from `a` to b is replaced by one to c, that from c to d by one from d to e, and
    that from e to f by one to b; without e, d is connected to b.
    """
    x, y, ends, places, gaps = tour.x, tour.y, tour.ends, tour.places, tour.gaps
    penalties = near.penalties
    min_gain_mm = 1e-7  # smaller gains may be rounding errors
    total, is_moving, deeper = len(ends), tour.starts is not None, near.deeper
    place_b = places[a] ^ 1
    b, step = ends[place_b], 1 if place_b & 1 else -1
    # The penalties of the ends of a connection are gained, and those of a new one lost.
    x_a, y_a, x_b, y_b, gap, penalty = x[a], y[a], x[b], y[b], gaps[a], penalties[b]
    found = []
    for c, least in near.rows[a]:
        if gap + penalty - least <= min_gain_mm:
            break
        gain = gap - (least - penalties[c])
        if is_moving:
            dx, dy = x_a - x[c], y_a - y[c]
            gain = gap - sqrt(dx * dx + dy * dy)
        place = places[c]
        if place == place_b or gain + penalty - penalties[c] <= min_gain_mm:
            continue
        gain += gaps[c]
        d = ends[place ^ 1]
        x_d, y_d = x[d], y[d]
        ahead = (place - place_b) * step % total
        turns = ahead & 1
        if turns:
            dx, dy = x_b - x_d, y_b - y_d
            distance = sqrt(dx * dx + dy * dy)
            saved = gain - distance if distance < inf else gain
            if saved > min_gain_mm:
                found.append((saved, c, -1))
        for e, away in deeper[d]:
            if gain + penalty - away <= min_gain_mm:
                break
            saved = gain - (away - penalties[e])
            place = places[e]
            further = (place - place_b) * step % total
            if further <= ahead + turns:
                # Only a connection within the first part, and only in one direction.
                if not turns or not further & 1 or further >= ahead:
                    continue
            elif (turns and further & 1) or further == total - 1:
                continue
            if is_moving:
                dx, dy = x_d - x[e], y_d - y[e]
                saved = gain - sqrt(dx * dx + dy * dy)
            f = ends[place ^ 1]
            dx, dy = x_b - x[f], y_b - y[f]
            distance = sqrt(dx * dx + dy * dy)
            saved += gaps[e] - distance if distance < inf else gaps[e]
            if saved > min_gain_mm:
                found.append((saved, c, e))
    return found


def _exchange(tour: Tour, exchanged: tuple[int, int, int], reach: int) -> bool:
    a, c, e = exchanged
    ends, places = tour.ends, tour.places
    b, d = ends[places[a] ^ 1], ends[places[c] ^ 1]
    if e < 0:
        done = _turn(tour, places[b], places[c], reach)
        links: tuple[int, ...] = (a, b, c, d, a, c, b, d)
    else:
        f = ends[places[e] ^ 1]
        done = _rearrange(tour, places[b], places[c], places[e], reach)
        links = (a, b, c, d, e, f, a, c, d, e, f, b)
    if done is None or not tour.replace(*done, links):
        return False
    tour.wait(links[: len(links) // 2])
    return True


def _turn(tour: Tour, one: int, two: int, reach: int) -> tuple[int, Run, Run] | None:
    """Return where to reverse the part between two places, the old run and the new one."""
    total = len(tour.ends)
    start, stop = (one, two) if one & 1 else (two, one)
    count = (stop - start) % total + 1
    is_outside = start > stop if tour.allows is not None else 2 * count > total
    if is_outside:
        start, count = (stop + 1) % total, total - count
    if count > reach:
        return None
    run = tour.read(start, count)
    return start, run, run[::-1]


def _rearrange(
    tour: Tour, place_b: int, place_c: int, place_e: int, reach: int
) -> tuple[int, Run, Run] | None:
    """Return where to write which run for an exchange of three connections."""
    total = len(tour.ends)
    step = 1 if place_b & 1 else -1
    ahead, further = (place_c - place_b) * step % total, (place_e - place_b) * step % total
    if ahead & 1:
        if further & 1:
            kind, second, third = Kind.SWAP_TURN_FIRST, further + 1, ahead + 1
        else:
            kind, second, third = Kind.SWAP_TURN_SECOND, ahead + 1, further
    elif further & 1:
        kind, second, third = Kind.TURN_BOTH, ahead, further + 1
    else:
        kind, second, third = Kind.SWAP, ahead, further
    if step > 0:
        cuts = place_b, place_b + second, place_b + third
    else:
        # Seen in the other direction, the parts B and C change their roles.
        cuts = place_b - second + 1, place_b + 1, place_b - third + 1
        kind = (Kind.SWAP, Kind.SWAP_TURN_SECOND, Kind.SWAP_TURN_FIRST, Kind.TURN_BOTH)[kind]
    return rearranged(tour, kind, tuple(cut % total for cut in cuts), reach)


def rearranged(
    tour: Tour, kind: Kind, cuts: tuple[int, ...], reach: int
) -> tuple[int, Run, Run] | None:
    """Return where to write which run, or None if it is longer than `reach`.

    The parts begin at `cuts`. One of them stays: the longest, or with constraints the one with the
    rest position of the pen. Left in place, B or C make the same exchange one of another kind.
    """
    total = len(tour.ends)
    counts = [(cuts[1] - cuts[0]) % total, (cuts[2] - cuts[1]) % total, (cuts[0] - cuts[2]) % total]
    # The greatest cut begins the part that contains the end of the array.
    by = counts if tour.allows is None else list(cuts)
    stays = by.index(max(by))
    if stays == 1:
        kind = (Kind.SWAP, Kind.TURN_BOTH, Kind.SWAP_TURN_FIRST, Kind.SWAP_TURN_SECOND)[kind]
    elif stays:
        kind = (Kind.SWAP, Kind.SWAP_TURN_SECOND, Kind.TURN_BOTH, Kind.SWAP_TURN_FIRST)[kind]
    cut, count = counts[stays - 2], counts[stays - 2] + counts[stays - 1]
    if count > reach:
        return None
    place = cuts[stays - 2]
    old = tour.read(place, count)
    first, second = old[:cut], old[cut:]
    if kind == Kind.TURN_BOTH:
        return place, old, first[::-1] + second[::-1]
    if kind == Kind.SWAP_TURN_FIRST:
        first.reverse()
    elif kind == Kind.SWAP_TURN_SECOND:
        second.reverse()
    return place, old, second + first
