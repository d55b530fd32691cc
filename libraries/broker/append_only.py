"""Repair of the embedded broker's append-only files after a power failure or a disk error.

A damaged file is kept in a separate folder. The file itself is reduced to its whole commands,
before and after the damage; a transaction is kept whole or left out.
"""

from __future__ import annotations

import contextlib
import json
import logging
import mmap
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from libraries.broker.paths import server_program

FOLDER = "appendonlydir"
MANIFEST = "appendonly.aof.manifest"
REPORT = "damage.json"
FILE_NAME = re.compile(r"appendonly\.aof\.(\d+)\.(base\.rdb|base\.aof|incr\.aof)")
MANIFEST_LINE = re.compile(r"file (\S+) seq (\d+) type ([bih])(?: .*)?")
COUNT, LENGTH = re.compile(rb"\*(\d{1,7})\r\n"), re.compile(rb"\$(\d{1,10})\r\n")
NOTE = re.compile(rb"#[^\r\n]{0,64}\r\n")
COMMAND = re.compile(rb"[A-Za-z]{2,24}")
# After a damage, text of a client may look like a command. None of these belongs into the file.
NEVER_WRITTEN = frozenset(
    b"ACL CONFIG DEBUG EVAL EVALSHA FCALL FLUSHALL FLUSHDB FUNCTION MODULE REPLICAOF SCRIPT "
    b"SHUTDOWN SLAVEOF SWAPDB".split()
)
DAMAGED = b"?"
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Bytes that a repair took out of a file; `copy` is the folder with the damaged file."""

    at: str
    file: str
    lost_bytes: int
    copy: str

    @property
    def text(self) -> str:
        what = f"{self.lost_bytes} bytes of {self.file}" if self.lost_bytes else self.file
        return f"{what} could not be read on {self.at[:16].replace('T', ' ')} UTC"


def losses(broker_folder: Path) -> list[Loss]:
    """Return the earlier losses whose damaged files still exist."""
    try:
        found = [Loss(**one) for one in json.loads((broker_folder / REPORT).read_text())]
    except (OSError, ValueError, TypeError):
        return []
    return [loss for loss in found if Path(loss.copy).is_dir()]


def restore_manifest(broker_folder: Path) -> None:
    """Write the manifest again if it is missing or damaged, because the server would start empty."""
    folder = broker_folder / FOLDER
    files = sorted(_files(folder), key=lambda one: (one[1] == "i", one[0]))
    if not files or _read_manifest(folder):
        return
    # An interrupted rewrite leaves two bases; the older one with all later files is complete.
    bases = [one for one in files if one[1] == "b"][:1]
    chosen = [*bases, *(one for one in files if one[1] == "i")]
    _set_aside(broker_folder, folder / MANIFEST, lost_bytes=0)
    _write_manifest(folder, [(name, number, kind) for number, kind, name in chosen])


def repair(broker_folder: Path) -> bool:
    """Reduce all damaged files to what can be read; return whether any was damaged."""
    folder, changed, kept = broker_folder / FOLDER, False, []
    for name, number, kind in _read_manifest(folder):
        path = folder / name
        if not path.is_file() or (name.endswith(".rdb") and not _is_snapshot(path)):
            if path.is_file():
                _set_aside(broker_folder, path, lost_bytes=path.stat().st_size)
            changed = True
            continue
        kept.append((name, number, kind))
        if not name.endswith(".rdb"):
            changed |= _reduce(broker_folder, path)
    if changed:
        _write_manifest(folder, kept)
    return changed


def _reduce(broker_folder: Path, path: Path) -> bool:
    """Reduce a file to its whole commands; return whether it had anything else."""
    if not (size := path.stat().st_size):
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        parts = list(whole_parts(data))
        kept = sum(end - begin for begin, end in parts)
        if kept == size:
            return False
        reduced = path.with_name(f"temp-{path.name}")
        with reduced.open("wb") as out:
            os.fchmod(out.fileno(), 0o600)
            for begin, end in parts:
                _copy(data, begin, end, out.write)
            out.flush()
            os.fsync(out.fileno())
    _set_aside(broker_folder, path, lost_bytes=size - kept)
    reduced.replace(path)
    _sync(path.parent)
    return True


def _copy(data: mmap.mmap, begin: int, end: int, write: object) -> None:
    for at in range(begin, end, 1 << 20):
        write(data[at : min(at + (1 << 20), end)])  # type: ignore[operator]


def whole_parts(data: mmap.mmap | bytes) -> Iterator[tuple[int, int]]:
    """Yield the parts that consist of whole commands and transactions, as begin and end."""
    begin, in_transaction = 0, False
    for at, end, name in _commands(data):
        if name == b"EXEC":
            # Without a beginning, the damage took it.
            if in_transaction:
                yield begin, end
            begin, in_transaction = end, False
        elif name in (b"MULTI", DAMAGED):
            if begin < at and not in_transaction:
                yield begin, at
            in_transaction = name == b"MULTI"
            begin = at if in_transaction else end
    if begin < len(data) and not in_transaction:
        yield begin, len(data)


def _commands(data: mmap.mmap | bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield begin, end and name of each command, or DAMAGED as the name of what is between them."""
    at, is_damaged = 0, False
    while at < len(data):
        found = _command(data, at)
        if found is None or (is_damaged and found[1] in NEVER_WRITTEN):
            found, is_damaged = (_next_command(data, at + 1), DAMAGED), True
        yield at, *found
        at = found[0]


