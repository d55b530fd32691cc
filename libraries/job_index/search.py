"""Search of the index: which jobs of an owner meet conditions, in their order, and how many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, TypeVar, cast

from libraries.broker import Redis, exceptions, keys
from libraries.broker.retry import retry
from libraries.broker.scripts import run_script
from libraries.errors import Unavailable

Read = TypeVar("Read")


CHUNK = 8192  # as in `lua/parts/entries.lua`


class Place(NamedTuple):
    """The place of a job in the index; `number` increases with each job of an owner."""

    chunk: int
    offset: int

    @property
    def number(self) -> int:
        return self.chunk * CHUNK + self.offset


class States:
    """Bytes of the states of jobs in the index, as in `job_manager/lua/parts/journal.lua`."""

    NAMES = {  # noqa: RUF012 - never changed
        b"q": "queued", b"s": "started", b"f": "finished", b"x": "failed", b"p": "stopped",
        b"c": "canceled", b"d": "deferred", b"w": "scheduled", b"u": "unreadable",
    }  # fmt: skip

    # States of RQ that are shown as others.
    SAME = {  # noqa: RUF012 - never changed
        "created": "queued", "rate_limited": "queued", "ready_to_enqueue": "deferred",
    }  # fmt: skip

    @classmethod
    @cache
    def table(cls, states: frozenset[str] | None) -> bytes:
        """Return a table for `bytes.translate` that makes `1` of states, or of all, and `0` of others."""
        wanted = {byte[0] for byte, name in cls.NAMES.items() if states is None or name in states}
        return bytes(0x31 if byte in wanted else 0x30 for byte in range(256))


@dataclass(frozen=True)
class Condition:
    """A condition on jobs: one of `states`, all `entries`, and words with the beginnings `terms`."""

    states: frozenset[str] | None = None
    entries: Sequence[str] = ()
    terms: Sequence[str] = ()

    # More words with the same beginning are not read; any job may have one of them then.
    MAX_WORDS = 1000


@dataclass(frozen=True)
class Found:
    """The jobs of a chunk that meet conditions, as `0` and `1` for each; not `exact` if some do not."""

    chunk: int
    marks: bytes
    exact: bool = True

    def places(self, *, after: int | None, newest_first: bool) -> Iterator[Place]:
        """Yield the places in order, beyond the offset `after`."""
        if newest_first:
            at = self.marks.rfind(b"1", 0, len(self.marks) if after is None else max(after, 0))
            while at >= 0:
                yield Place(self.chunk, at)
                at = self.marks.rfind(b"1", 0, at)
        else:
            at = self.marks.find(b"1", 0 if after is None else after + 1)
            while at >= 0:
                yield Place(self.chunk, at)
                at = self.marks.find(b"1", at + 1)


@dataclass
class OwnerIndex:
    """The index of an owner. `complete` is False while it is rebuilt: older jobs are missing then."""

    client: Redis
    owner: str
    complete: bool = True
    chunks: list[int] = field(default_factory=list)

    # The first reads are small, because most pages need the newest jobs only.
    BLOCKS = (2, 8, 32)

    @classmethod
    def open(cls, client: Redis, owner: str) -> OwnerIndex:
        def read() -> tuple[list[bytes], int, int]:
            with client.pipeline(transaction=False) as pipeline:
                pipeline.hkeys(f"vector:index:owner:{owner}")
                pipeline.exists("vector:index:version")
                pipeline.exists(keys.QUEUES_KEY)
                return tuple(pipeline.execute())

        names, is_complete, has_jobs = undamaged(client, read)
        chunks = sorted(int(name[1:]) for name in names if name.startswith(b"c"))
        return cls(client, owner, bool(is_complete or not has_jobs), chunks)

    def find(
        self, condition: Condition, *, after: Place | None = None, newest_first: bool = True
    ) -> Iterator[tuple[Place, bool]]:
        """Yield the places of the jobs that meet a condition, beyond `after`, in order.

        The flag is False if the words of the job must be checked.
        """
        chunks = self.chunks[::-1] if newest_first else self.chunks
        if after is not None:
            chunks = [
                one
                for one in chunks
                if (one <= after.chunk if newest_first else one >= after.chunk)
            ]
        for found in self._read(chunks, condition):
            offset = after.offset if after is not None and found.chunk == after.chunk else None
            for place in found.places(after=offset, newest_first=newest_first):
                yield place, found.exact

    def count(self, condition: Condition) -> tuple[int, bool]:
        """Return how many jobs meet a condition, and whether the number is exact."""
        found = list(self._read(self.chunks, condition))
        number = sum(one.marks.count(b"1") for one in found)
        return number, self.complete and all(one.exact for one in found)

    def count_states(self, condition: Condition) -> tuple[dict[str, int], bool]:
        """Return how many jobs that meet a condition are in each state, and whether this is exact."""
        counts, exact = dict.fromkeys(States.NAMES.values(), 0), self.complete
        for states, found in self._read_states(self.chunks, condition):
            exact = exact and found.exact
            is_narrow = condition.entries or condition.terms
            if is_narrow and b"1" not in found.marks:
                continue
            marked = int(found.marks, 2) if is_narrow else 0
            for byte, name in States.NAMES.items():
                if (condition.states is None or name in condition.states) and byte in states:
                    counts[name] += (
                        (
                            int(states.translate(States.table(frozenset((name,)))), 2) & marked
                        ).bit_count()
                        if is_narrow
                        else states.count(byte)
                    )
        return {name: number for name, number in counts.items() if number}, exact

    def _read(self, chunks: Sequence[int], condition: Condition) -> Iterator[Found]:
        return (found for _, found in self._read_states(chunks, condition))

    def _read_states(
        self, chunks: Sequence[int], condition: Condition
    ) -> Iterator[tuple[bytes, Found]]:
        start, sizes = 0, list(self.BLOCKS)
        while start < len(chunks):
            block = chunks[start : start + sizes[0]]
            for chunk, reply in zip(block, self._read_block(block, condition), strict=True):
                yield reply[0], _evaluated(chunk, reply, condition)
            start += len(block)
            sizes = sizes[1:] or sizes

    def _read_block(self, chunks: Sequence[int], condition: Condition) -> list[Any]:
        arguments = (
            self.owner,
            ",".join(map(str, chunks)),
            "\n".join(condition.entries),
            "\n".join(condition.terms),
            condition.MAX_WORDS,
        )
        return undamaged(
            self.client,
            lambda: cast("list[Any]", run_script(self.client, "job_index/read", (), arguments)),
        )

    def check(self, places: dict[Place, str]) -> int:
        """Correct the states of jobs by their records; `lua/check.lua` describes the marks."""
        corrected = 0
        for chunk in {place.chunk for place in places}:
            offsets = [f"{one.offset}{mark}" for one, mark in places.items() if one.chunk == chunk]
            arguments = (self.owner, chunk, *offsets)
            corrected += int(run_script(self.client, "job_index/check", (), arguments))
        return corrected


def undamaged(client: Redis, read: Callable[[], Read]) -> Read:
    """Call `read`; if keys of the index have another type, let a worker rebuild it.

    Raises Unavailable then.
    """
    try:
        return retry(read)
    except exceptions.ResponseError as error:
        if "WRONGTYPE" not in str(error):
            raise
        client.delete("vector:index:version")
        raise Unavailable(
            "the index of jobs is damaged; a worker rebuilds it within minutes",
            retry_after=10,
            code="index-damaged",
        ) from error


def _evaluated(chunk: int, reply: list[Any], condition: Condition) -> Found:
    states, entries, terms = reply
    marks = states.translate(States.table(condition.states))
    if (not entries and not terms) or b"1" not in marks:
        return Found(chunk, marks)
    bits = int(marks, 2)
    for job_set in [*entries, *(one for one in terms if one is not None)]:
        bits &= _bits(job_set, len(marks))
    return Found(chunk, format(bits, f"0{len(marks)}b").encode(), exact=None not in terms)


def _bits(job_set: Sequence[bytes], width: int) -> int:
    """Return a job set as an integer, whose highest of `width` bits is the offset 0."""
    packed, *bitmaps = job_set
    bits = 0
    if packed:
        marks = bytearray(b"0" * CHUNK)
        for high, low in zip(packed[::2], packed[1::2], strict=True):
            marks[high * 256 + low] = 0x31
        bits = int(marks[:width], 2)
    for bitmap in bitmaps:
        whole = int.from_bytes(bitmap.ljust(CHUNK // 8, b"\0"), "big")
        bits |= whole >> (CHUNK - width)
    return bits


def owners_with_jobs(client: Redis) -> list[str]:
    """Return the owners that have or had jobs, sorted."""
    found = cast("set[bytes]", client.smembers("vector:index:owners"))
    return sorted(one.decode(errors="replace") for one in found)


def indexed_owner(client: Redis, job_id: str) -> str | None:
    """Return the owner in whose index a job with a damaged record has its number."""
    number = client.hget(keys.job_key(job_id), "number")
    if not isinstance(number, bytes) or not number.isdigit():
        return None
    chunk, offset = divmod(int(number), CHUNK)
    for owner in owners_with_jobs(client):
        found = client.getrange(
            f"vector:index:ids:{chunk}:{owner}", 32 * offset, 32 * offset + len(job_id) - 1
        )
        if found == job_id.encode():
            return owner
    return None
