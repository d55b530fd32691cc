"""Behaviour of every store, in a folder and in a bucket."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from libraries.errors import InvalidInput, NotFound
from libraries.settings import Settings
from libraries.storage import (
    ArtifactFolder,
    Store,
    clean_stores,
    commit_if,
    open_input,
    output_folder,
    owner_folder,
    upload_folder,
)
from libraries.storage.bucket import PART_BYTES, BucketStore
from libraries.storage.reading import FIRST_BLOCK_BYTES
from tests.errors import raises_code
from tests.libraries.storage.test_storage import HOSTILE

LARGE = bytes(range(256)) * (PART_BYTES // 256 + 5_000)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def content(store: Store, name: str) -> bytes:
    with store.open_checked(name) as file:
        return file.read()


def test_a_published_file_is_complete_and_described(store: Store) -> None:
    artifact = store.publish("postcards/postcard_John Doe_birthday.svg", "<svg/>")
    assert content(store, artifact.name) == b"<svg/>"
    assert (artifact.size, artifact.media_type, artifact.sha256) == (
        6,
        "image/svg+xml",
        sha256(b"<svg/>"),
    )
    assert artifact.path.endswith("/output/postcards/postcard_John Doe_birthday.svg")
    assert store.display_path(artifact.path) == "output/postcards/postcard_John Doe_birthday.svg"
    assert "path" not in artifact.as_record()
    found = store.stat(artifact.name)
    assert (found.name, found.size) == (artifact.name, 6)
    assert abs(found.modified - time.time()) < 60
    assert found.sha256 in {None, artifact.sha256}


@pytest.mark.parametrize("size", [0, 1, FIRST_BLOCK_BYTES, FIRST_BLOCK_BYTES + 1, len(LARGE)])
def test_files_of_every_size_can_be_read_from_any_position(store: Store, size: int) -> None:
    data = LARGE[:size]
    artifact = store.publish("a.bin", iter([data[: size // 2], data[size // 2 :]]))
    assert (artifact.size, artifact.sha256) == (size, sha256(data))
    with store.open_checked("a.bin", sha256=artifact.sha256) as file:
        assert file.seekable()
        assert file.seek(0, io.SEEK_END) == size
        assert file.read() == b""
        for position in (size // 2, size - 1, 0, size // 3):
            file.seek(max(position, 0))
            assert file.read(100) == data[max(position, 0) :][:100]
        file.seek(0)
        assert b"".join(iter(lambda: file.read(100_000), b"")) == data


def test_an_unsafe_name_is_rejected_by_every_method(store: Store) -> None:
    store.publish("a.txt", b"x")
    calls: list[Callable[[str], object]] = [
        lambda name: store.publish(name, b"x"), store.open_checked, store.remove, store.stat,
        lambda name: store.copy(name, "b.txt"), lambda name: store.copy("a.txt", name),
        lambda name: list(store.names(name or "..")),
    ]  # fmt: skip
    for name in HOSTILE:
        for call in calls:
            with raises_code("bad-file-name"):
                call(name)
    assert list(store.names()) == ["a.txt"]


@given(st.text(max_size=40))
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_name_leads_out_of_a_store(store: Store, name: str) -> None:
    refused = ""
    try:
        store.publish(name, b"x")
    except InvalidInput as error:
        refused = error.code
    assert refused in {"", "bad-file-name"}
    assert list(store.names()) == ([] if refused else [name])
    assert store.remove(name) if not refused else True


def test_names_are_listed_in_order_and_below_a_folder(store: Store) -> None:
    assert list(store.names()) == []
    for name in ("b.txt", "a/2.txt", "a/1.txt", "ab/1.txt"):
        store.publish(name, b"x")
    assert sorted(store.names()) == ["a/1.txt", "a/2.txt", "ab/1.txt", "b.txt"]
    assert list(store.names("a")) == ["a/1.txt", "a/2.txt"]
    assert list(store.names("none")) == []


def test_a_missing_file_is_not_found_by_any_method(store: Store) -> None:
    for _ in ("before anything is there", "after"):
        for name in ("none.txt", "none/none.txt"):
            for call in (store.open_checked, store.stat, lambda name: store.copy(name, "b.txt")):
                with raises_code("file-missing"):
                    call(name)
            assert not store.remove(name)
        store.publish("a.txt", b"")
    assert store.stat("a.txt").size == 0


def test_a_removed_file_is_not_found(store: Store) -> None:
    store.publish("a/b.txt", b"x")
    assert store.remove("a/b.txt")
    assert not store.remove("a/b.txt")
    assert list(store.names()) == []


def test_only_a_file_with_the_given_checksum_is_opened_copied_or_removed(store: Store) -> None:
    old = store.publish("a.txt", b"old")
    new = store.publish("a.txt", b"new")
    with raises_code("file-replaced"):
        store.open_checked("a.txt", sha256=old.sha256)
    with raises_code("file-replaced"):
        store.copy("a.txt", "b.txt", sha256=old.sha256)
    assert not store.remove("a.txt", sha256=old.sha256)
    with store.open_checked("a.txt", sha256=new.sha256) as file:
        assert file.read() == b"new"
    assert store.copy("a.txt", "b.txt", sha256=new.sha256).sha256 == new.sha256
    assert store.remove("a.txt", sha256=new.sha256)
    assert list(store.names()) == ["b.txt"]


def test_a_copy_has_the_same_bytes_and_the_media_type_of_its_name(store: Store) -> None:
    made = store.publish("a.bin", b"<svg/>")
    copy = store.copy("a.bin", "deep/b.svg")
    assert (copy.name, copy.sha256, copy.size, copy.media_type) == (
        "deep/b.svg",
        made.sha256,
        6,
        "image/svg+xml",
    )
    assert store.copy("deep/b.svg", "deep/b.svg") == copy
    assert content(store, "deep/b.svg") == content(store, "a.bin") == b"<svg/>"


@pytest.mark.parametrize("size", [3, len(LARGE)])
def test_a_failed_write_keeps_the_old_file_and_leaves_no_other(store: Store, size: int) -> None:
    store.publish("a.txt", b"old")

    def blocks() -> Iterator[bytes]:
        yield LARGE[:size]
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        store.publish("a.txt", blocks())
    assert list(store.names()) == ["a.txt"]
    assert content(store, "a.txt") == b"old"
    assert store.remove_temporary(time.time() + 60) == 0


@pytest.mark.parametrize("size", [3, len(LARGE)])
def test_a_failed_check_prevents_the_commit(store: Store, size: int) -> None:
    store.publish("a.txt", b"old")
    all_read: list[bool] = []

    def blocks() -> Iterator[bytes]:
        yield LARGE[:size]
        all_read.append(True)

    def refuse() -> None:
        assert all_read
        raise RuntimeError("not any more")

    with commit_if(refuse):
        with pytest.raises(RuntimeError):
            store.publish("a.txt", blocks())
        with pytest.raises(RuntimeError):
            store.copy("a.txt", "b.txt")
    assert list(store.names()) == ["a.txt"]
    assert content(store, "a.txt") == b"old"
    assert store.remove_temporary(time.time() + 60) == 0


def test_a_reader_never_sees_a_mixture_of_two_files(store: Store) -> None:
    store.publish("a.txt", LARGE)
    with store.open_checked("a.txt") as file:
        begun = file.read(1000)
        store.publish("a.txt", b"b" * len(LARGE))
        try:
            begun += file.read()
        except NotFound as error:
            refused = error.code
        else:
            refused = ""
            assert begun == LARGE
    assert refused == "" or (refused == "file-replaced" and isinstance(store, BucketStore))


def test_only_old_files_are_removed(store: Store) -> None:
    for name in ("a.txt", "deep/b.txt"):
        store.publish(name, b"x")
    assert store.remove_older(time.time() - 60) == 0
    assert store.remove_older(time.time() + 60) == 2
    assert list(store.names()) == []
    store.publish("deep/b.txt", b"x")


def test_files_of_two_owners_are_separate(served: Settings) -> None:
    for store in (output_folder, upload_folder):
        for owner in ("", "ann", "bob"):
            with owner_folder(owner):
                store().publish("a.txt", owner)
        with owner_folder("ann"):
            hers = store().path_of("a.txt")
            assert list(store().names()) == ["a.txt"]
            assert content(store(), "a.txt") == b"ann"
            assert store().display_path(hers) == f"{store().shown_as}/a.txt"
            with open_input(hers) as file:
                assert file.read() == b"ann"
        assert list(store().names()) == ["a.txt"]
        for owner in ("", "bob"):
            with owner_folder(owner), raises_code("bad-file-name"):
                open_input(hers)


def test_input_is_searched_in_own_uploads_then_shared_ones_then_results(
    served: Settings,
) -> None:
    everyones = ArtifactFolder(served.storage.upload_dir)
    with owner_folder("ann"):
        for store, text in ((upload_folder(), "up"), (everyones, "all"), (output_folder(), "out")):
            for name in {
                "up": ("a", "only_up"),
                "all": ("a", "b", "only_all"),
                "out": ("a", "b", "c"),
            }[text]:
                store.publish(f"{name}.csv", text)
        found = {
            "uploads/a.csv": b"up", "/uploads/a.csv": b"up", "output/a.csv": b"out", "a.csv": b"up", "b.csv": b"all",
            "uploads/b.csv": b"all", "c.csv": b"out", "only_up.csv": b"up", upload_folder().path_of("a.csv"): b"up",
            str(served.storage.upload_dir / "a.csv"): b"all", output_folder().path_of("a.csv"): b"out",
        }  # fmt: skip
        for path, expected in found.items():
            with open_input(path) as file:
                assert file.read() == expected
    assert list(upload_folder().names()) == []
    with raises_code("file-missing"):
        open_input("uploads/only_up.csv")
    with open_input("uploads/only_all.csv") as file:
        assert file.read() == b"all"


def test_input_from_anywhere_else_is_rejected(served: Settings, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("secret")
    root = output_folder().path_of("")
    for path in (
        str(tmp_path / "secret.csv"), "/etc/passwd", "uploads/../secret.csv", f"{root}../secret.csv", "", root,
        f"{root}.owners/ann/a.txt", "uploads/.received/a.txt", "uploads/.owners/ann/a.txt",
        f"{served.storage.upload_dir}/.received/.owners/a/b",
        "s3://other-bucket/site/output/a.txt", "file:///etc/passwd",
    ):  # fmt: skip
        with raises_code("bad-file-name"):
            open_input(path)


def test_uploads_expire_and_files_of_the_operator_stay(
    served: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean_stores()
    ArtifactFolder(served.storage.upload_dir).publish("operators.csv", b"x")
    for owner in ("", "ann"):
        with owner_folder(owner):
            upload_folder().publish("sent.csv", b"x")
            output_folder().publish("made.svg", b"x")
    clean_stores()
    assert list(upload_folder().names()) == ["sent.csv"]
    later = time.time() + served.uploads.upload_ttl + 60
    monkeypatch.setattr("libraries.storage.locations.time.time", lambda: later)
    clean_stores()
    for owner in ("", "ann"):
        with owner_folder(owner):
            assert list(upload_folder().names()) == []
            assert list(output_folder().names()) == ["made.svg"]
    assert (served.storage.upload_dir / "operators.csv").exists()