def _command(data: mmap.mmap | bytes, at: int) -> tuple[int, bytes] | None:
    """Return the end and the name of the whole command at `at`, None if there is none."""
    if note := NOTE.match(data, at):
        return note.end(), b""
    head = COUNT.match(data, at)
    if head is None or not int(head[1]):
        return None
    end, name = head.end(), b""
    for index in range(int(head[1])):
        length = LENGTH.match(data, end)
        if length is None:
            return None
        begin, end = length.end(), length.end() + int(length[1]) + 2
        if data[end - 2 : end] != b"\r\n":
            return None
        if not index:
            name = bytes(data[begin : end - 2]).upper()
            if not COMMAND.fullmatch(name):
                return None
    return end, name


def _next_command(data: mmap.mmap | bytes, at: int) -> int:
    """Return the position of the next whole command, the end of the data if there is none."""
    while (at := data.find(b"*", at)) >= 0:
        found = _command(data, at)
        if found is not None and found[1] not in NEVER_WRITTEN:
            return at
        at += 1
    return len(data)


def _is_snapshot(path: Path) -> bool:
    """Return whether the server can read a snapshot; its program is also the checker."""
    checker = subprocess.run(  # noqa: S603 - our own binary
        ["valkey-check-rdb", str(path)],  # noqa: S607 - its name selects the checker
        executable=str(server_program()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return checker.returncode == 0


def _files(folder: Path) -> Iterator[tuple[int, str, str]]:
    with contextlib.suppress(FileNotFoundError):
        for path in folder.iterdir():
            if found := FILE_NAME.fullmatch(path.name):
                yield int(found[1]), found[2][0], path.name


def _read_manifest(folder: Path) -> list[tuple[str, int, str]]:
    """Return names, numbers and kinds; [] if the manifest is missing or a line is damaged."""
    try:
        lines = (folder / MANIFEST).read_text("ascii").splitlines()
    except (OSError, ValueError):
        return []
    found = [MANIFEST_LINE.fullmatch(line) for line in lines]
    if not all(found):
        return []
    return [(one[1], int(one[2]), one[3]) for one in found if one and one[3] != "h"]


def _write_manifest(folder: Path, files: list[tuple[str, int, str]]) -> None:
    text = "".join(f"file {name} seq {number} type {kind}\n" for name, number, kind in files)
    if text:
        _write(folder / MANIFEST, text)
    else:
        (folder / MANIFEST).unlink(missing_ok=True)


def _set_aside(broker_folder: Path, path: Path, *, lost_bytes: int) -> None:
    """Keep a damaged file in a separate folder, and report the loss."""
    now = datetime.now(UTC)
    folder = broker_folder / f"damaged-{now:%Y%m%dT%H%M%S%f}"
    folder.mkdir(mode=0o700)
    if path.is_file():
        try:
            os.link(path, folder / path.name)
        except OSError:  # a file system without links
            shutil.copy2(path, folder / path.name)
    loss = Loss(
        at=now.isoformat(timespec="seconds"),
        file=path.name,
        lost_bytes=lost_bytes,
        copy=str(folder.absolute()),
    )
    known = [asdict(one) for one in (*losses(broker_folder), loss)]
    _write(broker_folder / REPORT, json.dumps(known, indent=2))
    log.warning("Broker data damaged: %s; the damaged file is kept in %s", loss.text, folder)


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f"temp-{path.name}")
    with temporary.open("w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
