"""Damaged append-only files: what is kept, what is set aside, and that the server starts again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from libraries.broker.append_only import FOLDER, MANIFEST, losses, whole_parts
from libraries.broker.embedded import EmbeddedBroker
from libraries.broker.paths import broker_folder, socket_path
from libraries.settings import Settings

SELECT = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
MULTI, EXEC = b"*1\r\n$5\r\nMULTI\r\n", b"*1\r\n$4\r\nEXEC\r\n"


def set_command(key: bytes) -> bytes:
    return b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$1\r\n1\r\n" % (len(key), key)


A, B, C, D = (set_command(letter) for letter in (b"a", b"b", b"c", b"d"))


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (SELECT + A + B, SELECT + A + B),
        (SELECT + A + b"\0" * 4096, SELECT + A),
        (SELECT + A + b"\xde\xad" * 200, SELECT + A),
        (SELECT + A + B[:-3], SELECT + A),
        (SELECT + A + b"\0" * 4096 + B + C, SELECT + A + B + C),
        (SELECT + A + MULTI + B, SELECT + A),
        (SELECT + MULTI + A + B + EXEC + C, SELECT + MULTI + A + B + EXEC + C),
        # The damage took the beginning of a transaction.
        (SELECT + A + b"\0" * 9 + B + EXEC + C + D, SELECT + A + C + D),
        (SELECT + MULTI + A + b"\0" * 9 + B + MULTI + C + EXEC, SELECT + B + MULTI + C + EXEC),
        (SELECT + b"#TS:1700000000\r\n" + A, SELECT + b"#TS:1700000000\r\n" + A),
        (SELECT + b"\0" + b"*1\r\n$8\r\nFLUSHALL\r\n" + A, SELECT + A),
        (b"\0" * 4096, b""),
    ],
)
def test_whole_commands_and_transactions_are_kept(data: bytes, kept: bytes) -> None:
    assert b"".join(data[begin:end] for begin, end in whole_parts(data)) == kept


@pytest.fixture
def running() -> Iterator[list[EmbeddedBroker]]:
    """The brokers that are stopped at the end of the test."""
    brokers: list[EmbeddedBroker] = []
    yield brokers
    for broker in brokers:
        broker.stop()


@pytest.fixture
def start(settings: Settings, running: list[EmbeddedBroker]) -> Callable[[], Redis]:
    """Return a function that starts a broker and returns a client; a broker that runs is stopped."""

    def start() -> Redis:
        while running:
            running.pop().stop()
        broker = EmbeddedBroker(settings)
        assert broker.keep()
        running.append(broker)
        broker.start()
        return Redis(unix_socket_path=str(socket_path(settings.broker.data_dir)))

    return start


@pytest.fixture
def written(start: Callable[[], Redis], running: list[EmbeddedBroker], settings: Settings) -> Path:
    """Return the folder of a broker with the keys 0 to 99, which has been stopped."""
    client = start()
    for number in range(100):
        client.set(str(number), "x" * 50)
    running.pop().stop()
    return broker_folder(settings.broker.data_dir)


def log_of(folder: Path) -> Path:
    return next((folder / FOLDER).glob("*.incr.aof"))


def zeros(data: bytes) -> bytes:
    return data + b"\0" * 4096


def junk(data: bytes) -> bytes:
    return data + b"\xde\xad\xbe\xef" * 100


def hole(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + b"\0" * 100 + data[middle + 100 :]


@pytest.mark.parametrize(("damage", "least"), [(zeros, 100), (junk, 100), (hole, 95)])
def test_a_damaged_file_is_set_aside_and_the_rest_is_served(
    written: Path, start: Callable[[], Redis], damage: Callable[[bytes], bytes], least: int
) -> None:
    path = log_of(written)
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    client = start()
    assert client.dbsize() >= least
    assert client.get("0") == client.get("99") == b"x" * 50
    (loss,) = losses(written)
    assert (Path(loss.copy) / path.name).read_bytes() == damaged
    assert loss.lost_bytes == len(damaged) - sum(end - begin for begin, end in whole_parts(damaged))
    client.set("later", "1")
    assert start().get("later") == b"1", "the repaired file is written to"
    assert losses(written) == [loss], "one repair is enough"


def test_a_cut_file_loses_its_last_command_alone(written: Path, start: Callable[[], Redis]) -> None:
    path = log_of(written)
    path.write_bytes(path.read_bytes()[:-37])
    assert start().dbsize() == 99
    assert losses(written)


@pytest.mark.parametrize("text", [None, "", "file x\n", "\0" * 80])
def test_a_lost_manifest_is_written_again(
    written: Path, start: Callable[[], Redis], text: str | None
) -> None:
    manifest = written / FOLDER / MANIFEST
    if text is None:
        manifest.unlink()
    else:
        manifest.write_text(text)
    assert start().dbsize() == 100
    assert losses(written)


def test_a_damaged_snapshot_is_set_aside_and_the_later_commands_are_served(
    written: Path, start: Callable[[], Redis]
) -> None:
    base = next((written / FOLDER).glob("*.base.rdb"))
    base.write_bytes(b"\0" * base.stat().st_size)
    assert start().dbsize() == 100
    assert losses(written)[0].file == base.name


def test_a_loss_is_reported_until_its_copy_is_deleted(
    written: Path, start: Callable[[], Redis]
) -> None:
    path = log_of(written)
    path.write_bytes(zeros(path.read_bytes()))
    start()
    (loss,) = losses(written)
    (Path(loss.copy) / path.name).unlink()
    Path(loss.copy).rmdir()
    assert losses(written) == []
    assert json.loads((written / "damage.json").read_text())
