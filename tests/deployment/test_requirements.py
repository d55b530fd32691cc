"""The locked requirements, which `make run`, `make test` and the image install."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from libraries.extras import Extra
from tests.conftest import REPOSITORY

LOCKS = {
    "requirements.lock": "requirements.txt",
    "requirements-parquet.lock": "requirements-parquet.txt",
    "requirements-s3.lock": "requirements-s3.txt",
    "requirements-vectors.lock": "requirements-vectors.txt",
    "requirements-dev.lock": "requirements-dev.txt",
}


def pinned(name: str) -> dict[str, str]:
    """Return the packages that a readable file pins, with those of the files it includes."""
    found: dict[str, str] = {}
    for line in (REPOSITORY / name).read_text().splitlines():
        if line.startswith("-r "):
            found |= pinned(line.removeprefix("-r "))
        elif line and not line.startswith(("#", "-c ")):
            package, version = line.split("==")
            found[str(canonicalize_name(package))] = version
    return found


def locked(name: str) -> Iterator[tuple[Requirement, list[str]]]:
    """Yield each requirement of a lock and its hashes."""
    text = re.sub(r"^#.*\n", "", (REPOSITORY / name).read_text(), flags=re.MULTILINE)
    for entry in text.replace("\\\n", " ").splitlines():
        requirement, *hashes = entry.split(" --hash=")
        yield Requirement(requirement.strip()), [one.strip() for one in hashes]


def used(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_exact_versions_and_hashes_and_names_no_package_index(lock: str) -> None:
    entries = list(locked(lock))
    assert len(entries) >= len(pinned(LOCKS[lock])) > 0
    for requirement, hashes in entries:
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), requirement
    assert "://" not in (REPOSITORY / lock).read_text()
    assert not re.search(r"^ *-(?!-hash=)", (REPOSITORY / lock).read_text(), re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_the_versions_of_the_readable_file(lock: str) -> None:
    versions = {
        str(canonicalize_name(one.name)): str(one.specifier).removeprefix("==")
        for one, _ in locked(lock)
        if used(one)
    }
    wanted = pinned(LOCKS[lock])
    assert {name: versions.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_everything_that_its_packages_need(lock: str) -> None:
    present = {canonicalize_name(one.name): one for one, _ in locked(lock) if used(one)}
    for name, one in present.items():
        assert metadata.version(name) in one.specifier, f"{name}: run make test"
        for text in metadata.requires(name) or []:
            needed = Requirement(text)
            if used(needed):
                assert canonicalize_name(needed.name) in present, f"{name} needs {needed}"


def test_all_locks_have_the_same_packages_for_the_service() -> None:
    *parts, dev = ({str(one): hashes for one, hashes in locked(lock)} for lock in LOCKS)
    run = {name: hashes for part in parts for name, hashes in part.items()}
    assert {name: dev.get(name) for name in run} == run
    for part in parts:
        assert {name: run[name] for name in part} == part


def test_the_packages_of_extras_are_not_installed_by_make_run() -> None:
    run = {one.name for one, _ in locked("requirements.lock")}
    assert run.isdisjoint(one.value for one in Extra)
    for one in Extra:
        assert one.value in pinned(one.file)


def test_the_locks_are_for_all_supported_versions_of_python() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    versions = [
        text.rpartition(" ")[2] for text in project["classifiers"] if " :: Python :: 3." in text
    ]
    for version in versions:
        environment = {**default_environment(), "python_version": version}
        environment |= {"python_full_version": f"{version}.9"}
        names = [
            canonicalize_name(one.name)
            for one, _ in locked("requirements-dev.lock")
            if one.marker is None or Marker(str(one.marker)).evaluate(environment)
        ]
        assert len(names) == len(set(names)), version
        assert set(pinned("requirements-dev.txt")) <= set(names)


def test_all_installations_use_the_locks() -> None:
    makefile, image, guide = (
        (REPOSITORY / name).read_text()
        for name in ("Makefile", "Dockerfile", "docs/how-to/deploy.md")
    )
    commands = re.findall(r"pip install .*", makefile + image + guide)
    assert len(commands) >= 4
    # The tool that writes the locks is not part of them.
    assert [one for one in commands if "--require-hashes" not in one and " uv==" not in one] == []


def test_a_file_with_another_hash_is_not_installed(tmp_path: Path) -> None:
    requirement, hashes = next(iter(locked("requirements.lock")))
    wheel = tmp_path / f"{requirement.name}-{str(requirement.specifier)[2:]}-py3-none-any.whl"
    shutil.make_archive(str(tmp_path / "empty"), "zip", tmp_path)
    (tmp_path / "empty.zip").rename(wheel)
    lock = tmp_path / "one.lock"
    lock.write_text(f"{requirement} " + " ".join(f"--hash={one}" for one in hashes))
    options = ["--no-index", "--find-links", str(tmp_path), "-d", str(tmp_path / "got")]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, "--require-hashes", "-r", str(lock)],
        env={"PATH": "", "PIP_CONFIG_FILE": "/dev/null"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "DO NOT MATCH" in done.stdout + done.stderr
