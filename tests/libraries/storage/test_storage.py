"""Storage in a folder: atomic writes, never outside the folder."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from libraries.errors import InvalidInput
from libraries.storage import ArtifactFolder, check_name, filename_part
from tests.errors import raises_code

HOSTILE = [
    "../../etc/passwd", "/etc/passwd", "a\0.svg", "..\\..\\w", ".", "..", "", "x/../../y",
    "%2e%2e%2f", "‥/", "a" * 300,
    "a\n.svg", "-rf", ".htaccess", "CON", "con.svg", "lpt1.txt", "a/nul", "a\u202egvs.exe", "é.svg", "e\u0301.svg",
    "a//b", "/a", "a/", "a.", "a ", "a/b/c/d/e/f/g/h/i", "C:x", "~root", "$HOME", "a;b", "a|b", "a\tb", "\ud800",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> ArtifactFolder:
    return ArtifactFolder(tmp_path / "output")


def everything_below(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if not path.is_dir())


def test_a_published_file_is_complete_and_described(folder: ArtifactFolder) -> None:
    artifact = folder.publish("postcards/postcard_John Doe_birthday.svg", "<svg/>")
    assert Path(artifact.path) == folder.root / "postcards/postcard_John Doe_birthday.svg"
    assert Path(artifact.path).read_text() == "<svg/>"
    assert (artifact.size, artifact.media_type) == (6, "image/svg+xml")
    assert artifact.sha256 == hashlib.sha256(b"<svg/>").hexdigest()
    assert "path" not in artifact.as_record()


@pytest.mark.parametrize("name", HOSTILE)
def test_an_unsafe_name_is_rejected_and_nothing_is_written(
    folder: ArtifactFolder, tmp_path: Path, name: str
) -> None:
    with raises_code("bad-file-name"):
        folder.publish(name, b"x")
    with raises_code("bad-file-name"):
        folder.open_checked(name)
    assert everything_below(tmp_path) == []


@given(st.text(max_size=40))
@hypothesis_settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_name_leads_out_of_the_folder(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    outside = tmp_path_factory.mktemp("any")
    folder = ArtifactFolder(outside / "output")
    try:
        artifact = folder.publish(name, b"x")
    except InvalidInput as error:
        refused = error.code
        assert everything_below(outside) == []
    else:
        refused = "bad-file-name"
        assert everything_below(outside) == [Path(artifact.path)]
        assert folder.root.resolve() in Path(artifact.path).resolve().parents
    assert refused == "bad-file-name"


@given(st.text(max_size=60))
def test_any_text_becomes_a_safe_file_name(text: str) -> None:
    part = filename_part(text)
    assert check_name(f"postcard_{part}_plain.svg")
    assert "/" not in part


def test_safe_text_is_unchanged_and_unsafe_text_stays_distinct() -> None:
    assert filename_part("John Doe") == "John Doe"
    assert filename_part("Zoë").startswith("Zoe-")
    assert filename_part("../x") != filename_part("/x")


def test_links_are_not_followed(folder: ArtifactFolder, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    folder.publish("a.txt", b"inside")
    (folder.root / "out").symlink_to(outside)
    (folder.root / "link.txt").symlink_to(folder.root / "a.txt")
    (folder.root / "folder").mkdir()
    for name in ("out/x.txt", "link.txt", "folder"):
        with raises_code("bad-file-name", "bad-file"):
            folder.publish(name, b"x")
        with raises_code("bad-file-name", "bad-file"):
            folder.open_checked(name)
    assert everything_below(outside) == []
    assert (folder.root / "a.txt").read_bytes() == b"inside"


def test_a_pipe_or_a_device_is_not_opened(folder: ArtifactFolder) -> None:
    folder.publish("a.txt", b"")
    os.mkfifo(folder.root / "pipe.txt")
    with raises_code("bad-file"):
        folder.open_checked("pipe.txt")


def test_a_failed_write_keeps_the_old_file_and_leaves_no_other(
    folder: ArtifactFolder,
) -> None:
    folder.publish("a.txt", b"old")

    def blocks() -> Iterator[bytes]:
        yield b"new"
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        folder.publish("a.txt", blocks())
    assert [path.name for path in everything_below(folder.root)] == ["a.txt"]
    assert (folder.root / "a.txt").read_bytes() == b"old"


def test_a_full_disk_is_reported_and_leaves_nothing(folder: ArtifactFolder) -> None:
    def blocks() -> Iterator[bytes]:
        yield b"x" * 10
        raise OSError(errno.ENOSPC, "No space left on device")

    with raises_code("storage-full") as caught:
        folder.publish("a.txt", blocks())
    assert str(folder.root) not in str(caught.value)
    assert everything_below(folder.root) == []


def test_readers_never_see_a_mixture_of_two_writers(
    folder: ArtifactFolder,
) -> None:
    texts = [letter * 200_000 for letter in "ab"]
    folder.publish("a.txt", texts[0])
    stop = threading.Event()

    def write(text: str) -> None:
        while not stop.is_set():
            folder.publish("a.txt", text)

    writers = [threading.Thread(target=write, args=(text,)) for text in texts]
    for writer in writers:
        writer.start()
    seen = set()
    for _ in range(300):
        with folder.open_checked("a.txt") as file:
            seen.add(file.read().decode())
    stop.set()
    for writer in writers:
        writer.join()
    assert seen <= set(texts)


def test_a_writer_survives_the_removal_of_its_empty_folder(
    folder: ArtifactFolder,
) -> None:
    stop = threading.Event()

    def come_and_go() -> None:
        while not stop.is_set():
            folder.publish("deep/er/b.txt", b"x")
            folder.remove("deep/er/b.txt")

    others = [threading.Thread(target=come_and_go) for _ in range(2)]
    for other in others:
        other.start()
    try:
        for _ in range(150):
            folder.publish("deep/er/a.txt", b"x")
            folder.remove("deep/er/a.txt")
    finally:
        stop.set()
        for other in others:
            other.join()
    assert everything_below(folder.root) == []
