"""Upkeep of the index by a worker: jobs that other programs changed, and a lost index."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, cast

from libraries.broker import Redis, exceptions, keys
from libraries.broker.scripts import run_script
from libraries.errors import Unavailable
from libraries.job_index.search import CHUNK, Condition, OwnerIndex, Place, States

# Returns for jobs the entries, and those of the outcome; None for a job without a record.
Describe = Callable[[Redis, Sequence[str]], Sequence["tuple[str, str] | None"]]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Upkeep:
    """Checks and rebuilds the index in steps of some milliseconds; the broker has its progress."""

    client: Redis
    describe: Describe

    VERSION: ClassVar = "1"
    VERSION_KEY: ClassVar = "vector:index:version"
    OWNERS_KEY: ClassVar = "vector:index:owners"
    # First number of the new index, phase and cursor of the rebuild, and the last number by owner.
    REBUILD_KEY: ClassVar = "vector:index:rebuild"
    LOCK_KEY: ClassVar = "vector:index:lock"
    # Owner and chunk that were checked last.
    POSITION_KEY: ClassVar = "vector:index:position"
    UNSORTED: ClassVar = "vector:index:unsorted:"
    # Sorted sets of jobs by owner in the version without an index.
    FORMER: ClassVar = "vector:jobs:"
    TAKEN: ClassVar = "another job has its number"
    LOCK_S: ClassVar = 30
    BLOCK_SIZE: ClassVar = 200
    SAMPLE_SIZE: ClassVar = 10
    # A chunk is made smaller when this part of its jobs is left.
    MAX_LEFT: ClassVar = 1 / 8
    # Distance of the numbers of a new index from those of the lost one, in chunks.
    MARGIN_CHUNKS: ClassVar = 1000

    def run(self, *, check_s: float = 0.05, rebuild_s: float = 5.0) -> None:
        """Check a part of the index, or rebuild it, in one process at a time."""
        if not self.client.set(self.LOCK_KEY, "1", nx=True, ex=self.LOCK_S):
            return
        try:
            if self._is_complete():
                self.check(limit_s=check_s)
            elif not self.client.exists(keys.QUEUES_KEY):
                self.client.set(self.VERSION_KEY, self.VERSION)  # there are no jobs yet
            else:
                self.rebuild(limit_s=rebuild_s)
        except (Unavailable, exceptions.ResponseError) as error:
            if isinstance(error, exceptions.ResponseError) and "WRONGTYPE" not in str(error):
                raise
            log.exception("The index of jobs is damaged")
            self.client.delete(self.VERSION_KEY, self.REBUILD_KEY)
        finally:
            with suppress(exceptions.RedisError):
                self.client.delete(self.LOCK_KEY)

    @property
    def is_idle(self) -> bool:
        """True unless a rebuild is unfinished."""
        return not self.client.exists(self.REBUILD_KEY)

    def _is_complete(self) -> bool:
        version = cast("bytes | None", self.client.get(self.VERSION_KEY))
        if version == self.VERSION.encode() and self._misplaced():
            log.error("The index of jobs is damaged")
            self.client.delete(self.VERSION_KEY)
            return False
        return version == self.VERSION.encode()

    def _misplaced(self) -> list[str]:
        """Return jobs that the index does not have, of some that are chosen at random."""
        ids = [
            *cast("list[bytes]", self.client.lrange(keys.QUEUE_KEY, -self.SAMPLE_SIZE, -1)),
            *cast("list[bytes]", self.client.zrandmember(keys.FINISHED_KEY, self.SAMPLE_SIZE)),
            *cast("list[bytes]", self.client.zrandmember(keys.FAILED_KEY, self.SAMPLE_SIZE)),
        ]
        return [
            job_id
            for job_id, text in compare_jobs(self.client, [one.decode() for one in ids])
            # Not a copy of a record, whose number belongs to the original.
            if text != self.TAKEN
        ]

    # -- jobs that other programs changed

    def check(self, *, limit_s: float) -> int:
        """Correct the states of jobs by their records, chunk after chunk; remove empty chunks."""
        deadline, corrected = time.monotonic() + limit_s, 0
        position = cast("bytes | None", self.client.get(self.POSITION_KEY)) or b""
        for name, owner, chunk, is_newest in self._chunks_after(position.decode(errors="replace")):
            corrected += self._check_chunk(owner, chunk, is_newest=is_newest)
            self.client.set(self.POSITION_KEY, name)
            if time.monotonic() > deadline:
                break
        return corrected

    def _chunks_after(self, position: str) -> Iterator[tuple[str, str, int, bool]]:
        chunks = []
        for owner in _members(self.client, self.OWNERS_KEY):
            index = OwnerIndex.open(self.client, owner)
            if not index.chunks:
                self.client.srem(self.OWNERS_KEY, owner)
            chunks += [
                (f"{owner} {chunk:020}", owner, chunk, chunk == index.chunks[-1])
                for chunk in index.chunks
            ]
        chunks.sort()
        yield from [one for one in chunks if one[0] > position]
        yield from [one for one in chunks if one[0] <= position]

    def _check_chunk(self, owner: str, chunk: int, *, is_newest: bool) -> int:
        states = cast("bytes | None", self.client.get(f"vector:index:states:{chunk}:{owner}"))
        places = [Place(chunk, at) for at, state in enumerate(states or b"") if state]
        index, corrected = OwnerIndex(self.client, owner), 0
        for start in range(0, len(places), 2 * self.BLOCK_SIZE):
            block = places[start : start + 2 * self.BLOCK_SIZE]
            corrected += index.check(dict.fromkeys(block, ""))
        if not is_newest:
            self._shrink(owner, chunk, len(places))
        return corrected

    def _shrink(self, owner: str, chunk: int, jobs: int) -> None:
        """Remove a chunk without jobs, and what deleted jobs left in one with few."""
        if not jobs:
            self._remove_chunk(owner, chunk)
            return
        meta = f"vector:index:owner:{owner}"
        before = int(cast("bytes | None", self.client.hget(meta, f"c{chunk}")) or CHUNK)
        if jobs > before * self.MAX_LEFT:
            return
        base, entries = f"{chunk}:{owner}", list[str]()
        for entry, _ in self.client.hscan_iter(f"vector:index:entries:{base}", count=500):
            if not entry.startswith(b"n"):
                entries.append(entry.decode(errors="replace"))
        for block in _blocks(entries, self.BLOCK_SIZE):
            run_script(self.client, "job_index/compact", (), (owner, chunk, *block))
        run_script(self.client, "job_index/compact", (), (owner, chunk))
        self.client.hset(meta, f"c{chunk}", jobs)

    def _remove_chunk(self, owner: str, chunk: int) -> None:
        base = f"{chunk}:{owner}"
        bitmaps = [
            f"vector:index:bits:{base}:{entry.decode()}"
            for entry, jobs in self.client.hscan_iter(f"vector:index:entries:{base}", count=500)
            if not jobs
        ]
        kinds = [f"vector:index:{kind}:{base}" for kind in ("entries", "words", "ids", "states")]
        for block in _blocks([*bitmaps, *kinds], self.BLOCK_SIZE):
            self.client.unlink(*block)
        self.client.hdel(f"vector:index:owner:{owner}", f"c{chunk}")

    # -- a lost index

    def rebuild(self, *, limit_s: float) -> bool:
        """Continue to rebuild the index from the records; return whether it is complete."""
        deadline = time.monotonic() + limit_s
        if not self.client.hexists(self.REBUILD_KEY, "first"):
            self._begin()
        phases = {b"collect": self._collect, b"enter": self._enter, b"clean": self._clean}
        while time.monotonic() < deadline:
            phase = cast("bytes | None", self.client.hget(self.REBUILD_KEY, "phase"))
            if phase is None:
                return True
            phases[phase]()
            self.client.expire(self.LOCK_KEY, self.LOCK_S)
        return False

    def _begin(self) -> None:
        first = CHUNK * (int(time.time() * 100) + self.MARGIN_CHUNKS)
        with self.client.pipeline() as pipeline:
            for key in self.client.scan_iter("vector:index:owner:*", count=500):
                pipeline.delete(key)
                pipeline.hset(key, "next", first)
            pipeline.delete(self.OWNERS_KEY, self.POSITION_KEY)
            pipeline.hset(
                self.REBUILD_KEY, mapping={"first": first, "phase": "collect", "cursor": 0}
            )
            pipeline.execute()
        log.warning("The index of jobs is missing or of another version; rebuilding it")

    def _collect(self) -> None:
        """Sort the next jobs of the broker: those with a number, and those of former lists."""
        at = int(cast("bytes", self.client.hget(self.REBUILD_KEY, "cursor")))
        first = int(cast("bytes", self.client.hget(self.REBUILD_KEY, "first")))
        at, found = cast(
            "tuple[int, list[bytes]]", self.client.scan(at, keys.job_key("*"), 5 * self.BLOCK_SIZE)
        )
        ids = [key.decode(errors="replace").removeprefix(keys.job_key("")) for key in found]
        with self.client.pipeline(transaction=False) as pipeline:
            for job_id in (ids := [one for one in ids if ":" not in one]):
                pipeline.hmget(keys.job_key(job_id), "owner", "number", "created_at", "status")
            records = pipeline.execute(raise_on_error=False)
            listed = [
                (job_id, record[0].decode(errors="replace"), record[1], record[2])
                for job_id, record in zip(ids, records, strict=True)
                if isinstance(record, list) and record[0] and record[3]
            ]
            for job_id, owner, _, _ in listed:
                pipeline.zscore(f"{self.FORMER}{owner}", job_id)
            former = pipeline.execute(raise_on_error=False)
            for (job_id, owner, number, created), score in zip(listed, former, strict=True):
                order = float(number) if number and number.isdigit() else _timestamp(created)
                if (number or isinstance(score, float)) and order < first:
                    pipeline.zadd(f"{self.UNSORTED}{owner}", {job_id: order})
            pipeline.hset(self.REBUILD_KEY, "cursor", at)
            if not at:
                pipeline.hset(self.REBUILD_KEY, "phase", "enter")
            pipeline.execute()

    def _enter(self) -> None:
        """Enter the newest jobs of an owner."""
        key = next(iter(self.client.scan_iter(f"{self.UNSORTED}*", count=1000)), None)
        if key is None:
            self.client.hset(self.REBUILD_KEY, "phase", "clean")
            return
        ids = [
            one.decode()
            for one in cast("list[bytes]", self.client.zrevrange(key, 0, self.BLOCK_SIZE - 1))
        ]
        described = self.describe(self.client, ids)
        arguments = [key.decode().removeprefix(self.UNSORTED)]
        for job_id, entries in zip(ids, described, strict=True):
            arguments += [job_id, *(entries or ("", ""))]
        entered = run_script(self.client, "job_index/adopt", (self.REBUILD_KEY, key), arguments)
        self.client.hincrby(self.REBUILD_KEY, "entered", entered)

    def _clean(self) -> None:
        """Remove the keys of the lost index and the former lists, and end."""
        live = {
            f"{chunk}:{owner}".encode()
            for owner in _members(self.client, self.OWNERS_KEY)
            for chunk in OwnerIndex.open(self.client, owner).chunks
        }
        for kind in ("entries", "words", "ids", "states", "bits"):
            prefix = f"vector:index:{kind}:".encode()
            for key in self.client.scan_iter(prefix + b"*", count=1000):
                base = key.removeprefix(prefix)
                if kind == "bits":
                    base = b":".join(base.split(b":", 2)[:2])
                if base not in live:
                    self.client.unlink(key)
        for key in self.client.scan_iter(f"{self.FORMER}*", count=1000):
            self.client.unlink(key)
        entered = int(cast("bytes | None", self.client.hget(self.REBUILD_KEY, "entered")) or 0)
        with self.client.pipeline() as pipeline:
            pipeline.set(self.VERSION_KEY, self.VERSION)
            pipeline.delete(self.REBUILD_KEY)
            pipeline.execute()
        log.warning("The index of jobs was rebuilt with %d jobs", entered)


def mark_unreadable(client: Redis, job_ids: Iterable[str]) -> None:
    """Note in the index that the records of jobs are damaged."""
    for job_id in job_ids:
        with suppress(exceptions.ResponseError):  # not a hash
            owner, number = cast(
                "list[bytes | None]", client.hmget(keys.job_key(job_id), "owner", "number")
            )
            if owner and number and number.isdigit():
                place = Place(*divmod(int(number), CHUNK))
                OwnerIndex(client, owner.decode(errors="replace")).check({place: "u"})


def compare_index(client: Redis, describe: Describe) -> list[tuple[str, str]]:
    """Return the differences of index and records, as pairs of a job and a text: for tests."""
    found = [key.decode() for key in client.scan_iter(keys.job_key("*"), count=1000)]
    ids = [key.removeprefix(keys.job_key("")) for key in found if key.count(":") == 2]  # noqa: PLR2004
    differences = compare_jobs(client, ids, exact=True)
    for owner in _members(client, Upkeep.OWNERS_KEY):
        index = OwnerIndex.open(client, owner)
        for chunk in index.chunks:
            places = [one for one, _ in index.find(Condition()) if one.chunk == chunk]
            differences += _compare_chunk(client, owner, places, describe)
    return differences


def _compare_chunk(
    client: Redis, owner: str, places: Sequence[Place], describe: Describe
) -> Iterator[tuple[str, str]]:
    ids = {place: _id_at(client, owner, place) for place in places}
    base = f"{places[0].chunk}:{owner}" if places else ""
    packed = cast("dict[bytes, bytes]", client.hgetall(f"vector:index:entries:{base}"))
    bits = {
        entry: cast("bytes", client.get(f"vector:index:bits:{base}:{entry.decode()}"))
        for entry, offsets in packed.items()
        if not offsets
    }
    for place, described in zip(places, describe(client, list(ids.values())), strict=True):
        number = client.hget(keys.job_key(ids[place]), "number")
        if described is None or number != str(place.number).encode():
            yield ids[place], f"left over at {place} of {owner}"
            continue
        own, (byte, bit) = place.offset.to_bytes(2, "big"), divmod(place.offset, 8)
        for entry in filter(None, "\n".join(described).encode().split(b"\n")):
            if entry in bits:
                is_in = byte < len(bits[entry]) and bits[entry][byte] >> (7 - bit) & 1
            else:
                is_in = own in _split(packed.get(entry, b""), 2)
            if not is_in:
                yield ids[place], f"without {entry.decode()}"


def compare_jobs(
    client: Redis, job_ids: Sequence[str], *, exact: bool = False
) -> list[tuple[str, str]]:
    """Return those of the jobs whose place in the index has another job, or `exact` another state."""
    differences = []
    for job_id in job_ids:
        try:
            record = client.hmget(keys.job_key(job_id), "owner", "number", "status")
        except exceptions.ResponseError:
            continue  # damaged
        owner, number, status = (
            one.decode(errors="replace") if one else ""
            for one in cast("list[bytes | None]", record)
        )
        if not number.isdigit() or not status:
            continue  # unlisted or deleted
        place = Place(*divmod(int(number), CHUNK))
        found = _id_at(client, owner, place)
        if found != job_id:
            is_taken = found and client.hget(keys.job_key(found), "number") == number.encode()
            differences.append((job_id, Upkeep.TAKEN if is_taken else f"not at {place} of {owner}"))
            continue
        start = f"vector:index:states:{place.chunk}:{owner}", place.offset, place.offset
        state = States.NAMES.get(cast("bytes", client.getrange(*start)))
        if exact and state != States.SAME.get(status, status):
            differences.append((job_id, f"is {status}, in the index {state}"))
    return differences


def _id_at(client: Redis, owner: str, place: Place) -> str:
    base, start = f"{place.chunk}:{owner}", 32 * place.offset
    found = cast("bytes", client.getrange(f"vector:index:ids:{base}", start, start + 31))
    if not found.strip(b"\0"):
        found = (
            cast("bytes | None", client.hget(f"vector:index:entries:{base}", f"n{place.offset}"))
            or b""
        )
    return found.decode(errors="replace")


def _members(client: Redis, key: str) -> list[str]:
    return sorted(one.decode(errors="replace") for one in cast("set[bytes]", client.smembers(key)))


def _split(packed: bytes, size: int) -> list[bytes]:
    return [packed[start : start + size] for start in range(0, len(packed), size)]


def _blocks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _timestamp(text: bytes | None) -> float:
    try:
        return datetime.fromisoformat((text or b"").decode()).timestamp()
    except ValueError:
        return 0.0
